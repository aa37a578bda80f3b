//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore
import Testing

@testable import BrokerNetwork

/// The PROXY protocol's headers, as bytes.
@Suite struct ProxyHeaderTests {
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

    static func block(_ command: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
        self.signature + [command, family, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
    }

    static let version4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0xC8, 0x22, 0x07, 0x5B]
    static let version6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [1] + [0x20, 0x01, 0x0D, 0xB8]
        + Array(repeating: 0, count: 11) + [2, 0xC8, 0x22, 0x07, 0x5B]

    static let good: [(bytes: [UInt8], source: PeerAddress?)] = [
        (Array("PROXY TCP4 192.0.2.1 198.51.100.7 51234 1883\r\n".utf8), PeerAddress(host: "192.0.2.1", port: 51234)),
        (Array("PROXY TCP6 2001:db8::1 2001:DB8::2 1 65535\r\n".utf8), PeerAddress(host: "2001:db8::1", port: 1)),
        (Array("PROXY UNKNOWN\r\n".utf8), nil),
        (Array("PROXY UNKNOWN ffff::1 whatever 1 2\r\n".utf8), nil),
        (block(0x21, 0x11, version4), PeerAddress(host: "192.0.2.1", port: 51234)),
        (block(0x21, 0x21, version6), PeerAddress(host: "2001:db8::1", port: 51234)),
        (block(0x21, 0x11, version4 + [0x01, 0, 2, 9, 9, 0x20, 0, 0]), PeerAddress(host: "192.0.2.1", port: 51234)),
        (block(0x20, 0x00, []), nil),
        (block(0x20, 0x11, [1, 2, 3]), nil),
        (block(0x21, 0x00, [1, 2, 3]), nil),
        (block(0x21, 0x31, Array(repeating: 7, count: 216)), nil),
        (
            block(0x21, 0x11, version4 + [4, 0x0F, 0xE1] + Array(repeating: 0, count: 0xFE1)),
            PeerAddress(host: "192.0.2.1", port: 51234)
        ),
    ]

    @Test(arguments: good) func isReadWholeAndByteByByte(bytes: [UInt8], source: PeerAddress?) {
        let rest: [UInt8] = [0x10, 0x00]
        var buffer = ByteBuffer(bytes: bytes + rest)
        #expect(ProxyHeader.read(&buffer) == .header(ProxyHeader(source: source)))
        #expect(Array(buffer.readableBytesView) == rest)

        for length in 0..<bytes.count {
            var part = ByteBuffer(bytes: bytes.prefix(length))
            #expect(ProxyHeader.read(&part) == .incomplete)
            #expect(part.readableBytes == length)
        }
    }

    static let bad: [[UInt8]] = [
        Array("GET / HTTP/1.1\r\n".utf8),
        [0x10, 0x0C, 0x00, 0x04],
        Array("PROXX".utf8),
        Array("proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n".utf8),
        Array("PROXY TCP4 192.0.2.1 198.51.100.7 51234 1883\n".utf8),
        Array("PROXY TCP4 192.0.2.1 198.51.100.7 51234\r\n".utf8),
        Array("PROXY TCP4 192.0.2.1 198.51.100.7 51234 1883 9\r\n".utf8),
        Array("PROXY  TCP4 192.0.2.1 198.51.100.7 51234 1883\r\n".utf8),
        Array("PROXY TCP4 192.0.2.1 198.51.100.7 51234 65536\r\n".utf8),
        Array("PROXY TCP4 192.0.2.1 198.51.100.7 +1 1883\r\n".utf8),
        Array("PROXY TCP4 192.0.2.1 198.51.100.7 01 1883\r\n".utf8),
        Array("PROXY TCP4 192.0.2.256 198.51.100.7 1 1883\r\n".utf8),
        Array("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n".utf8),
        Array("PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n".utf8),
        Array("PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n".utf8),
        Array("PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n".utf8),
        Array("PROXY TCP4 192.0.2.1\u{0} 198.51.100.7 1 2\r\n".utf8),
        Array("PROXY \r\n".utf8),
        Array("PROXY \u{FF}\r\n".utf8),
        Array(("PROXY UNKNOWN" + String(repeating: " ", count: 93)).utf8) + [13, 10],
        Array("PROXY ".utf8) + Array(repeating: 0x41, count: 101),
        block(0x11, 0x11, version4),
        block(0x22, 0x11, version4),
        block(0x21, 0x12, version4),
        block(0x21, 0x41, version4),
        block(0x21, 0x11, Array(version4.dropLast())),
        block(0x21, 0x21, version4),
        block(0x21, 0x11, version4 + [1]),
        block(0x21, 0x11, version4 + [1, 0, 2, 9]),
        signature + [0x21, 0x11, 0x0F, 0xF1],
    ]

    @Test(arguments: bad) func whatIsNoHeaderIsSeenAsSuch(bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        guard case .malformed = ProxyHeader.read(&buffer) else {
            Issue.record("accepted: \(bytes)")
            return
        }
    }

    /// Whatever comes, it is never asked for more than a header may be long.
    @Test func garbageEndsSoon() {
        var generator = SystemRandomNumberGenerator()
        for round in 0..<20_000 {
            let start: [UInt8] = [Self.signature, Array("PROXY ".utf8), Array("PROXY TCP4 ".utf8), []][round % 4]
            let noise = (0..<Int.random(in: 0...48, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? UInt8.random(in: .min ... .max) : [13, 10, 0x21, 0x11, 32][Int.random(in: 0..<5)]
            }
            var buffer = ByteBuffer(bytes: start + noise)
            guard ProxyHeader.read(&buffer) == .incomplete else { continue }
            buffer.writeRepeatingByte(0x41, count: ProxyHeader.maximumLength)
            #expect(ProxyHeader.read(&buffer) != .incomplete)
        }
    }
}

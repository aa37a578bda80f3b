//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@Suite("Fixed header")
struct FixedHeaderTests {
    @Test("accepts exactly the first bytes of the standard")
    func firstBytes() throws {
        for first in UInt8.min...UInt8.max {
            let buffer = ByteBuffer(bytes: [first, 0])
            let flags = first & 0x0F
            let isRight: Bool =
                switch first >> 4 {
                case 0: false
                case 3: true
                case 6, 8, 10: flags == 2
                default: flags == 0
                }
            if isRight {
                let header = try #require(try FixedHeader.decode(buffer.readableBytesSpan, at: 0))
                #expect(header.type.rawValue == first >> 4)
                #expect(header.flags == flags)
                #expect(header.headerLength == 2)
                #expect(header.totalLength == 2)
            } else {
                #expect(throws: MQTTError.self, "\(first)") { try FixedHeader.decode(buffer.readableBytesSpan, at: 0) }
                // One byte is enough to know.
                #expect(throws: MQTTError.self) {
                    try FixedHeader.decode(ByteBuffer(bytes: [first]).readableBytesSpan, at: 0)
                }
            }
        }
    }

    @Test("needs more bytes", arguments: ["", "30", "30 80", "30 FF FF", "30 FF FF FF"])
    func incomplete(_ hex: String) throws {
        #expect(try FixedHeader.decode(bytes(hex).readableBytesSpan, at: 0) == nil)
    }

    @Test("an offset outside the bytes is no header")
    func offsets() throws {
        let buffer = bytes("C0 00")
        #expect(try FixedHeader.decode(buffer.readableBytesSpan, at: 2) == nil)
        #expect(try FixedHeader.decode(buffer.readableBytesSpan, at: .max) == nil)
        #expect(try FixedHeader.decode(buffer.readableBytesSpan, at: -1) == nil)
        #expect(try FixedHeader.decode(bytes("C0 00 D0 00").readableBytesSpan, at: 2)?.type == .pingResponse)
    }

    @Test("errors say what is wrong in words")
    func descriptions() {
        let error = #expect(throws: MQTTError.self) {
            try FixedHeader.decode(bytes("30 80 80 80 80").readableBytesSpan, at: 0)
        }
        #expect(error?.description == "0x81 malformed packet: remaining length has more than four bytes")
        #expect(ReasonCode(rawValue: 0x04).description == "0x04 disconnect with will message")
        #expect(ReasonCode(rawValue: 0xFF).description == "0xFF unknown reason")
        #expect(ReasonCode.unspecifiedError.isError)
        #expect(!ReasonCode.reauthenticate.isError)
    }

    @Test("subscription options survive the byte in 5.0")
    func subscriptionOptions() throws {
        var accepted = 0
        for byte in UInt8.min...UInt8.max {
            guard let options = try? SubscriptionOptions.decode(byte, version: .v5) else { continue }
            accepted += 1
            #expect(options.byte == byte)
        }
        // Three QoS, no local, retain as published, three retain handlings.
        #expect(accepted == 3 * 2 * 2 * 3)
        #expect(
            (UInt8.min...UInt8.max).filter { (try? SubscriptionOptions.decode($0, version: .v3_1_1)) != nil } == [
                0, 1, 2,
            ]
        )
    }
}

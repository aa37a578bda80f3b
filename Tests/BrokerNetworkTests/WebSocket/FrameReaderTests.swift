//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import Testing

@testable import BrokerNetwork

@Suite struct FrameReaderTests {
    struct Good: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var payload: [UInt8] = []
        var signals: [WebSocketFrameReader.Signal] = []
        var testDescription: String { self.name }

        init(
            _ name: String,
            _ frames: [ClientFrame],
            _ payload: [UInt8] = [],
            _ signals: [WebSocketFrameReader.Signal] = []
        ) {
            self.name = name
            self.bytes = frames.bytes
            self.payload = payload
            self.signals = signals
        }
    }

    static func counting(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) } }

    static let good: [Good] = [
        Good("empty", [.binary([])]),
        Good("PINGREQ", [.binary([0xC0, 0])], [0xC0, 0]),
        Good("a packet in frames of one byte", [.binary([0xC0]), .binary([0])], [0xC0, 0]),
        Good("two packets in a frame", [.binary([0xC0, 0, 0xC0, 0])], [0xC0, 0, 0xC0, 0]),
        Good(
            "a message in parts",
            [.binary([1], final: false), .continuation([2], final: false), .continuation([3])],
            [1, 2, 3]
        ),
        Good("empty parts", [.binary([], final: false), .continuation([], final: false), .continuation([])]),
        Good(
            "a ping between parts",
            [.binary([1], final: false), .ping([9, 8]), .continuation([2])],
            [1, 2],
            [.ping([9, 8])]
        ),
        Good("a pong between parts", [.binary([1], final: false), .pong([9, 8]), .continuation([2])], [1, 2]),
        Good(
            "a message after a message in parts",
            [.binary([1], final: false), .continuation([2]), .binary([3])],
            [1, 2, 3]
        ),
        Good("pings", [.ping(), .ping([1]), .ping(counting(125))], [], [.ping([]), .ping([1]), .ping(counting(125))]),
        Good("close", [.binary([1]), .close()], [1], [.close(nil)]),
        Good("close with code", [.close(code: 1000)], [], [.close(1000)]),
        Good("close with reason", [.close(code: 4999, reason: "grüezi")], [], [.close(4999)]),
        Good("what follows a close", [.close(code: 3000), .binary([1])], [], [.close(3000)]),
    ]

    /// Whole, byte by byte, and cut in two at every place.
    static func cuts(_ bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
        [[bytes[...]], bytes.indices.map { bytes[$0...$0] }]
            + bytes.indices.dropFirst().map { [bytes[..<$0], bytes[$0...]] }
    }

    @Test(arguments: good) func takesApart(_ good: Good) {
        for pieces in Self.cuts(good.bytes) {
            #expect(ReaderRun(pieces) == ReaderRun(payload: good.payload, signals: good.signals))
        }
    }

    /// The specimen of RFC 6455, section 5.7, but for its opcode.
    @Test func readsTheStandardsOwnFrame() {
        let bytes: [UInt8] = [0x82, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(ReaderRun([bytes]) == ReaderRun(payload: Array("Hello".utf8)))
    }

    @Test(arguments: [0, 1, 7, 8, 9, 15, 16, 17, 125, 126, 127, 65_535, 65_536, 70_001])
    func everyLength(_ count: Int) {
        let payload = Self.counting(count)
        let bytes = [ClientFrame.binary(payload), .binary([0xFF])].bytes
        #expect(ReaderRun([bytes]) == ReaderRun(payload: payload + [0xFF]))
        for size in [1, 3, 5, 1000] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            #expect(ReaderRun(pieces) == ReaderRun(payload: payload + [0xFF]))
        }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var violation: WebSocketViolation
        var maximumLength = Int.max
        var testDescription: String { self.name }

        init(_ name: String, _ bytes: [UInt8], _ violation: WebSocketViolation, maximumLength: Int = .max) {
            self.name = name
            self.bytes = bytes
            self.violation = violation
            self.maximumLength = maximumLength
        }
    }

    static let bad: [Bad] = [
        Bad("text", ClientFrame(opcode: 1, payload: [0x61]).bytes, .text),
        Bad("text in parts", ClientFrame(opcode: 1, isFinal: false).bytes, .text),
        Bad("not masked", ClientFrame(opcode: 2, payload: [1], mask: nil).bytes, .unmasked),
        Bad("ping not masked", ClientFrame(opcode: 9, mask: nil).bytes, .unmasked),
        Bad("compressed", ClientFrame(opcode: 2, reserved: 4).bytes, .reservedBits),
        Bad("second reserved bit", ClientFrame(opcode: 2, reserved: 2).bytes, .reservedBits),
        Bad("third reserved bit", ClientFrame(opcode: 8, reserved: 1).bytes, .reservedBits),
        Bad("2^63", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], .malformedLength),
        Bad("2^64 - 1", [0x82, 0xFF] + Array(repeating: 0xFF, count: 8), .malformedLength),
        Bad("2^62 beyond the limit", [0x82, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0], .tooLarge, maximumLength: 1 << 40),
        Bad(
            "126 in eight bytes",
            ClientFrame(opcode: 2, payload: counting(126), lengthBytes: 9).bytes,
            .malformedLength
        ),
        Bad("65535 in eight bytes", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .malformedLength),
        Bad("125 in two bytes", ClientFrame(opcode: 2, payload: counting(125), lengthBytes: 3).bytes, .malformedLength),
        Bad("0 in two bytes", ClientFrame(opcode: 2, lengthBytes: 3).bytes, .malformedLength),
        Bad("one byte beyond the limit", ClientFrame.binary(counting(11)).bytes, .tooLarge, maximumLength: 10),
        Bad("ping in parts", ClientFrame(opcode: 9, isFinal: false).bytes, .fragmentedControl),
        Bad("pong in parts", ClientFrame(opcode: 10, isFinal: false).bytes, .fragmentedControl),
        Bad("close in parts", ClientFrame(opcode: 8, isFinal: false).bytes, .fragmentedControl),
        Bad("large ping", ClientFrame.ping(counting(126)).bytes, .oversizedControl),
        Bad("large close", ClientFrame(opcode: 8, payload: [], lengthBytes: 9).bytes, .oversizedControl),
        Bad("continuation of nothing", ClientFrame.continuation([1]).bytes, .unexpectedContinuation),
        Bad(
            "continuation of a whole message",
            [ClientFrame.binary([]), .continuation([])].bytes,
            .unexpectedContinuation
        ),
        Bad("interleaved", [ClientFrame.binary([], final: false), .binary([])].bytes, .interleavedMessage),
        Bad("half a close code", ClientFrame.close([3]).bytes, .malformedClose),
        Bad("a reason that is not UTF-8", ClientFrame.close([0x03, 0xE8, 0xC3]).bytes, .malformedCloseReason),
    ]

    @Test(arguments: bad) func refuses(_ bad: Bad) {
        let before = ClientFrame.binary([0xC0, 0]).bytes
        for pieces in Self.cuts(before + bad.bytes) {
            let run = ReaderRun(pieces, maximumLength: bad.maximumLength)
            #expect(run == ReaderRun(payload: [0xC0, 0], violation: bad.violation))
        }
    }

    @Test(arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8]) func opcodesWithoutMeaning(_ opcode: UInt8) {
        #expect(ReaderRun([ClientFrame(opcode: opcode).bytes]).violation == .reservedOpcode)
    }

    @Test func closeCodes() {
        let valid = Set([1000...1003, 1007...1014, 3000...4999].flatMap { $0.map(UInt16.init) })
        for code in UInt16.min...UInt16.max {
            let run = ReaderRun([ClientFrame.close(code: code).bytes])
            #expect(run.violation == (valid.contains(code) ? nil : .malformedClose))
            #expect(run.signals == (valid.contains(code) ? [.close(code)] : []))
        }
    }

    /// What is announced costs nothing, and what has come is handed on at once.
    @Test func aHugeFrameIsNotWaitedFor() throws {
        var reader = WebSocketFrameReader(maximumLength: .max)
        let bytes = ByteBuffer(bytes: [0x82, 0xFF, 0x7F] + Array(repeating: 0xFF, count: 7) + [0, 0, 0, 0, 0xC0, 0])
        var payload = ByteBuffer()
        var position = 0
        #expect(try reader.read(bytes.readableBytesSpan, at: &position, into: &payload) == nil)
        #expect(Array(payload.readableBytesView) == [0xC0, 0])
        #expect(payload.capacity <= 64)
    }
}

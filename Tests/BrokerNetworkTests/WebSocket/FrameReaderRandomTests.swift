//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Testing

@testable import BrokerNetwork

@Suite struct FrameReaderRandomTests {
    /// Random frames, most of them right, in random pieces: the reader and the plain reading agree.
    @Test func agreesWithThePlainReading() {
        var violations: [WebSocketViolation: Int] = [:]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &generator) { bytes += Self.frame(&generator).bytes }
            if Self.once(in: 4, &generator) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
            if Self.once(in: 4, &generator), let index = bytes.indices.randomElement(using: &generator) {
                bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
            let expected = NaiveFrames.read(bytes, maximumLength: 300)
            let run = ReaderRun(Self.pieces(bytes, &generator), maximumLength: 300)
            #expect(run == expected, "\(bytes)")
            if let violation = run.violation { violations[violation, default: 0] += 1 }
        }
        // The generator gets everywhere.
        #expect(violations.count == 12)
    }

    private static func once(in count: Int, _ generator: inout some RandomNumberGenerator) -> Bool {
        Int.random(in: 0..<count, using: &generator) == 0
    }

    private static func frame(_ generator: inout some RandomNumberGenerator) -> ClientFrame {
        let sizes = [0...3, 0...3, 0...3, 120...130, 290...310]
        let range = sizes.randomElement(using: &generator) ?? 0...0
        var frame = ClientFrame(opcode: [2, 2, 2, 0, 9, 10, 8].randomElement(using: &generator) ?? 2)
        var count = Int.random(in: range, using: &generator)
        if frame.opcode >= 8 { count = min(count, 126) }
        frame.payload = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        frame.mask = (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) }
        frame.isFinal = frame.opcode >= 8 || !Self.once(in: 3, &generator)
        if frame.opcode == 8, count >= 2, !Self.once(in: 3, &generator) {
            frame.payload.replaceSubrange(0..<2, with: [3, 0xE8])
        }
        if Self.once(in: 30, &generator) { frame.mask = nil }
        if Self.once(in: 30, &generator) { frame.reserved = UInt8.random(in: 0...7, using: &generator) }
        if Self.once(in: 30, &generator) { frame.lengthBytes = Bool.random(using: &generator) ? 3 : 9 }
        if Self.once(in: 30, &generator) { frame.isFinal.toggle() }
        if Self.once(in: 30, &generator) { frame.opcode = UInt8.random(in: 0...15, using: &generator) }
        return frame
    }

    private static func pieces(_ bytes: [UInt8], _ generator: inout some RandomNumberGenerator) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = Int.random(in: 1...max(1, Bool.random(using: &generator) ? 8 : rest.count), using: &generator)
            pieces.append(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        return pieces
    }
}

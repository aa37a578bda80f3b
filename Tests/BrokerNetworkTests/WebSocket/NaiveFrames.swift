//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

@testable import BrokerNetwork

/// A plain reading of RFC 6455 for bytes that are all there: what the reader is compared with.
enum NaiveFrames {
    static func read(_ bytes: [UInt8], maximumLength: Int) -> ReaderRun {
        var run = ReaderRun()
        var rest = bytes[...]
        var isOpen = false
        while !rest.isEmpty {
            let frame = self.frame(rest, isOpen, maximumLength)
            if let violation = frame.violation {
                run.violation = violation
                return run
            }
            if frame.opcode < 8 { run.payload += frame.payload }
            guard frame.isWhole else { return run }
            rest = rest.dropFirst(frame.size)
            switch frame.opcode {
            case 8:
                if let violation = Self.closeViolation(frame.payload) {
                    run.violation = violation
                } else {
                    run.signals.append(.close(frame.payload.isEmpty ? nil : Self.number(frame.payload.prefix(2))))
                }
                return run
            case 9: run.signals.append(.ping(frame.payload))
            case 10: break
            default: isOpen = !frame.isFinal
            }
        }
        return run
    }

    private struct Frame {
        var opcode: UInt8 = 0
        var isFinal = false
        var payload: [UInt8] = []
        var size = 0
        var isWhole = false
        var violation: WebSocketViolation?
    }

    private static func frame(_ bytes: ArraySlice<UInt8>, _ isOpen: Bool, _ maximumLength: Int) -> Frame {
        let bytes = Array(bytes)
        var frame = Frame(opcode: bytes[0] % 16, isFinal: bytes[0] >= 128)
        func violated(_ violation: WebSocketViolation) -> Frame { Frame(violation: violation) }
        if bytes[0] / 16 % 8 != 0 { return violated(.reservedBits) }
        if ![0, 1, 2, 8, 9, 10].contains(frame.opcode) { return violated(.reservedOpcode) }
        if frame.opcode == 1 { return violated(.text) }
        if frame.opcode == 2, isOpen { return violated(.interleavedMessage) }
        if frame.opcode == 0, !isOpen { return violated(.unexpectedContinuation) }
        if frame.opcode >= 8, !frame.isFinal { return violated(.fragmentedControl) }
        guard bytes.count >= 2 else { return frame }
        if bytes[1] < 128 { return violated(.unmasked) }
        let short = Int(bytes[1] - 128)
        if frame.opcode >= 8, short > 125 { return violated(.oversizedControl) }
        let width = short < 126 ? 0 : short == 126 ? 2 : 8
        guard bytes.count >= 2 + width else { return frame }
        let length = width == 0 ? UInt64(short) : bytes[2..<(2 + width)].reduce(0) { $0 * 256 + UInt64($1) }
        if width == 2, length < 126 { return violated(.malformedLength) }
        if width == 8, length < 65_536 || length > UInt64(Int.max) { return violated(.malformedLength) }
        if frame.opcode < 8, length > UInt64(maximumLength) { return violated(.tooLarge) }
        let header = 2 + width + 4
        guard bytes.count >= header else { return frame }
        let mask = Array(bytes[(2 + width)..<header])
        frame.payload = bytes.dropFirst(header).prefix(Int(length)).enumerated().map {
            $0.element ^ mask[$0.offset % 4]
        }
        frame.isWhole = frame.payload.count == Int(length)
        frame.size = header + frame.payload.count
        return frame
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt16 { bytes.reduce(0) { $0 * 256 + UInt16($1) } }

    private static func closeViolation(_ payload: [UInt8]) -> WebSocketViolation? {
        if payload.isEmpty { return nil }
        if payload.count == 1 { return .malformedClose }
        let code = Self.number(payload.prefix(2))
        if code < 1000 || code >= 5000 || [1004, 1005, 1006].contains(code) || (1015..<3000).contains(code) {
            return .malformedClose
        }
        let reason = Array(payload.dropFirst(2))
        return Array(String(decoding: reason, as: UTF8.self).utf8) == reason ? nil : .malformedCloseReason
    }
}

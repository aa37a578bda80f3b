//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

/// Takes the frames of a client apart, however the socket has cut them (RFC 6455, section 5.2).
///
/// The bytes within binary frames are one stream: where a frame or a message ends says nothing about MQTT packets
/// [MQTT-6.0.0-2]. So they are handed on as they come, and the reader keeps nothing of them: neither a length that is
/// announced nor a frame that never ends costs memory.
struct WebSocketFrameReader {
    /// What a client says beside its data.
    enum Signal: Equatable {
        /// To be answered with the same bytes, at most 125.
        case ping([UInt8])
        /// The last frame. nil: no code.
        case close(UInt16?)
    }

    private enum Stage: UInt8 {
        case start, length, extendedLength, mask, payload
    }

    /// The largest frame that is taken, in bytes without its header.
    private let maximumLength: UInt64
    /// What is left of the frame, or the part of its length that is known.
    private var remaining: UInt64 = 0
    /// The masking key: its lowest byte is for the next byte.
    private var mask: UInt32 = 0
    private var stage = Stage.start
    private var opcode = Opcode.continuation
    private var isFinal = false
    /// A message has begun and more parts of it are to come.
    private var isInMessage = false
    /// Bytes that are still to come of a length or a masking key.
    private var missing: UInt8 = 0
    private var isLongLength = false
    /// What has come of a control frame.
    private var control: [UInt8] = []

    private enum Opcode: UInt8 {
        case continuation = 0x0
        case text = 0x1
        case binary = 0x2
        case close = 0x8
        case ping = 0x9
        case pong = 0xA

        var isControl: Bool { self.rawValue & 0x8 != 0 }
    }

    init(maximumLength: Int) {
        self.maximumLength = UInt64(max(0, maximumLength))
    }

    /// Reads on from `position` until the bytes end or a signal is complete.
    ///
    /// - Parameter payload: where data is appended, unmasked; also what came before a violation.
    /// - Returns: nil: all bytes are read.
    mutating func read(
        _ bytes: RawSpan,
        at position: inout Int,
        into payload: inout ByteBuffer
    ) throws(WebSocketViolation) -> Signal? {
        while position < bytes.byteCount {
            if self.stage == .payload {
                self.readPayload(bytes, at: &position, into: &payload)
            } else {
                let byte = bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
                position += 1
                try self.readHeader(byte)
            }
            if self.stage == .payload, self.remaining == 0, let signal = try self.endFrame() { return signal }
        }
        return nil
    }

    // MARK: Header

    private mutating func readHeader(_ byte: UInt8) throws(WebSocketViolation) {
        switch self.stage {
        case .start:
            try self.readFirst(byte)
            self.stage = .length
        case .length:
            try self.readLength(byte)
        case .extendedLength:
            self.remaining = self.remaining << 8 | UInt64(byte)
            self.missing -= 1
            if self.missing == 0 { try self.endLength() }
        case .mask:
            self.mask = self.mask >> 8 | UInt32(byte) << 24
            self.missing -= 1
            if self.missing == 0 { self.stage = .payload }
        case .payload:
            break
        }
    }

    private mutating func readFirst(_ byte: UInt8) throws(WebSocketViolation) {
        guard byte & 0x70 == 0 else { throw .reservedBits }
        guard let opcode = Opcode(rawValue: byte & 0x0F) else { throw .reservedOpcode }
        self.opcode = opcode
        self.isFinal = byte & 0x80 != 0
        switch opcode {
        case .text: throw .text
        case .binary where self.isInMessage: throw .interleavedMessage
        case .continuation where !self.isInMessage: throw .unexpectedContinuation
        case .close, .ping, .pong:
            guard self.isFinal else { throw .fragmentedControl }
        default: break
        }
    }

    private mutating func readLength(_ byte: UInt8) throws(WebSocketViolation) {
        guard byte & 0x80 != 0 else { throw .unmasked }
        let length = byte & 0x7F
        guard !self.opcode.isControl || length <= 125 else { throw .oversizedControl }
        if length < 126 {
            self.remaining = UInt64(length)
            try self.checkLength()
        } else {
            self.remaining = 0
            self.isLongLength = length == 127
            self.missing = self.isLongLength ? 8 : 2
            self.stage = .extendedLength
        }
    }

    private mutating func endLength() throws(WebSocketViolation) {
        let shortest: UInt64 = self.isLongLength ? 0x1_0000 : 126
        guard self.remaining >= shortest, self.remaining >> 63 == 0 else { throw .malformedLength }
        try self.checkLength()
    }

    private mutating func checkLength() throws(WebSocketViolation) {
        guard self.opcode.isControl || self.remaining <= self.maximumLength else { throw .tooLarge }
        self.missing = 4
        self.stage = .mask
    }

    // MARK: Payload

    private mutating func readPayload(_ bytes: RawSpan, at position: inout Int, into payload: inout ByteBuffer) {
        let available = bytes.byteCount - position
        let count = Int(min(self.remaining, UInt64(available)))
        if self.opcode.isControl {
            for offset in 0..<count {
                let byte = bytes.unsafeLoad(fromByteOffset: position + offset, as: UInt8.self)
                self.control.append(byte ^ UInt8(truncatingIfNeeded: self.mask >> (8 * UInt32(offset & 3))))
            }
        } else {
            // Room for all that this read can bring: it is asked for once.
            if payload.capacity == 0 { payload = ByteBufferAllocator().buffer(capacity: available) }
            payload.writeUnmasked(bytes, at: position, count: count, mask: self.mask)
        }
        position += count
        self.remaining -= UInt64(count)
        let turn = 8 * UInt32(count & 3)
        self.mask = turn == 0 ? self.mask : self.mask >> turn | self.mask << (32 - turn)
    }

    private mutating func endFrame() throws(WebSocketViolation) -> Signal? {
        self.stage = .start
        guard self.opcode.isControl else {
            self.isInMessage = !self.isFinal
            return nil
        }
        let control = self.control
        self.control = []
        switch self.opcode {
        case .ping: return .ping(control)
        case .close: return .close(try Self.closeCode(control))
        default: return nil
        }
    }

    private static func closeCode(_ payload: [UInt8]) throws(WebSocketViolation) -> UInt16? {
        guard let high = payload.first else { return nil }
        guard payload.count >= 2 else { throw .malformedClose }
        let code = UInt16(high) << 8 | UInt16(payload[1])
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: throw .malformedClose
        }
        guard String(validating: payload.dropFirst(2), as: UTF8.self) != nil else { throw .malformedCloseReason }
        return code
    }
}

extension ByteBuffer {
    /// Appends `count` bytes from `position` on, each combined with its byte of the masking key, whose lowest byte is
    /// for the first (RFC 6455, section 5.3). The caller has checked that so many are there.
    fileprivate mutating func writeUnmasked(_ bytes: RawSpan, at position: Int, count: Int, mask: UInt32) {
        let wide = UInt64(mask) << 32 | UInt64(mask)
        self.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            // Sound: `position + count` is within the source, `count` within the target, and no offset passes `count`.
            bytes.withUnsafeBytes { source in
                var offset = 0
                while count - offset >= 8 {
                    let word = source.loadUnaligned(fromByteOffset: position + offset, as: UInt64.self)
                    target.storeBytes(of: word ^ wide.littleEndian, toByteOffset: offset, as: UInt64.self)
                    offset += 8
                }
                while offset < count {
                    let key = UInt8(truncatingIfNeeded: mask >> (8 * UInt32(offset & 3)))
                    target[offset] = source[position + offset] ^ key
                    offset += 1
                }
            }
            return count
        }
    }
}

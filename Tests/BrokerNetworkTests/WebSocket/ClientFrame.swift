//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A frame as a client sends it, right or wrong, byte by byte.
struct ClientFrame {
    var opcode: UInt8
    var payload: [UInt8] = []
    var isFinal = true
    /// The three bits that are for extensions.
    var reserved: UInt8 = 0
    /// nil: not masked.
    var mask: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D]
    /// How many bytes say the length, 1, 3 or 9; nil: as few as possible.
    var lengthBytes: Int?

    static func binary(_ payload: [UInt8], final: Bool = true) -> Self {
        Self(opcode: 2, payload: payload, isFinal: final)
    }

    static func continuation(_ payload: [UInt8], final: Bool = true) -> Self {
        Self(opcode: 0, payload: payload, isFinal: final)
    }

    static func ping(_ payload: [UInt8] = []) -> Self { Self(opcode: 9, payload: payload) }
    static func pong(_ payload: [UInt8] = []) -> Self { Self(opcode: 10, payload: payload) }
    static func close(_ payload: [UInt8] = []) -> Self { Self(opcode: 8, payload: payload) }

    static func close(code: UInt16, reason: String = "") -> Self {
        .close([UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] + reason.utf8)
    }

    var bytes: [UInt8] {
        var bytes = [(self.isFinal ? 0x80 : 0) | self.reserved << 4 | self.opcode]
        let count = self.payload.count
        let maskBit: UInt8 = self.mask == nil ? 0 : 0x80
        switch self.lengthBytes ?? (count < 126 ? 1 : count < 65_536 ? 3 : 9) {
        case 1:
            bytes.append(maskBit | UInt8(count))
        case 3:
            bytes += [maskBit | 126, UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
        default:
            bytes.append(maskBit | 127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: UInt64(count) >> (56 - 8 * UInt64($0))) }
        }
        bytes += self.mask ?? []
        bytes += self.payload.enumerated().map { $0.element ^ (self.mask?[$0.offset % 4] ?? 0) }
        return bytes
    }
}

extension [ClientFrame] {
    var bytes: [UInt8] { self.flatMap(\.bytes) }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension RawSpan {
    /// Whether both hold the same bytes, compared eight at a time.
    func isEqual(to other: RawSpan) -> Bool {
        let count = self.byteCount
        guard count == other.byteCount else { return false }
        var offset = 0
        while offset &+ 8 <= count {
            guard
                self.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    == other.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            else { return false }
            offset &+= 8
        }
        while offset < count {
            guard
                self.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                    == other.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            else { return false }
            offset &+= 1
        }
        return true
    }
}

/// A fast hash of topic bytes, seeded anew in each process so that nobody outside can aim for collisions.
enum TopicHash {
    private static let seed = UInt64.random(in: .min ... .max)

    @inline(__always)
    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    static func hash(_ bytes: RawSpan) -> UInt64 {
        var state = self.seed ^ (UInt64(truncatingIfNeeded: bytes.byteCount) &* 0x9E37_79B9_7F4A_7C15)
        var offset = 0
        while offset &+ 8 <= bytes.byteCount {
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            state = self.mix(state ^ word, 0xA076_1D64_78BD_642F)
            offset &+= 8
        }
        var last: UInt64 = 0
        while offset < bytes.byteCount {
            last = last << 8 | UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
            offset &+= 1
        }
        return self.mix(state ^ last, 0xE703_7ED1_A0B4_28DB)
    }
}

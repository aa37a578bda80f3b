//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What a UTF-8 encoded string of MQTT may contain (section 1.5.4).
public enum UTF8Rules {
    /// What a look at the bytes of a string found; the worst comes last.
    @usableFromInline
    enum Finding: Sendable {
        /// Well formed, without U+0000, `+` and `#`.
        case plain
        /// Well formed, with `+` or `#`.
        case wildcard
        /// Not well formed, or with U+0000.
        case malformed
    }

    /// True for well-formed UTF-8 without U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2]. An empty string is valid.
    ///
    /// Control characters and non-characters, which the standard only advises against, are accepted.
    /// The length, at most 65 535 bytes, is the caller's to check.
    public static func isValidMQTTString(_ bytes: RawSpan) -> Bool { scan(bytes) != .malformed }

    /// True when the string contains no U+0000; a Swift string is always well formed.
    public static func isValidMQTTString(_ text: String) -> Bool { !text.utf8.contains(0) }

    /// Looks once at every byte: well formed, U+0000, wildcards. Eight at a time where they are ASCII.
    @usableFromInline
    static func scan(_ bytes: RawSpan) -> Finding {
        let count = bytes.byteCount
        var position = 0
        var hasWildcard = false
        while position < count {
            if count - position >= 8 {
                let word = bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
                if word & 0x8080_8080_8080_8080 == 0 {
                    if hasZeroByte(word) { return .malformed }
                    // 0x2B is "+", 0x23 is "#": a byte that is one of them becomes zero.
                    hasWildcard =
                        hasWildcard || hasZeroByte(word ^ 0x2B2B_2B2B_2B2B_2B2B)
                        || hasZeroByte(word ^ 0x2323_2323_2323_2323)
                    position += 8
                    continue
                }
            }
            let byte = bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            if byte < 0x80 {
                if byte == 0 { return .malformed }
                hasWildcard = hasWildcard || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#")
                position += 1
            } else {
                let length = scalarLength(bytes, at: position, lead: byte)
                if length == 0 { return .malformed }
                position += length
            }
        }
        return hasWildcard ? .wildcard : .plain
    }

    /// True when any of the eight bytes is zero.
    @inline(__always)
    private static func hasZeroByte(_ word: UInt64) -> Bool {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0
    }

    /// Bytes of the well-formed scalar of two to four bytes at a position, 0 when it is not one.
    ///
    /// The ranges are table 3-7 of the Unicode standard: they leave out overlong forms, surrogates and what lies above
    /// U+10FFFF.
    private static func scalarLength(_ bytes: RawSpan, at position: Int, lead: UInt8) -> Int {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard bytes.byteCount - position >= length else { return 0 }
        guard second.contains(bytes.unsafeLoad(fromByteOffset: position + 1, as: UInt8.self)) else { return 0 }
        for offset in 2..<max(length, 2) {
            let byte = bytes.unsafeLoad(fromByteOffset: position + offset, as: UInt8.self)
            guard byte & 0xC0 == 0x80 else { return 0 }
        }
        return length
    }
}

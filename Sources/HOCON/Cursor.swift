//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A position in the bytes of a text, which knows its line and column.
struct Cursor {
    let bytes: [UInt8]
    private(set) var offset = 0
    private(set) var line = 1
    private var lineStart = 0
    /// Bytes since the start of the line which do not start a scalar of their own.
    private var continuations = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
        // A byte order mark at the start is not part of the text.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            offset = 3
            lineStart = 3
        }
    }

    var column: Int { offset - lineStart - continuations + 1 }
    var isAtEnd: Bool { offset >= bytes.count }
    var byte: UInt8? { peek(0) }

    func peek(_ distance: Int) -> UInt8? {
        let position = offset + distance
        return bytes.indices.contains(position) ? bytes[position] : nil
    }

    /// What stands at the cursor, for an error message.
    var found: HOCONError.Found {
        guard let byte else { return .endOfText }
        if byte == .newline { return .endOfLine }
        let scalar = String(decoding: bytes[offset...].prefix(4), as: UTF8.self).unicodeScalars.first
        return .character(scalar ?? "\u{FFFD}")
    }

    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count {
            guard let byte else { return }
            offset += 1
            if byte == .newline {
                line += 1
                lineStart = offset
                continuations = 0
            } else if byte & 0xC0 == 0x80 {
                continuations += 1
            }
        }
    }

    /// Steps over `text` if it stands here.
    mutating func take(_ text: StaticString) -> Bool {
        guard stands(text) else { return false }
        advance(text.utf8CodeUnitCount)
        return true
    }

    /// Whether `text` stands here.
    func stands(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            bytes[min(offset, bytes.count)...].starts(with: wanted)
        }
    }

    /// The text from an earlier offset to here.
    func text(from start: Int) -> String {
        guard start <= offset, bytes.indices.contains(start) else { return "" }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }
}

extension Cursor {
    /// How many bytes of white space, other than a new line, stand here as one character; 0 if none.
    var spaceLength: Int {
        guard let first = byte else { return 0 }
        switch first {
        case 0x20, 0x09, 0x0B, 0x0C, 0x0D, 0x1C...0x1F:
            return 1
        case 0xC2:
            return peek(1) == 0xA0 ? 2 : 0
        case 0xE1...0xE3, 0xEF:
            guard let second = peek(1), let third = peek(2) else { return 0 }
            let scalar = UInt32(first & 0x0F) << 12 | UInt32(second & 0x3F) << 6 | UInt32(third & 0x3F)
            switch scalar {
            case 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF: return 3
            default: return 0
            }
        default:
            return 0
        }
    }

    /// Whether a comment starts here.
    var isAtComment: Bool { byte == .hash || (byte == .slash && peek(1) == .slash) }

    /// Whether the byte here may be part of an unquoted string.
    var isAtUnquoted: Bool {
        guard let byte, spaceLength == 0, !isAtComment else { return false }
        switch byte {
        case 0...0x20, 0x7F: return false
        case .dollar, .quote, .openBrace, .closeBrace, .openBracket, .closeBracket, .colon, .equals, .comma, .plus,
            .hash, .question, .backslash, UInt8(ascii: "`"), UInt8(ascii: "^"), UInt8(ascii: "!"),
            UInt8(ascii: "@"), UInt8(ascii: "*"), UInt8(ascii: "&"):
            return false
        default: return true
        }
    }

    /// Skips white space on the line; returns it.
    @discardableResult
    mutating func skipSpace() -> String {
        let start = offset
        while true {
            let length = spaceLength
            if length == 0 { return text(from: start) }
            advance(length)
        }
    }

    /// Skips white space, new lines and comments; returns whether there was a new line.
    @discardableResult
    mutating func skipBlank() -> Bool {
        var sawNewline = false
        while true {
            skipSpace()
            if isAtComment {
                while let byte, byte != .newline { advance() }
            } else if byte == .newline {
                sawNewline = true
                advance()
            } else {
                return sawNewline
            }
        }
    }
}

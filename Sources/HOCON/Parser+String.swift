//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Parser {
    /// Reads a quoted string, the cursor being at its first quote.
    mutating func parseQuoted() throws(HOCONError) -> String {
        if cursor.take("\"\"\"") { return try parseTripleQuoted() }
        cursor.advance()
        var text: [UInt8] = []
        while true {
            switch cursor.byte {
            case nil, .some(.newline):
                throw expected("a closing quote on the same line")
            case .some(.quote):
                cursor.advance()
                return String(decoding: text, as: UTF8.self)
            case .some(.backslash):
                text += try parseEscape().utf8
            case .some(let byte):
                text.append(byte)
                cursor.advance()
            }
        }
    }

    /// Reads the rest of a string in triple quotes: everything is taken as it is, new lines too.
    private mutating func parseTripleQuoted() throws(HOCONError) -> String {
        let start = cursor.offset
        while !cursor.stands("\"\"\"") {
            if cursor.isAtEnd { throw expected("a closing \"\"\"") }
            cursor.advance()
        }
        // Of more than three quotes, the last three close the string.
        while cursor.peek(3) == .quote { cursor.advance() }
        let text = cursor.text(from: start)
        cursor.advance(3)
        return text
    }

    private mutating func parseEscape() throws(HOCONError) -> String {
        let start = location
        cursor.advance()
        let escaped = cursor.byte
        cursor.advance()
        switch escaped {
        case .some(.quote): return "\""
        case .some(.backslash): return "\\"
        case .some(.slash): return "/"
        case .some(UInt8(ascii: "b")): return "\u{8}"
        case .some(UInt8(ascii: "f")): return "\u{C}"
        case .some(UInt8(ascii: "n")): return "\n"
        case .some(UInt8(ascii: "r")): return "\r"
        case .some(UInt8(ascii: "t")): return "\t"
        case .some(UInt8(ascii: "u")): return try parseCodePoint(start)
        default: throw HOCONError(.invalidEscape, at: start)
        }
    }

    /// Reads the digits of a `\u`, and of a second one if the first is the first half of a surrogate pair.
    private mutating func parseCodePoint(_ start: SourceLocation) throws(HOCONError) -> String {
        let first = try parseHex(start)
        var value = UInt32(first)
        if (0xD800...0xDBFF).contains(first) {
            guard cursor.take("\\u") else { throw HOCONError(.invalidEscape, at: start) }
            let second = try parseHex(start)
            guard (0xDC00...0xDFFF).contains(second) else { throw HOCONError(.invalidEscape, at: start) }
            value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw HOCONError(.invalidEscape, at: start) }
        return String(Character(scalar))
    }

    private mutating func parseHex(_ start: SourceLocation) throws(HOCONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = cursor.byte, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw HOCONError(.invalidEscape, at: start)
            }
            value = value << 4 | UInt16(digit)
            cursor.advance()
        }
        return value
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// JSON's grammar of numbers, RFC 8259 section 6.
enum NumberGrammar {
    /// How many bytes from `start` are a number, taking as many as possible; `nil` if there is none.
    static func length(in bytes: [UInt8], from start: Int) -> Int? {
        var position = start

        func byte() -> UInt8? {
            bytes.indices.contains(position) ? bytes[position] : nil
        }

        func skipDigits() -> Bool {
            let before = position
            while let digit = byte(), digit.isDigit { position += 1 }
            return position > before
        }

        if byte() == .minus { position += 1 }
        if byte() == .zero {
            position += 1
        } else if !skipDigits() {
            return nil
        }

        // The fraction and the exponent belong to the number only when they are complete.
        let whole = position
        if byte() == .dot {
            position += 1
            if !skipDigits() { return whole - start }
        }

        let mantissa = position
        if let exponent = byte(), exponent == UInt8(ascii: "e") || exponent == UInt8(ascii: "E") {
            position += 1
            if let sign = byte(), sign == .plus || sign == .minus { position += 1 }
            if !skipDigits() { return mantissa - start }
        }
        return position - start
    }
}

extension UInt8 {
    static let newline = UInt8(ascii: "\n")
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let slash = UInt8(ascii: "/")
    static let hash = UInt8(ascii: "#")
    static let dot = UInt8(ascii: ".")
    static let comma = UInt8(ascii: ",")
    static let plus = UInt8(ascii: "+")
    static let minus = UInt8(ascii: "-")
    static let zero = UInt8(ascii: "0")
    static let equals = UInt8(ascii: "=")
    static let colon = UInt8(ascii: ":")
    static let dollar = UInt8(ascii: "$")
    static let question = UInt8(ascii: "?")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let openParenthesis = UInt8(ascii: "(")
    static let closeParenthesis = UInt8(ascii: ")")

    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// Writes values as they would be written in the file.
enum Format {
    static func number(_ value: Int) -> String {
        "\(value)"
    }

    static func decimal(_ value: Double) -> String {
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// The largest unit in which the size is a whole number.
    static func size(_ bytes: Int) -> String {
        for (unit, shift) in [("TB", 40), ("GB", 30), ("MB", 20), ("KB", 10)] where bytes != 0 {
            if bytes & (1 << shift - 1) == 0 { return "\(bytes >> shift)\(unit)" }
        }
        return "\(bytes)"
    }

    /// In seconds, or in milliseconds if it is no whole number of seconds.
    static func duration(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds == 0 { return "\(seconds)s" }
        return "\(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)ms"
    }

    /// As it is if HOCON reads it back as the same text without quotes, else quoted.
    static func string(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map { $0 >= 0x41 } ?? false
            && !["true", "false", "null", "include"].contains(text)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789_-".contains(Character($0)))
            }
        if isPlain { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where isInvisible(scalar):
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Whether a character, printed, could make text look like other text. Those beyond the basic plane, where an
    /// escape has no room for them, are tags nobody draws.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        let categories: [Unicode.GeneralCategory] = [.control, .format, .lineSeparator, .paragraphSeparator]
        return scalar.value <= 0xFFFF && categories.contains(scalar.properties.generalCategory)
    }

    /// A word of a choice. One that looks like a number is read back as the text it was written as.
    static func word(_ word: String) -> String {
        HOCONNumber(word) == nil ? string(word) : word
    }

    /// A list of texts.
    static func list(_ texts: [String]) -> String {
        "[" + texts.map(string).joined(separator: ", ") + "]"
    }

    /// `a, b or c`.
    static func words<Choice: ConfigurationChoice>(_ choice: Choice.Type, quote: String = "") -> String {
        let words = choice.allCases.map { quote + $0.rawValue + quote }
        guard let last = words.last, words.count > 1 else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}

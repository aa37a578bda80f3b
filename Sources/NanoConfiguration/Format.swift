//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

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

    /// `a, b or c`.
    static func words<Choice: ConfigurationChoice>(_ choice: Choice.Type, quote: String = "") -> String {
        let words = choice.allCases.map { quote + $0.rawValue + quote }
        guard let last = words.last, words.count > 1 else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}

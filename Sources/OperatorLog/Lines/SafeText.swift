//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Text that strangers have chosen, made harmless for a line.
///
/// What could end a line, move a cursor or turn the direction of writing is escaped: control characters (ESC and
/// U+0085 among them), U+2028 and U+2029, and all format characters (category Cf: overrides of direction, characters
/// of no width, tags). So one event is one line, and looks like what it is.
enum SafeText {
    /// Characters of a value; the rest is cut off and marked with `…`.
    static let maximumValue = 256
    /// Characters of a message.
    static let maximumMessage = 2048
    /// Characters of a name of a value.
    static let maximumKey = 64
    /// Bytes of a line, with its end. Values for which there is no room are left out.
    static let maximumLine = 8192

    /// Text of not many more characters than will be written: enough that it shows that it was cut.
    static func cut(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        let scalars = text.unicodeScalars
        let end = scalars.index(scalars.startIndex, offsetBy: limit + 1, limitedBy: scalars.endIndex)
        return end.map { String(scalars[..<$0]) } ?? text
    }

    /// Whether it may stand in a line as it is.
    static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return scalar.value >= 0x20 && scalar.value != 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return false
        default: return !scalar.properties.isNoncharacterCodePoint
        }
    }

    /// Whether it may stand in a value that is not quoted.
    static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return self.isPlain(UInt8(truncatingIfNeeded: scalar.value)) }
        return self.isHarmless(scalar) && scalar.properties.generalCategory != .spaceSeparator
    }

    static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\"): false
        default: (0x21...0x7E).contains(byte)
        }
    }

    /// Hexadecimal digits, at least `digits`.
    static func append(hexadecimal value: UInt32, digits: Int, to line: inout [UInt8]) {
        let text = String(value, radix: 16).utf8
        if text.count < digits { line += repeatElement(UInt8(ascii: "0"), count: digits - text.count) }
        line += text
    }

    /// A name of a value: of letters, digits, `_`, `-` and `.`; anything else becomes `_`.
    static func append(key: String, to line: inout [UInt8]) {
        if key.isEmpty { line.append(UInt8(ascii: "_")) }
        for scalar in key.unicodeScalars.prefix(self.maximumKey) {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": line.append(UInt8(ascii: scalar))
            default: line.append(UInt8(ascii: "_"))
            }
        }
    }
}

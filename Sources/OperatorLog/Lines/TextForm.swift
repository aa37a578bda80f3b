//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Lines for people: `2026-11-21T13:44:43.123Z INFO  connected client=sensor-7 peer=192.0.2.1:5123 session=new`.
enum TextForm {
    /// Without time, level and end of line.
    static func appendBody(_ line: LogLine, limit: Int, to text: inout [UInt8]) {
        let start = text.count
        self.append(message: line.message, limit: limit, to: &text)
        if line.label != OperatorLog.rootLabel { self.append("logger", line.label, to: &text) }
        for field in line.fields {
            let before = text.count
            self.append(field.key, field.value, to: &text)
            // Room for the mark.
            if text.count - start > limit - 4 {
                text.removeLast(text.count - before)
                text.append(" …")
                break
            }
        }
    }

    /// With the end of the line.
    static func append(_ line: LogLine, _ timestamp: inout Timestamp, to text: inout [UInt8]) {
        let start = text.count
        timestamp.append(line.time, to: &text)
        text.append(UInt8(ascii: " "))
        text.append(line.level.label)
        text.append(UInt8(ascii: " "))
        self.appendBody(line, limit: SafeText.maximumLine - 1 - (text.count - start), to: &text)
        text.append(UInt8(ascii: "\n"))
    }

    private static func append(message: String, limit: Int, to text: inout [UInt8]) {
        let start = text.count
        var left = SafeText.maximumMessage
        for scalar in message.unicodeScalars {
            guard left > 0, text.count - start < limit - 16 else { return text.append("…") }
            left -= 1
            if SafeText.isHarmless(scalar) {
                text += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            } else {
                self.append(escaped: scalar, to: &text)
            }
        }
    }

    private static func append(_ key: String, _ value: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: " "))
        SafeText.append(key: key, to: &text)
        text.append(UInt8(ascii: "="))
        let utf8 = value.utf8
        if utf8.count <= SafeText.maximumValue, !utf8.isEmpty, utf8.allSatisfy({ SafeText.isPlain($0) }) {
            text += utf8
            return
        }
        let scalars = value.unicodeScalars.prefix(SafeText.maximumValue)
        let isCut = scalars.endIndex < value.unicodeScalars.endIndex
        guard scalars.isEmpty || !scalars.allSatisfy({ SafeText.isPlain($0) }) else {
            for scalar in scalars { text += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter }
            if isCut { text.append("…") }
            return
        }
        text.append(UInt8(ascii: "\""))
        for scalar in scalars {
            switch scalar {
            case "\"", "\\": text += [UInt8(ascii: "\\"), UInt8(ascii: scalar)]
            case _ where SafeText.isHarmless(scalar):
                text += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            default: self.append(escaped: scalar, to: &text)
            }
        }
        if isCut { text.append("…") }
        text.append(UInt8(ascii: "\""))
    }

    private static func append(escaped scalar: Unicode.Scalar, to text: inout [UInt8]) {
        switch scalar {
        case "\n": text.append("\\n")
        case "\r": text.append("\\r")
        case "\t": text.append("\\t")
        default:
            text.append("\\u{")
            SafeText.append(hexadecimal: scalar.value, digits: 1, to: &text)
            text.append(UInt8(ascii: "}"))
        }
    }
}

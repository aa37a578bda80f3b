//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Lines for programs: one JSON object (RFC 8259) each, of strings: `ts`, `level`, `msg`, `logger`, then metadata.
///
/// Never cut in the middle: values for which there is no room are left out, and `"truncated":"true"` says so.
enum JSONForm {
    /// With the end of the line, unless `isLine` is false.
    static func append(_ line: LogLine, _ timestamp: inout Timestamp, isLine: Bool = true, to text: inout [UInt8]) {
        let start = text.count
        text.append("{\"ts\":\"")
        timestamp.append(line.time, to: &text)
        text.append("\",\"level\":\"")
        text += line.level.rawValue.utf8
        text.append("\",\"msg\":\"")
        // A character takes 12 bytes at most, so that this leaves room.
        self.append(line.message, limit: SafeText.maximumMessage, bytes: SafeText.maximumLine / 2, to: &text)
        text.append("\",\"logger\":\"")
        self.append(line.label, limit: SafeText.maximumKey, bytes: 1024, to: &text)
        text.append(UInt8(ascii: "\""))
        for field in line.fields {
            let before = text.count
            text.append(",\"")
            SafeText.append(key: field.key, to: &text)
            if ["ts", "level", "msg", "logger", "truncated"].contains(field.key) { text.append(UInt8(ascii: "_")) }
            text.append("\":\"")
            self.append(field.value, limit: SafeText.maximumValue, bytes: SafeText.maximumLine, to: &text)
            text.append(UInt8(ascii: "\""))
            if text.count - start > SafeText.maximumLine - 32 {
                text.removeLast(text.count - before)
                text.append(",\"truncated\":\"true\"")
                break
            }
        }
        text.append(UInt8(ascii: "}"))
        if isLine { text.append(UInt8(ascii: "\n")) }
    }

    private static func append(_ value: String, limit: Int, bytes: Int, to text: inout [UInt8]) {
        let start = text.count
        var left = limit
        for scalar in value.unicodeScalars {
            guard left > 0, text.count - start < bytes - 16 else { return text.append("…") }
            left -= 1
            switch scalar {
            case "\"", "\\": text += [UInt8(ascii: "\\"), UInt8(ascii: scalar)]
            case "\n": text.append("\\n")
            case "\r": text.append("\\r")
            case "\t": text.append("\\t")
            case _ where SafeText.isHarmless(scalar):
                text += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            default:
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                    text.append("\\u")
                    SafeText.append(hexadecimal: UInt32(unit), digits: 4, to: &text)
                }
            }
        }
    }
}

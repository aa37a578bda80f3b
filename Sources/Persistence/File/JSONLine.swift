//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// An object in JSON (RFC 8259), put together member by member.
struct JSONLine {
    private var members = ""

    init() {}

    init(type: String) { self.add("type", type) }

    /// The object.
    var text: String { "{\(self.members)}" }

    mutating func add(_ name: String, _ value: Int64?) { self.addRaw(name, value.map { "\($0)" } ?? "null") }

    mutating func add(_ name: String, _ value: Bool) { self.addRaw(name, value ? "true" : "false") }

    mutating func add(_ name: String, _ value: String?) { self.addRaw(name, value.map(Self.quoted) ?? "null") }

    mutating func add(_ name: String, base64 bytes: some Collection<UInt8>) {
        self.addRaw(name, "\"\(Self.base64(bytes))\"")
    }

    /// - Parameter json: a value that is JSON already.
    mutating func addRaw(_ name: String, _ json: String) {
        if !self.members.isEmpty { self.members += ", " }
        self.members += "\"\(name)\": \(json)"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            // Line separators end a line for some readers.
            case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// RFC 4648, section 4.
    private static func base64(_ bytes: some Collection<UInt8>) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var filled = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            filled += 1
            guard filled == 3 else { continue }
            for shift in [18, 12, 6, 0] as [UInt32] { encoded.append(alphabet[Int(group >> shift & 63)]) }
            (group, filled) = (0, 0)
        }
        if filled > 0 {
            group <<= UInt32(8 * (3 - filled))
            for index in 0..<4 {
                let shift = UInt32(18 - 6 * index)
                encoded.append(index <= filled ? alphabet[Int(group >> shift & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}

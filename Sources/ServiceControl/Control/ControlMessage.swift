//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A request to a running broker, or its reply: a head line, fields, and an empty line.
///
///     reload
///     file: /etc/nanomq.conf
///
///     ok
///     applied: mqtt.max_packet_size
///
/// In values `\` and the ends of lines are written `\\`, `\n` and `\r`. A name may come more than once.
public struct ControlMessage: Sendable, Equatable {
    /// A field.
    public struct Field: Sendable, Equatable {
        /// Lower-case letters, digits and `_`.
        public var name: String
        /// Any text.
        public var value: String

        /// A field of these parts.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The largest request, in bytes.
    public static let maximumRequestSize = 16 << 10
    /// The largest reply, in bytes.
    public static let maximumReplySize = 1 << 20

    /// The head of a reply to what could be done.
    public static let ok = "ok"
    /// The head of a reply to what could not be done; the field `message` says why.
    public static let error = "error"

    /// The first line: a request's command, or a reply's outcome.
    public var head: String
    /// What follows.
    public var fields: [Field]

    /// A message of these parts.
    public init(_ head: String, _ fields: [Field] = []) {
        self.head = head
        self.fields = fields
    }

    /// The reply to what could not be done.
    public static func failure(_ message: String) -> Self { Self(self.error, [Field("message", message)]) }

    /// The first value of this name.
    public subscript(name: String) -> String? { self.fields.first { $0.name == name }?.value }

    /// All values of this name.
    public func values(_ name: String) -> [String] { self.fields.filter { $0.name == name }.map(\.value) }

    /// As it is sent.
    public var text: String {
        var text = Self.escape(self.head) + "\n"
        for field in self.fields { text += "\(field.name): \(Self.escape(field.value))\n" }
        return text + "\n"
    }

    /// Reads a message without its empty line; nil if it is none.
    public init?(text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        if lines.last == "" { lines.removeLast() }
        guard let head = lines.popFirst(), !head.isEmpty, let head = Self.unescape(head) else { return nil }
        self.init(head)
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else { return nil }
            let value = line[line.index(after: colon)...]
            guard value.first == " ", let text = Self.unescape(value.dropFirst()) else { return nil }
            self.fields.append(Field(String(line[..<colon]), text))
        }
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func unescape(_ text: Substring) -> String? {
        var plain = ""
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "\\" else {
                plain.unicodeScalars.append(scalar)
                continue
            }
            switch scalars.next() {
            case "\\": plain += "\\"
            case "n": plain += "\n"
            case "r": plain += "\r"
            default: return nil
            }
        }
        return plain
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What a subscription asks for: a topic with wildcards, and perhaps a share (sections 4.7 and 4.8.2).
///
/// Filters are equal when they have the same bytes [MQTT-4.7.3-4].
public struct TopicFilter: Sendable {
    /// The share of a shared subscription: its members take turns in receiving messages.
    public struct Share: Hashable, Sendable {
        /// The share name of `$share/<group>/<filter>`; empty for `$queue/<filter>`.
        public let group: String
        /// True for `$queue/<filter>`, a share without a name.
        public let isQueue: Bool
    }

    /// The filter as the client wrote it, with the prefix of its share.
    public let text: String
    /// The filter without the prefix of its share; equal to `text` when there is none.
    public let filter: String
    /// The share, nil for a subscription of its own.
    public let share: Share?
    /// True when the filter contains `+` or `#`.
    public let hasWildcards: Bool
    /// Levels of `filter`, at least 1: one more than it has slashes.
    public let levelCount: Int

    /// Checks a filter.
    /// - Throws: `topicFilterInvalid` when the filter is empty or longer than 65 535 bytes, contains U+0000
    ///   [MQTT-4.7.3-1] [MQTT-4.7.3-2], has `#` anywhere but alone in the last level [MQTT-4.7.1-1], has `+` not alone
    ///   in its level [MQTT-4.7.1-2], or has a share prefix without a name or without a filter
    ///   [MQTT-4.8.2-1] [MQTT-4.8.2-2].
    public init(_ text: String) throws(MQTTError) {
        guard text.utf8.count <= 65_535 else { throw Self.invalid("topic filter is longer than 65535 bytes") }
        var rest = text[...]
        if text.utf8.starts(with: "$share/".utf8) {
            rest = text.utf8Suffix(after: 7)
            guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")), slash > rest.startIndex else {
                throw Self.invalid("shared subscription has no share name or no filter")
            }
            let group = rest[..<slash]
            guard !group.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") || $0 == 0 }) else {
                throw Self.invalid("share name contains a wildcard")
            }
            share = Share(group: String(group), isQueue: false)
            rest = rest[rest.utf8.index(after: slash)...]
        } else if text.utf8.starts(with: "$queue/".utf8) {
            rest = text.utf8Suffix(after: 7)
            share = Share(group: "", isQueue: true)
        } else {
            share = nil
        }
        let filter = String(rest)
        (levelCount, hasWildcards) = try Self.check(filter.utf8Span.span)
        self.text = text
        self.filter = filter
    }

    /// The levels of `filter`, in order; a level may be empty.
    public var levels: [Substring] { filter.split(byUTF8: UInt8(ascii: "/")) }

    /// Walks over the filter once.
    /// - Returns: how many levels it has, and whether there are wildcards among them
    private static func check(_ bytes: Span<UInt8>) throws(MQTTError) -> (levels: Int, hasWildcards: Bool) {
        let count = bytes.count
        guard count > 0 else { throw invalid("topic filter is empty") }
        var levels = 1
        var hasWildcards = false
        for index in 0..<count {
            switch bytes[index] {
            case 0: throw invalid("topic filter contains U+0000")
            case UInt8(ascii: "/"): levels += 1
            case UInt8(ascii: "#"):
                guard index == count - 1, index == 0 || bytes[index - 1] == UInt8(ascii: "/") else {
                    throw invalid("topic filter has # not alone in its last level")
                }
                hasWildcards = true
            case UInt8(ascii: "+"):
                guard index == 0 || bytes[index - 1] == UInt8(ascii: "/"),
                    index == count - 1 || bytes[index + 1] == UInt8(ascii: "/")
                else { throw invalid("topic filter has + not alone in its level") }
                hasWildcards = true
            default: break
            }
        }
        return (levels, hasWildcards)
    }

    /// An error with reason 0x8F.
    private static func invalid(_ detail: StaticString) -> MQTTError {
        MQTTError(reason: .topicFilterInvalid, detail: detail)
    }
}

extension TopicFilter: Hashable, CustomStringConvertible {
    /// The filter as the client wrote it.
    public var description: String { text }

    /// Compares bytes, not characters.
    public static func == (left: TopicFilter, right: TopicFilter) -> Bool {
        left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes bytes, not characters.
    public func hash(into hasher: inout Hasher) {
        text.utf8Span.span.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension String {
    /// What follows the first bytes, which are known to be ASCII.
    fileprivate func utf8Suffix(after count: Int) -> Substring {
        self[(utf8.index(startIndex, offsetBy: count, limitedBy: endIndex) ?? endIndex)...]
    }

    /// Splits at a byte, keeping empty parts. `split` on characters would not see a slash before a combining mark.
    fileprivate func split(byUTF8 separator: UInt8) -> [Substring] {
        var parts: [Substring] = []
        var start = startIndex
        for index in utf8.indices where utf8[index] == separator {
            parts.append(self[start..<index])
            start = utf8.index(after: index)
        }
        parts.append(self[start...])
        return parts
    }
}

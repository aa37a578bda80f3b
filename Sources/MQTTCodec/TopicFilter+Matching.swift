//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension TopicFilter {
    /// Whether a message published to a topic belongs to this filter; the share plays no part in it.
    ///
    /// This is the plain meaning of sections 4.7.1 and 4.7.2, to test a faster index against. Wildcards in the first
    /// level do not match topics that start with `$` [MQTT-4.7.2-1].
    /// - Parameter topic: a valid topic name
    public func matches(topic: String) -> Bool {
        Self.matches(filter: filter.utf8Span.span, topic: topic.utf8Span.span)
    }

    /// Level by level, on bytes.
    private static func matches(filter: Span<UInt8>, topic: Span<UInt8>) -> Bool {
        guard filter.count > 0, topic.count > 0 else { return false }
        if topic[0] == UInt8(ascii: "$"), filter[0] == UInt8(ascii: "+") || filter[0] == UInt8(ascii: "#") {
            return false
        }
        var filterStart = 0
        var topicStart = 0
        while true {
            let filterEnd = levelEnd(filter, from: filterStart)
            let topicEnd = levelEnd(topic, from: topicStart)
            if isLevel(filter, filterStart, filterEnd, UInt8(ascii: "#")) { return true }
            if !isLevel(filter, filterStart, filterEnd, UInt8(ascii: "+")) {
                guard filterEnd - filterStart == topicEnd - topicStart else { return false }
                for offset in 0..<(filterEnd - filterStart) {
                    guard filter[filterStart + offset] == topic[topicStart + offset] else { return false }
                }
            }
            switch (filterEnd == filter.count, topicEnd == topic.count) {
            case (true, true): return true
            case (true, false): return false
            // "sport/#" also matches "sport": # includes the parent level.
            case (false, true): return isLevel(filter, filterEnd + 1, filter.count, UInt8(ascii: "#"))
            case (false, false):
                filterStart = filterEnd + 1
                topicStart = topicEnd + 1
            }
        }
    }

    /// The offset of the next slash, or the end.
    private static func levelEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "/") { end += 1 }
        return end
    }

    /// True when a level is exactly one given byte.
    private static func isLevel(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ byte: UInt8) -> Bool {
        end - start == 1 && bytes[start] == byte
    }
}

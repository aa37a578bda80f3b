//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// How the filters of rules and of clients stand to each other, as sets of the topics that they match (sections 4.7.1
/// and 4.7.2).
///
/// Wildcards in the first level do not match topics that start with `$` [MQTT-4.7.2-1], so `#` neither covers nor meets
/// `$SYS/#`.
enum FilterRelation {
    /// A level of a filter that has no placeholders any more.
    enum Level: Hashable {
        case literal(ArraySlice<UInt8>)
        case single
        case rest

        var isReserved: Bool {
            if case .literal(let bytes) = self { bytes.first == UInt8(ascii: "$") } else { false }
        }
    }

    /// The levels of a valid filter.
    static func levels(of filter: String) -> [Level] {
        Array(filter.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { level in
            if level.elementsEqual([UInt8(ascii: "+")]) { return .single }
            if level.elementsEqual([UInt8(ascii: "#")]) { return .rest }
            return .literal(level)
        }
    }

    /// A pattern's levels with a client's names in place; nil if it matches nothing for this client, or has places for
    /// names and there is no client.
    static func levels(of pattern: [TopicPattern.Level], for names: ClientNames?) -> [Level]? {
        var levels: [Level] = []
        for (index, level) in pattern.enumerated() {
            switch level {
            case .literal(let bytes): levels.append(.literal(bytes[...]))
            case .single: levels.append(.single)
            case .rest: levels.append(.rest)
            case .pieces(let pieces):
                guard let bytes = names?.fill(pieces, isFirst: index == 0) else { return nil }
                levels.append(.literal(bytes[...]))
            }
        }
        return levels
    }

    /// Whether every topic that `inner` matches is matched by `outer` too. `+/#` at the start of `outer` has to be
    /// written as `#`.
    static func covers(_ outer: [Level], _ inner: [Level]) -> Bool {
        for index in 0..<outer.count {
            let wanted: Level? = index < inner.count ? inner[index] : nil
            switch (outer[index], wanted) {
            // `sport/#` also matches `sport`.
            case (.rest, _): return index > 0 || wanted?.isReserved != true
            case (_, nil), (_, .rest): return false
            case (.single, .some(let level)):
                if index == 0, level.isReserved { return false }
            case (.literal(let left), .literal(let right)):
                if left != right { return false }
            case (.literal, .single): return false
            }
        }
        return outer.count == inner.count
    }

    /// Whether there is a topic that both match.
    static func meets(_ left: [Level], _ right: [Level]) -> Bool {
        if let first = left.first, let second = right.first, first.isReserved != second.isReserved {
            switch (first, second) {
            case (.literal, .literal): break
            default: return false
            }
        }
        for index in 0..<max(left.count, right.count) {
            let first: Level? = index < left.count ? left[index] : nil
            let second: Level? = index < right.count ? right[index] : nil
            switch (first, second) {
            case (.rest, _), (_, .rest): return true
            case (nil, _), (_, nil): return false
            case (.literal(let first), .literal(let second)):
                if first != second { return false }
            default: break
            }
        }
        return true
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import MQTTCodec

    extension TopicFilter {
        /// Whether each topic that belongs to `other` belongs to this filter too; shares play no part in it. Errs on
        /// the side of false: `+/#` is not seen to cover `#`.
        func covers(_ other: TopicFilter) -> Bool {
            let (mine, others) = (self.levels, other.levels)
            guard !Self.isHiddenFrom(mine, others) else { return false }
            for (index, level) in mine.enumerated() {
                if level == "#" { return true }
                guard index < others.count else { return false }
                if level == "+" {
                    if others[index] == "#" { return false }
                } else if !level.utf8.elementsEqual(others[index].utf8) {
                    // `a/#` covers `a`, but that is seen at `#`; `a` does not cover `a/#`.
                    return false
                }
            }
            return mine.count == others.count
        }

        /// Whether there is a topic that belongs to both filters; shares play no part in it.
        func intersects(_ other: TopicFilter) -> Bool {
            let (mine, others) = (self.levels, other.levels)
            guard !Self.isHiddenFrom(mine, others), !Self.isHiddenFrom(others, mine) else { return false }
            for index in 0..<min(mine.count, others.count) {
                let (level, otherLevel) = (mine[index], others[index])
                if level == "#" || otherLevel == "#" { return true }
                if level == "+" || otherLevel == "+" { continue }
                guard level.utf8.elementsEqual(otherLevel.utf8) else { return false }
            }
            // What is left of the longer one may be nothing but `#`, which includes the parent level.
            return mine.count == others.count || mine.dropFirst(others.count).elementsEqual(["#"])
                || others.dropFirst(mine.count).elementsEqual(["#"])
        }

        /// A wildcard in the first level does not match what starts with `$` [MQTT-4.7.2-1].
        private static func isHiddenFrom(_ wildcard: [Substring], _ system: [Substring]) -> Bool {
            guard let first = wildcard.first, first == "+" || first == "#" else { return false }
            return system.first?.utf8.first == UInt8(ascii: "$")
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A set of rules by their numbers, one bit each.
struct RuleMask: Sendable, Hashable {
    private(set) var words: [UInt64]

    init(capacity: Int) {
        self.words = Array(repeating: 0, count: (capacity + 63) / 64)
    }

    mutating func insert(_ rule: Int) {
        self.words[rule / 64] |= 1 << UInt64(rule % 64)
    }

    /// The lowest number in both sets.
    func first(in other: RuleMask) -> Int? {
        for (index, word) in self.words.enumerated() where word & other.words[index] != 0 {
            return index * 64 + (word & other.words[index]).trailingZeroBitCount
        }
        return nil
    }

    /// Calls `body` for each number in ascending order until it answers true; the number it was.
    func first(where body: (Int) -> Bool) -> Int? {
        for (index, word) in self.words.enumerated() {
            var rest = word
            while rest != 0 {
                let rule = index * 64 + rest.trailingZeroBitCount
                if body(rule) { return rule }
                rest &= rest - 1
            }
        }
        return nil
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import Testing

@testable import AccessControl

/// Checks the relation of filters against the topics they match, all of a small alphabet.
@Suite struct FilterRelationTests {
    /// `z` stands for all words that no filter names. Topics are a level longer than filters, so that `#` has something
    /// that the others have not.
    private static let topics = (1...4).flatMap { Self.combinations(of: ["a", "$b", "", "z"], $0) }.filter {
        !$0.isEmpty
    }
    private static let filters =
        ["#"]
        + (1...3).flatMap { Self.combinations(of: ["a", "$b", "", "+"], $0) }.filter { !$0.isEmpty }
        + (1...2).flatMap { Self.combinations(of: ["a", "$b", "", "+"], $0) }.map { $0 + "/#" }

    private static func combinations(of words: [String], _ levels: Int) -> [String] {
        levels == 1
            ? words : words.flatMap { word in self.combinations(of: words, levels - 1).map { "\(word)/\($0)" } }
    }

    /// One bit a topic. The last bit is the topic of no bytes, which does not exist but would be matched by `/#`, as its
    /// parent level; not to except it makes rules stricter, not looser.
    private static func matched(by text: String) throws -> [UInt64] {
        let filter = try TopicFilter(text)
        var bits = [UInt64](repeating: 0, count: Self.topics.count / 64 + 1)
        for (index, topic) in Self.topics.enumerated() where filter.matches(topic: topic) {
            bits[index / 64] |= 1 << UInt64(index % 64)
        }
        if ["+", "#", "+/#", "/#"].contains(text) { bits[Self.topics.count / 64] |= 1 << 63 }
        return bits
    }

    @Test func agreesWithTheTopicsThatFiltersMatch() throws {
        let matched = try Self.filters.map { try Self.matched(by: $0) }
        let wanted = Self.filters.map { FilterRelation.levels(of: $0) }
        // Rules are written as patterns.
        let names = ClientNames(clientIdentifier: "c", userName: nil)
        let rules = try Self.filters.map { text in
            try #require(FilterRelation.levels(of: try TopicPattern(text).levels, for: names))
        }
        var covered = 0
        for rule in rules.indices {
            for client in wanted.indices {
                let both = zip(matched[rule], matched[client]).map { $0 & $1 }
                let covers = both == matched[client]
                let meets = both.contains { $0 != 0 }
                if covers { covered += 1 }
                if FilterRelation.covers(rules[rule], wanted[client]) != covers {
                    Issue.record("\(Self.filters[rule]) covers \(Self.filters[client]) should be \(covers)")
                }
                if FilterRelation.meets(rules[rule], wanted[client]) != meets {
                    Issue.record("\(Self.filters[rule]) meets \(Self.filters[client]) should be \(meets)")
                }
            }
        }
        #expect(covered > Self.filters.count)
    }
}

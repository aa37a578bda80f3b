//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import TestSupport
import Testing

@testable import AccessControl

/// Random rules against a plain reading of them, one after the other.
@Suite struct TopicIndexTests {
    private struct PlainRule {
        let isAllowing: Bool
        let user: String?
        let actions: AccessRule.Actions
        let topics: [String]

        func isAbout(_ client: ClientInfo) -> Bool { self.user == nil || self.user == client.userName }

        /// For clients whose names are harmless.
        func filters(_ client: ClientInfo) throws -> [TopicFilter] {
            try self.topics.map { topic in
                let parts = topic.split(separator: "${clientid}", omittingEmptySubsequences: false)
                return try TopicFilter(parts.joined(separator: client.clientIdentifier))
            }
        }
    }

    private static let words = ["a", "b", "$s", "", "c1", "x-c1"]

    private static func topic(using random: inout SeededGenerator) -> String {
        let topic = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            Self.words.randomElement(using: &random) ?? "a"
        }
        .joined(separator: "/")
        return topic.isEmpty ? "a" : topic
    }

    private static func filter(using random: inout SeededGenerator) -> String {
        let levels = Self.words + ["+", "+", "${clientid}", "x-${clientid}"]
        var filter = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            levels.randomElement(using: &random) ?? "a"
        }
        if Int.random(in: 0..<3, using: &random) == 0 { filter.append("#") }
        let text = filter.joined(separator: "/")
        return text.isEmpty ? "#" : text
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func agreesWithAPlainReading(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...150, using: &random)
        let plain = (0..<count).map { _ in
            PlainRule(
                isAllowing: Bool.random(using: &random),
                user: [nil, "u", "v"].randomElement(using: &random) ?? nil,
                actions: [.publish, .subscribe, .all].randomElement(using: &random) ?? .all,
                topics: (0..<Int.random(in: 1...2, using: &random)).map { _ in Self.filter(using: &random) }
            )
        }
        let rules = AccessRuleSet(
            try plain.map { rule in
                AccessRule(
                    rule.isAllowing ? .allow : .deny,
                    rule.user.map { .userName($0) } ?? .everyone,
                    rule.actions,
                    topics: try rule.topics.map { try TopicPattern($0) }
                )
            }
        )
        let clients = [ClientInfo.test("c1", user: "u"), .test("a", user: "v"), .test("c2", user: nil)]
        let topics = (0..<200).map { _ in Self.topic(using: &random) }
        for client in clients {
            let access = rules.access(of: client)
            let readable = try plain.filter { $0.isAbout(client) }.map { ($0, try $0.filters(client)) }
            for topic in topics {
                func expected(_ action: AccessRule.Actions) -> AccessRule.Permission? {
                    readable.first { rule, filters in
                        rule.actions.contains(action) && filters.contains { $0.matches(topic: topic) }
                    }
                    .map { $0.0.isAllowing ? .allow : .deny }
                }
                #expect(rules.publish(topic, access) == expected(.publish), "\(topic)")
                #expect(rules.receive(topic, access) == expected(.subscribe), "\(topic)")
                // A filter without wildcards is covered where it is met.
                #expect(rules.subscribe(try TopicFilter(topic), access) == expected(.subscribe), "\(topic)")
            }
        }
    }

    @Test func aTopicOfManyLevelsEndsWithTheRules() throws {
        let rules = AccessRuleSet([
            AccessRule(.allow, topics: [try TopicPattern("/+/+/#"), try TopicPattern("+/+/x")])
        ])
        let access = rules.access(of: .test())
        #expect(rules.publish(String(repeating: "/", count: 65_535), access) == .allow)
        #expect(rules.publish("a" + String(repeating: "/", count: 65_534), access) == nil)
    }

    @Test func manyRulesAtOneTopicAreToldApartByUser() throws {
        let rules = AccessRuleSet(
            try (0..<1000).map { number in
                AccessRule(.allow, .userName("u\(number)"), topics: [try TopicPattern("data/#")])
            }
        )
        #expect(rules.publish("data/1", rules.access(of: .test(user: "u999"))) == .allow)
        #expect(rules.publish("data/1", rules.access(of: .test(user: "u1000"))) == nil)
    }
}

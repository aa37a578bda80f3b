//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore
import MQTTCodec

/// Rules, prepared so that many rules and many users cost a decision next to nothing.
final class AccessRuleSet: Sendable {
    private let rules: [AccessRule]
    private let everyone: RuleMask
    private let byUserName: [UTF8String: [Int]]
    private let byClientIdentifier: [UTF8String: [Int]]
    /// Those about addresses and combinations, which are tried one by one for a client.
    private let others: [Int]
    /// Those that match all topics, by what a client does.
    private let allPublishes: RuleMask
    private let allSubscriptions: RuleMask
    /// Those that deny and have placeholders in their topics.
    private let denialsByName: [Int]
    private let publishes: TopicIndex
    private let receptions: TopicIndex

    init(_ rules: [AccessRule]) {
        self.rules = rules
        var everyone = RuleMask(capacity: rules.count)
        var byUserName: [UTF8String: [Int]] = [:]
        var byClientIdentifier: [UTF8String: [Int]] = [:]
        var others: [Int] = []
        var allPublishes = RuleMask(capacity: rules.count)
        var allSubscriptions = RuleMask(capacity: rules.count)
        var denialsByName: [Int] = []
        var publishes: [(levels: [TopicPattern.Level], rule: Int)] = []
        var receptions: [(levels: [TopicPattern.Level], rule: Int)] = []

        for (number, rule) in rules.enumerated() {
            switch rule.subject {
            case .everyone, .userName("#"), .clientIdentifier("#"): everyone.insert(number)
            case .userName(let name): byUserName[UTF8String(name), default: []].append(number)
            case .clientIdentifier(let name): byClientIdentifier[UTF8String(name), default: []].append(number)
            case .address, .all, .any: others.append(number)
            }
            if rule.topics.isEmpty {
                if rule.actions.contains(.publish) { allPublishes.insert(number) }
                if rule.actions.contains(.subscribe) { allSubscriptions.insert(number) }
            }
            if rule.permission == .deny, rule.topics.contains(where: { $0.usesClientIdentifier || $0.usesUserName }) {
                denialsByName.append(number)
            }
            for topic in rule.topics {
                // A literal text is equal to a topic's name only if it has no wildcards.
                let isName = !topic.isLiteral || topic.isFilter && !topic.hasWildcards
                if rule.actions.contains(.publish), isName { publishes.append((topic.levels, number)) }
                // Who may subscribe to exactly `a/#` may get what it brings.
                let brings = isName || rule.permission == .allow && !topic.levels.isEmpty
                if rule.actions.contains(.subscribe), brings { receptions.append((topic.levels, number)) }
            }
        }
        self.everyone = everyone
        self.byUserName = byUserName
        self.byClientIdentifier = byClientIdentifier
        self.others = others
        self.allPublishes = allPublishes
        self.allSubscriptions = allSubscriptions
        self.denialsByName = denialsByName
        self.publishes = TopicIndex(publishes)
        self.receptions = TopicIndex(receptions)
    }

    // MARK: The client

    /// What the rules say of a client.
    func access(of client: ClientInfo) -> ClientAccess {
        var applicable = self.everyone
        if let name = client.userName {
            for rule in self.byUserName[UTF8String(name)] ?? [] { applicable.insert(rule) }
        }
        for rule in self.byClientIdentifier[UTF8String(client.clientIdentifier)] ?? [] { applicable.insert(rule) }
        if !self.others.isEmpty {
            let address = IPAddress(client.peer.host)
            for rule in self.others where Self.matches(self.rules[rule].subject, client, address) {
                applicable.insert(rule)
            }
        }
        let names = ClientNames(client)
        var allPublishes = self.allPublishes
        var allSubscriptions = self.allSubscriptions
        for number in self.denialsByName {
            let rule = self.rules[number]
            guard rule.topics.contains(where: names.isHostile) else { continue }
            if rule.actions.contains(.publish) { allPublishes.insert(number) }
            if rule.actions.contains(.subscribe) { allSubscriptions.insert(number) }
        }
        return ClientAccess(
            client,
            names: names,
            applicable: applicable,
            firstForAllPublishes: allPublishes.first(in: applicable),
            firstForAllSubscriptions: allSubscriptions.first(in: applicable)
        )
    }

    private static func matches(_ subject: AccessRule.Subject, _ client: ClientInfo, _ address: IPAddress?) -> Bool {
        switch subject {
        case .everyone: true
        case .userName(let name): name == "#" || client.userName.map { name.hasSameBytes(as: $0) } ?? false
        case .clientIdentifier(let name): name == "#" || name.hasSameBytes(as: client.clientIdentifier)
        case .address(let range): address.map { range.contains($0) } ?? false
        case .all(let parts): parts.allSatisfy { Self.matches($0, client, address) }
        case .any(let parts): parts.contains { Self.matches($0, client, address) }
        }
    }

    // MARK: The action

    /// The first rule about publishing to a topic; nil if none matches.
    func publish(_ topic: String, _ access: ClientAccess) -> AccessRule.Permission? {
        let limit = access.firstForAllPublishes
        let first =
            self.publishes.first(matching: topic, before: limit, among: access.applicable, for: access.names) ?? limit
        return self.permission(first)
    }

    /// The first rule about getting messages of a topic; nil if none matches.
    func receive(_ topic: String, _ access: ClientAccess) -> AccessRule.Permission? {
        let limit = access.firstForAllSubscriptions
        let first =
            self.receptions.first(matching: topic, before: limit, among: access.applicable, for: access.names) ?? limit
        return self.permission(first)
    }

    /// The first rule about subscribing; nil if none matches.
    ///
    /// A rule that allows has to cover the whole filter. A rule that denies matches if there is a topic that both
    /// match: otherwise the messages it is to keep from the client would come with a wider subscription. A literal
    /// pattern matches the filter's text, with or without the prefix of its share.
    func subscribe(_ filter: TopicFilter, _ access: ClientAccess) -> AccessRule.Permission? {
        let wanted = FilterRelation.levels(of: filter.filter)
        let limit = access.firstForAllSubscriptions
        let first = access.applicable.first { number in
            guard number < limit else { return true }
            let rule = self.rules[number]
            guard rule.actions.contains(.subscribe) else { return false }
            return rule.topics.contains { topic in
                if topic.isLiteral {
                    guard let text = access.names.fill(topic.pieces, isFirst: true) else { return false }
                    return text.elementsEqual(filter.text.utf8) || text.elementsEqual(filter.filter.utf8)
                }
                guard let levels = topic.fixedLevels ?? FilterRelation.levels(of: topic.levels, for: access.names)
                else { return false }
                return rule.permission == .allow
                    ? FilterRelation.covers(levels, wanted) : FilterRelation.meets(levels, wanted)
            }
        }
        return first.flatMap { self.permission($0) }
    }

    private func permission(_ number: Int) -> AccessRule.Permission? {
        number < self.rules.count ? self.rules[number].permission : nil
    }
}

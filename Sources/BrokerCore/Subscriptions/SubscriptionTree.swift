//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import Synchronization

/// All subscriptions of the broker, as a tree of topic levels, shared by its shards.
///
/// Read-mostly: a shard keeps the routes it has looked up, and they are true as long as the tree's ``generation``
/// has not changed. So the lock is taken for a topic not seen lately and for each change, not for each message.
final class SubscriptionTree: Sendable {
    private final class Node {
        var children: [UTF8String: Node] = [:]
        /// The children for `+` and `#`, kept apart because every lookup visits them.
        var singleLevel: Node?
        var multiLevel: Node?
        var subscribers = SubscriberSet()
        var groups: [UTF8String: SharedGroup] = [:]

        var isUnused: Bool {
            self.children.isEmpty && self.singleLevel == nil && self.multiLevel == nil
                && self.subscribers.isEmpty && self.groups.isEmpty
        }

        subscript(level: UTF8String) -> Node? {
            get {
                switch level {
                case .singleLevelWildcard: self.singleLevel
                case .multiLevelWildcard: self.multiLevel
                default: self.children[level]
                }
            }
            set {
                switch level {
                case .singleLevelWildcard: self.singleLevel = newValue
                case .multiLevelWildcard: self.multiLevel = newValue
                default: self.children[level] = newValue
                }
            }
        }
    }

    private struct State: ~Copyable {
        let root = Node()
    }

    private let state = Mutex(State())
    private let changes = Atomic<UInt64>(0)
    private let subscriptionCount = Atomic<Int>(0)
    private let systemFilterCount = Atomic<Int>(0)
    private let strategy: SharedStrategy
    private let overlapping: OverlappingDelivery
    private let shardCount: Int

    init(settings: BrokerSettings, shardCount: Int) {
        self.strategy = settings.sharedStrategy
        self.overlapping = settings.overlappingDelivery
        self.shardCount = shardCount
    }

    /// Grows with each change that may make a route wrong.
    var generation: UInt64 {
        @inline(__always)
        get { self.changes.load(ordering: .acquiring) }
    }

    /// Subscriptions there are, members of shared groups included.
    var count: Int { self.subscriptionCount.load(ordering: .relaxed) }

    /// Whether anybody subscribes to something under `$SYS`: if not, the broker need not make such messages.
    var hasSystemSubscribers: Bool { self.systemFilterCount.load(ordering: .relaxed) > 0 }

    /// - Returns: whether the session did not have this subscription before.
    @discardableResult
    func subscribe(
        _ filter: TopicFilter,
        _ address: SessionAddress,
        _ subscription: Subscription,
        isOnline: Bool
    ) -> Bool {
        let levels = TopicLevels(filter.filter)
        return self.state.withLock { state in
            var node = state.root
            for index in 0..<levels.count {
                if let next = node[levels[index]] {
                    node = next
                } else {
                    let next = Node()
                    node[levels[index]] = next
                    node = next
                }
            }
            let isNew: Bool
            if let share = filter.share {
                let name = share.key
                let group = node.groups[name] ?? SharedGroup(filter: filter.text, strategy: self.strategy)
                let isNewGroup = node.groups.updateValue(group, forKey: name) == nil
                isNew = group.insert(address, subscription, isOnline: isOnline)
                if isNewGroup { self.changes.add(1, ordering: .releasing) }
            } else {
                isNew = node.subscribers.insert(address, subscription)
                self.changes.add(1, ordering: .releasing)
            }
            if isNew { self.count(1, levels) }
            return isNew
        }
    }

    /// - Returns: whether the session had this subscription.
    @discardableResult
    func unsubscribe(_ filter: TopicFilter, _ address: SessionAddress) -> Bool {
        let levels = TopicLevels(filter.filter)
        return self.state.withLock { state in
            var path = [state.root]
            for index in 0..<levels.count {
                guard let next = path[index][levels[index]] else { return false }
                path.append(next)
            }
            let node = path[levels.count]
            if let share = filter.share {
                let name = share.key
                guard let group = node.groups[name], group.remove(address) else { return false }
                if group.isEmpty {
                    node.groups[name] = nil
                    self.changes.add(1, ordering: .releasing)
                }
            } else {
                guard node.subscribers.remove(address) else { return false }
                self.changes.add(1, ordering: .releasing)
            }
            self.count(-1, levels)
            for index in stride(from: levels.count, to: 0, by: -1) where path[index].isUnused {
                path[index - 1][levels[index - 1]] = nil
            }
            return true
        }
    }

    /// A session has moved: its subscriptions get its new address, all at once, so that no message comes twice or
    /// not at all.
    func move(_ filters: [TopicFilter], from old: SessionAddress, to new: SessionAddress) {
        self.state.withLock { state in
            for filter in filters {
                guard let node = Self.node(TopicLevels(filter.filter), in: state.root) else { continue }
                if let share = filter.share {
                    node.groups[share.key]?.move(old, to: new)
                } else {
                    node.subscribers.move(old, to: new)
                }
            }
            self.changes.add(1, ordering: .releasing)
        }
    }

    private static func node(_ levels: TopicLevels, in root: Node) -> Node? {
        var node = root
        for index in 0..<levels.count {
            guard let next = node[levels[index]] else { return nil }
            node = next
        }
        return node
    }

    /// The shared group of this filter; nil: none, or the filter is not shared.
    func group(of filter: TopicFilter) -> SharedGroup? {
        guard let share = filter.share else { return nil }
        return self.state.withLock { state in
            Self.node(TopicLevels(filter.filter), in: state.root)?.groups[share.key]
        }
    }

    private func count(_ change: Int, _ levels: TopicLevels) {
        self.subscriptionCount.add(change, ordering: .relaxed)
        // `#` and `+/…` do not match system topics [MQTT-4.7.2-1].
        if levels.isSystem { self.systemFilterCount.add(change, ordering: .relaxed) }
    }

    /// The route of a topic.
    func route(of topic: RawSpan, hash: UInt64) -> Route {
        let (bytes, levels) = topic.withUnsafeBytes { (Array($0), TopicLevels(bytes: $0)) }
        var matches = SubscriptionMatches(merging: self.overlapping)
        let generation = self.state.withLock { state in
            Self.collect(state.root, levels, 0, into: &matches)
            return self.generation
        }
        return Route(
            topic: bytes,
            topicHash: hash,
            generation: generation,
            shardCount: self.shardCount,
            matches: matches
        )
    }

    private static func collect(
        _ node: Node,
        _ levels: TopicLevels,
        _ index: Int,
        into matches: inout SubscriptionMatches
    ) {
        let mayBeWildcard = index > 0 || !levels.isSystem
        if mayBeWildcard, let rest = node.multiLevel {
            matches.add(rest.subscribers)
            matches.add(rest.groups.values)
        }
        guard index < levels.count else {
            matches.add(node.subscribers)
            matches.add(node.groups.values)
            return
        }
        if mayBeWildcard, let any = node.singleLevel {
            self.collect(any, levels, index + 1, into: &matches)
        }
        if let exact = node.children[levels[index]] {
            self.collect(exact, levels, index + 1, into: &matches)
        }
    }
}

extension TopicFilter.Share {
    /// What tells the groups of one filter apart. `$queue` is one of its own: no `$share` group has an empty name.
    fileprivate var key: UTF8String { UTF8String(self.isQueue ? "" : self.group) }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// Who gets the messages of one topic, as far as that does not depend on the message.
///
/// Immutable and free of references to sessions, so that loops can share it and keep it as long as they like.
final class Route: Sendable {
    /// One session that gets the message.
    struct Target: Sendable {
        let slot: UInt32
        let generation: UInt32
        let qos: QoS
        let noLocal: Bool
        let retainAsPublished: Bool
        /// Which of the route's lists of subscription identifiers goes with it; -1: none.
        let identifiers: Int32
        /// Which of ``Route/stored`` it is; -1: nothing is stored for it.
        let storedIndex: Int32
    }

    /// One session that gets the message also when its client is away or the broker starts anew.
    struct StoredTarget: Sendable {
        let address: SessionAddress
        let account: SessionAccount
        let qos: QoS
        let noLocal: Bool
        let retainAsPublished: Bool
        let identifiers: [UInt32]
    }

    let topic: [UInt8]
    let topicHash: UInt64
    /// The generation of the tree that this was true of.
    let generation: UInt64
    /// The targets, shard by shard.
    let targets: ContiguousArray<Target>
    /// Where in `targets` each shard's begin, and behind them the end.
    private let starts: [Int]
    let identifierLists: [[UInt32]]
    /// Those of the targets that messages of QoS 1 and 2 are stored for.
    let stored: ContiguousArray<StoredTarget>
    let groups: [SharedGroup]

    /// About what it takes in memory.
    var byteCount: Int {
        256 + self.topic.count + self.targets.count * MemoryLayout<Target>.stride
            + self.stored.count * MemoryLayout<StoredTarget>.stride
            + self.identifierLists.reduce(0) { $0 + 48 + 4 * $1.count } + 8 * self.groups.count
    }

    var isEmpty: Bool { self.targets.isEmpty && self.groups.isEmpty }

    @inline(__always)
    func range(of shard: Int) -> Range<Int> { self.starts[shard]..<self.starts[shard + 1] }

    func hasTargets(in shard: Int) -> Bool { self.starts[shard] != self.starts[shard + 1] }

    init(
        topic: [UInt8],
        topicHash: UInt64,
        generation: UInt64,
        shardCount: Int,
        matches: SubscriptionMatches
    ) {
        self.topic = topic
        self.topicHash = topicHash
        self.generation = generation
        self.groups = matches.groups
        var lists: [[UInt32]] = []
        var stored: ContiguousArray<StoredTarget> = []
        var perShard = [ContiguousArray<Target>](repeating: [], count: shardCount)
        for match in matches.merged {
            var list: Int32 = -1
            if !match.identifiers.isEmpty {
                // Most fan-outs have one list for all, so the last one is the one to compare with.
                if lists.last != match.identifiers { lists.append(match.identifiers) }
                list = Int32(lists.count - 1)
            }
            guard Int(match.address.shard) < shardCount else { continue }
            var storedIndex: Int32 = -1
            if match.subscription.qos > .atMostOnce, let account = match.subscription.account {
                storedIndex = Int32(stored.count)
                stored.append(
                    StoredTarget(
                        address: match.address,
                        account: account,
                        qos: match.subscription.qos,
                        noLocal: match.subscription.noLocal,
                        retainAsPublished: match.subscription.retainAsPublished,
                        identifiers: match.identifiers
                    )
                )
            }
            perShard[Int(match.address.shard)].append(
                Target(
                    slot: match.address.slot,
                    generation: match.address.generation,
                    qos: match.subscription.qos,
                    noLocal: match.subscription.noLocal,
                    retainAsPublished: match.subscription.retainAsPublished,
                    identifiers: list,
                    storedIndex: storedIndex
                )
            )
        }
        var starts = [0]
        var targets: ContiguousArray<Target> = []
        for shard in perShard {
            targets += shard
            starts.append(targets.count)
        }
        self.targets = targets
        self.starts = starts
        self.identifierLists = lists
        self.stored = stored
    }

    @inline(__always)
    func identifiers(of target: Target) -> [UInt32] {
        target.identifiers < 0 ? [] : self.identifierLists[Int(target.identifiers)]
    }
}

/// What a walk through the subscription tree has found.
struct SubscriptionMatches {
    struct Match {
        let address: SessionAddress
        var subscription: Subscription
        var identifiers: [UInt32]
    }

    private var found: [Match] = []
    private(set) var groups: [SharedGroup] = []
    /// Places of the tree that had subscribers: with one of them no session can be in it twice.
    private var places = 0
    private let merges: Bool

    init(merging: OverlappingDelivery) {
        self.merges = merging == .merged
    }

    mutating func add(_ subscribers: SubscriberSet) {
        guard !subscribers.isEmpty else { return }
        self.places += 1
        subscribers.forEach { address, subscription in
            self.found.append(
                Match(
                    address: address,
                    subscription: subscription,
                    identifiers: subscription.identifier == 0 ? [] : [subscription.identifier]
                )
            )
        }
    }

    mutating func add(_ groups: some Sequence<SharedGroup>) {
        self.groups.append(contentsOf: groups)
    }

    /// One match a session, or all of them where the broker is told to deliver each.
    var merged: [Match] {
        guard self.merges, self.places > 1 else { return self.found }
        var index: [SessionAddress: Int] = [:]
        var merged: [Match] = []
        for match in self.found {
            guard let known = index[match.address] else {
                index[match.address] = merged.count
                merged.append(match)
                continue
            }
            // The highest QoS of all that match [MQTT-3.3.4-2]. A message that one subscription wants (although it
            // is the client's own, or with its RETAIN flag) is wanted.
            merged[known].subscription.qos = max(merged[known].subscription.qos, match.subscription.qos)
            merged[known].subscription.noLocal = merged[known].subscription.noLocal && match.subscription.noLocal
            merged[known].subscription.retainAsPublished =
                merged[known].subscription.retainAsPublished || match.subscription.retainAsPublished
            merged[known].identifiers.append(contentsOf: match.identifiers)
        }
        return merged
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

@Suite struct SubscriptionTreeTests {
    private func tree(shards: Int = 1, _ overlapping: OverlappingDelivery = .merged) -> SubscriptionTree {
        var settings = BrokerSettings()
        settings.overlappingDelivery = overlapping
        return SubscriptionTree(settings: settings, shardCount: shards)
    }

    private func address(_ slot: Int, shard: Int = 0) -> SessionAddress {
        SessionAddress(shard: UInt16(shard), slot: UInt32(slot), generation: 7)
    }

    private func subscription(
        _ qos: QoS = .exactlyOnce,
        noLocal: Bool = false,
        retainAsPublished: Bool = false,
        identifier: UInt32 = 0
    ) -> Subscription {
        Subscription(
            options: SubscriptionOptions(qos: qos, noLocal: noLocal, retainAsPublished: retainAsPublished),
            identifier: identifier
        )
    }

    private func route(_ tree: SubscriptionTree, _ topic: String) -> Route {
        tree.route(of: topic.utf8Span.span.bytes, hash: TopicHash.hash(topic.utf8Span.span.bytes))
    }

    private func slots(_ tree: SubscriptionTree, _ topic: String) -> [Int] {
        self.route(tree, topic).targets.map { Int($0.slot) }.sorted()
    }

    @Test(arguments: [
        ("a/b", ["a/b"], ["a", "a/b/c", "a/c", "/a/b", "A/b"]),
        ("a/+", ["a/b", "a/"], ["a", "a/b/c", "b/b"]),
        ("+", ["a"], ["/a", "a/", "$SYS", ""].filter { !$0.isEmpty }),
        ("+/+", ["a/b", "/a", "a/"], ["a", "$a/b"]),
        ("/+", ["/a"], ["a", "//"]),
        ("a/#", ["a", "a/", "a/b", "a/b/c"], ["b", "ab", "$a"]),
        ("#", ["a", "/", "a/b/c"], ["$SYS", "$SYS/a"]),
        ("+/#", ["a", "/", "a/b"], ["$SYS/a"]),
        ("$SYS/#", ["$SYS", "$SYS/a/b"], ["SYS", "a"]),
        ("$SYS/+", ["$SYS/a"], ["$SYS", "$SYS/a/b"]),
        ("a//b", ["a//b"], ["a/b", "a///b"]),
        ("caf\u{E9}", ["caf\u{E9}"], ["cafe\u{301}"]),
        ("cafe\u{301}/#", ["cafe\u{301}/x"], ["caf\u{E9}/x"]),
    ])
    func filters(_ filter: String, matching: [String], others: [String]) throws {
        let tree = self.tree()
        tree.subscribe(try TopicFilter(filter), self.address(1), self.subscription(), isOnline: true)
        for topic in matching { #expect(self.slots(tree, topic) == [1], "\(topic)") }
        for topic in others { #expect(self.slots(tree, topic) == [], "\(topic)") }
    }

    @Test func thePlainMeaningHoldsForAnything() throws {
        var generator = SeededGenerator(seed: 1)
        let words = ["a", "b", "", "c", "$x", "\u{E9}", "e\u{301}"]
        let level = { (generator: inout SeededGenerator) in words.randomElement(using: &generator) ?? "" }
        let tree = self.tree(shards: 3)
        var model: [Int: TopicFilter] = [:]
        var topics: [String] = []
        while topics.count < 700 {
            let levels = (0..<Int.random(in: 1...4, using: &generator)).map { _ in level(&generator) }
            let topic = levels.joined(separator: "/")
            if !topic.isEmpty { topics.append(topic) }
        }
        for slot in 0..<2000 {
            var levels = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                generator.once(in: 3) ? "+" : level(&generator)
            }
            if generator.once(in: 3) { levels[levels.count - 1] = "#" }
            guard let filter = try? TopicFilter(levels.joined(separator: "/")) else { continue }
            #expect(tree.subscribe(filter, self.address(slot, shard: slot % 3), self.subscription(), isOnline: true))
            model[slot] = filter
            // Half of them go again, so that what stays is what pruning has left.
            if let gone = model.keys.randomElement(using: &generator), generator.once(in: 2),
                let filter = model.removeValue(forKey: gone)
            {
                #expect(tree.unsubscribe(filter, self.address(gone, shard: gone % 3)))
                #expect(!tree.unsubscribe(filter, self.address(gone, shard: gone % 3)))
            }
        }
        #expect(tree.count == model.count)
        for topic in topics {
            let route = self.route(tree, topic)
            let expected = model.filter { $0.value.matches(topic: topic) }.keys.sorted()
            #expect(route.targets.map { Int($0.slot) }.sorted() == expected, "\(topic)")
            for shard in 0..<3 {
                #expect(route.targets[route.range(of: shard)].allSatisfy { Int($0.slot) % 3 == shard })
                #expect(route.hasTargets(in: shard) == expected.contains { $0 % 3 == shard })
            }
        }
        for (slot, filter) in model { tree.unsubscribe(filter, self.address(slot, shard: slot % 3)) }
        #expect(tree.count == 0)
        for topic in topics { #expect(self.route(tree, topic).isEmpty) }
    }

    @Test func theGenerationGrowsWithEachChangeOfRoutes() throws {
        let tree = self.tree()
        let filter = try TopicFilter("a")
        let shared = try TopicFilter("$share/g/a")
        var last = tree.generation
        let isChanged = { () -> Bool in
            defer { last = tree.generation }
            return tree.generation > last
        }
        tree.subscribe(filter, self.address(1), self.subscription(.atMostOnce), isOnline: true)
        #expect(isChanged())
        tree.subscribe(filter, self.address(1), self.subscription(.exactlyOnce), isOnline: true)
        #expect(isChanged(), "another QoS is another route")
        _ = self.route(tree, "a")
        tree.unsubscribe(try TopicFilter("b"), self.address(1))
        #expect(!isChanged())
        tree.subscribe(shared, self.address(1), self.subscription(), isOnline: true)
        #expect(isChanged())
        tree.subscribe(shared, self.address(2), self.subscription(), isOnline: true)
        #expect(!isChanged(), "members come and go without a change of routes")
        tree.unsubscribe(shared, self.address(1))
        #expect(!isChanged())
        tree.unsubscribe(shared, self.address(2))
        #expect(isChanged())
        tree.move([filter], from: self.address(1), to: self.address(9))
        #expect(isChanged())
        #expect(self.slots(tree, "a") == [9])
        tree.unsubscribe(filter, self.address(9))
        #expect(isChanged())
        #expect(tree.count == 0)
    }

    @Test func routesAreOfTheGenerationTheySay() throws {
        let tree = self.tree()
        let route = self.route(tree, "a")
        #expect(route.generation == tree.generation)
        tree.subscribe(try TopicFilter("a"), self.address(1), self.subscription(), isOnline: true)
        #expect(route.generation != tree.generation)
    }

    @Test func severalMatchesOfOneSessionAreMerged() throws {
        let tree = self.tree()
        tree.subscribe(
            try TopicFilter("a/b"),
            self.address(1),
            self.subscription(.atMostOnce, noLocal: true, identifier: 5),
            isOnline: true
        )
        tree.subscribe(
            try TopicFilter("a/+"),
            self.address(1),
            self.subscription(.atLeastOnce, retainAsPublished: true, identifier: 6),
            isOnline: true
        )
        tree.subscribe(try TopicFilter("#"), self.address(1), self.subscription(.atMostOnce), isOnline: true)
        tree.subscribe(try TopicFilter("#"), self.address(2), self.subscription(noLocal: true), isOnline: true)
        let route = self.route(tree, "a/b")
        #expect(route.targets.count == 2)
        let merged = try #require(route.targets.first { $0.slot == 1 })
        #expect(merged.qos == .atLeastOnce)
        #expect(!merged.noLocal)
        #expect(merged.retainAsPublished)
        #expect(route.identifiers(of: merged).sorted() == [5, 6])
        let other = try #require(route.targets.first { $0.slot == 2 })
        #expect(other.noLocal)
        #expect(route.identifiers(of: other) == [])
    }

    @Test func orServedEach() throws {
        let tree = self.tree(.each)
        for (index, filter) in ["a/b", "a/+", "#"].enumerated() {
            tree.subscribe(
                try TopicFilter(filter),
                self.address(1),
                self.subscription(identifier: UInt32(index + 1)),
                isOnline: true
            )
        }
        let route = self.route(tree, "a/b")
        #expect(route.targets.map { route.identifiers(of: $0) }.sorted { $0[0] < $1[0] } == [[1], [2], [3]])
    }

    @Test func systemSubscribersAreKnown() throws {
        let tree = self.tree()
        for (filter, isSystem) in [("#", false), ("+/a", false), ("$SYS/#", true), ("$share/g/$SYS/a", true)] {
            let filter = try TopicFilter(filter)
            tree.subscribe(filter, self.address(1), self.subscription(), isOnline: true)
            #expect(tree.hasSystemSubscribers == isSystem)
            tree.unsubscribe(filter, self.address(1))
            #expect(!tree.hasSystemSubscribers)
        }
    }

    @Test func groupsAreApart() throws {
        let tree = self.tree()
        for (slot, filter) in ["$share/g/a/+", "$share/h/a/+", "$queue/a/+", "$share/g/a/b", "a/b"].enumerated() {
            tree.subscribe(try TopicFilter(filter), self.address(slot), self.subscription(), isOnline: true)
        }
        let route = self.route(tree, "a/b")
        #expect(route.targets.map(\.slot) == [4])
        #expect(
            route.groups.compactMap { $0.choose(publisher: nil, topicHash: 0)?.address.slot }.sorted() == [0, 1, 2, 3]
        )
        #expect(tree.group(of: try TopicFilter("$share/x/a/b")) == nil)
        #expect(tree.group(of: try TopicFilter("a/b")) == nil)
        tree.move([try TopicFilter("$queue/a/+")], from: self.address(2), to: self.address(20))
        #expect(
            tree.group(of: try TopicFilter("$queue/a/+"))?.choose(publisher: nil, topicHash: 0)?.address.slot == 20
        )
    }

    @Test func theRouteCacheForgetsWhatIsOutOfDate() throws {
        let tree = self.tree()
        // Routes of long topics are not kept without end.
        let small = RouteCache(places: 1024, maximumBytes: 20_000)
        for number in 0..<100 {
            let topic = ByteBuffer(string: String(repeating: "x", count: 1000) + String(number))
            let hash = TopicHash.hash(topic.readableBytesSpan)
            small.insert(tree.route(of: topic.readableBytesSpan, hash: hash))
            #expect(small.byteCount <= 20_000)
        }
        let cache = RouteCache(places: 3)
        let find = { (cache: RouteCache, topic: String, hash: UInt64) in
            cache.route(of: topic.utf8Span.span.bytes, hash: hash, generation: tree.generation)
        }
        let route = tree.route(of: "a".utf8Span.span.bytes, hash: 1)
        cache.insert(route)
        #expect(find(cache, "a", 1) === route)
        #expect(find(cache, "b", 1) == nil, "the same hash, another topic")
        #expect(find(cache, "a", 5) == nil, "the same place, another hash")
        cache.insert(tree.route(of: "b".utf8Span.span.bytes, hash: 5))
        #expect(find(cache, "a", 1) == nil, "another topic has taken its place")
        #expect(find(cache, "b", 5) != nil)
        tree.subscribe(try TopicFilter("a"), self.address(1), self.subscription(), isOnline: true)
        #expect(find(cache, "b", 5) == nil, "the tree has changed")
    }
}

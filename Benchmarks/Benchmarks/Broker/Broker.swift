//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Benchmark
import MQTTCodec
import NIOCore

@testable import BrokerCore

let benchmarks: @Sendable () -> Void = {
    for count in [1, 1000, 100_000, 1_000_000] {
        matching(among: count)
    }
    routeCache()
    for count in [1000, 100_000] {
        retained(among: count)
    }
    sessionTables()
    for subscribers in [1, 10] {
        for qos in [QoS.atMostOnce, .atLeastOnce] {
            publish(to: subscribers, qos)
        }
    }
}

private let topic = "building/7/floor/3/room/12/temperature"

/// A tree with one subscription that matches ``topic`` and others beside it, each of a session of its own.
private func tree(of count: Int) -> SubscriptionTree {
    let tree = SubscriptionTree(settings: BrokerSettings(), shardCount: 1)
    let subscription = Subscription(options: SubscriptionOptions(qos: .atLeastOnce))
    for index in 0..<count {
        // In ten buildings, so that every node on the way to the topic has many children; one in ten with a wildcard.
        let text =
            switch index {
            case 0: "building/7/floor/3/room/+/temperature"
            case let index where index % 10 == 0: "building/\(index % 10)/floor/\(index)/#"
            default: "building/\(index % 10)/floor/\(index)/room/12/temperature"
            }
        guard let filter = try? TopicFilter(text) else { fatalError("no filter: \(text)") }
        let address = SessionAddress(shard: 0, slot: UInt32(index), generation: 0)
        tree.subscribe(filter, address, subscription, isOnline: true)
    }
    return tree
}

/// A topic not seen lately: a walk through the tree, and a new route. Must not grow with unrelated subscriptions.
private func matching(among count: Int) {
    measure("route among \(count) subscriptions, not cached", { tree(of: count) }) { tree in
        let bytes = topic.utf8Span.span.bytes
        blackHole(tree.route(of: bytes, hash: TopicHash.hash(bytes)))
    }
}

/// A topic seen lately: what nearly every message costs.
private func routeCache() {
    let make = { @Sendable () -> (RouteCache, UInt64) in
        let tree = tree(of: 1000)
        let bytes = topic.utf8Span.span.bytes
        let cache = RouteCache(places: 8192)
        cache.insert(tree.route(of: bytes, hash: TopicHash.hash(bytes)))
        return (cache, tree.generation)
    }
    measure("route, cached", make) { subject in
        let bytes = topic.utf8Span.span.bytes
        blackHole(subject.0.route(of: bytes, hash: TopicHash.hash(bytes), generation: subject.1))
    }
}

/// What a new subscription asks the retained messages for.
private func retained(among count: Int) {
    let make = { @Sendable () -> RetainedStore in
        let store = RetainedStore(settings: BrokerSettings())
        for index in 0..<count {
            let topic = "building/\(index % 100)/floor/\(index)/temperature"
            guard let message = try? Message(topic: topic, payload: ByteBuffer(string: "21.5"), isRetained: true),
                store.store(message) == .stored
            else { fatalError("not retained: \(topic)") }
        }
        return store
    }
    for (name, text) in [("topic", "building/7/floor/7/temperature"), ("with +", "+/7/floor/7/+")] {
        guard let filter = try? TopicFilter(text) else { fatalError("no filter: \(text)") }
        measure("retained among \(count), \(name)", make) { store in
            blackHole(store.messages(matching: filter, at: MonotonicTime(milliseconds: 0)))
        }
    }
}

/// The tables of one session, filled as far as they are in a busy one.
private func sessionTables() {
    guard let message = try? Message(topic: topic, payload: ByteBuffer(repeating: 0x78, count: 64), qos: .atLeastOnce)
    else { fatalError("no message") }
    let inflight = InflightMessage(
        state: .published,
        isOnWire: true,
        message: message,
        terms: DeliveryTerms(qos: .atLeastOnce, isRetained: false)
    )
    let window = { @Sendable () -> (InflightWindow, UInt16) in
        var window = InflightWindow()
        for _ in 0..<100 { _ = window.append(inflight) }
        return (window, 1)
    }
    measure("in flight: append, end the oldest of 100", window) { subject in
        _ = subject.0.append(inflight)
        subject.0.end(subject.1)
        subject.1 = subject.1 == .max ? 1 : subject.1 + 1
    }
    let queued = QueuedMessage(message, DeliveryTerms(qos: .atLeastOnce, isRetained: false))
    let limits = MessageQueue.Limits(BrokerSettings())
    let queue = { @Sendable () -> MessageQueue in
        var queue = MessageQueue()
        for _ in 0..<100 { _ = queue.append(queued, limits: limits) }
        return queue
    }
    measure("queue: append, take the oldest of 100", queue) { queue in
        _ = queue.append(queued, limits: limits)
        blackHole(queue.popFirst())
    }
}

/// From the publisher's bytes to those of each subscriber, acknowledgements included, one turn for 10 messages.
private func publish(to subscribers: Int, _ qos: QoS) {
    let make = { @Sendable () in LoopbackBroker(topic: topic, subscribers: subscribers, qos: qos) }
    measure("publish QoS \(qos.rawValue) to \(subscribers), in memory", make) { broker in
        broker.publish()
    }
}

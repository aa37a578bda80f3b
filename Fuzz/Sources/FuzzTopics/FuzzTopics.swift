//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

/// Topic filters and names: parts of the input, divided by zero bytes, are filters, the last one is a topic.
///
/// The codec's rules and its matcher, the broker's subscription tree and its retained store are all held against
/// ``NaiveTopic``, which is written for being obvious.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTopics(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let parts = UnsafeBufferPointer(start: start, count: count)
        .split(separator: 0, maxSplits: 16, omittingEmptySubsequences: false)
        .map(Array.init)
    guard let topicBytes = parts.last else { return 0 }
    let topic = checkTopic(topicBytes)
    let filters = parts.dropLast().compactMap(checkFilter)
    guard let topic else { return 0 }
    for filter in filters {
        let expected = NaiveTopic.matches(filter: Array(filter.filter.utf8), topic: topicBytes)
        check(filter.matches(topic: topic) == expected, "matches(\(filter), \(topic)) should be \(expected)")
    }
    checkTree(filters, topic)
    checkRetained(filters, topic)
    return 0
}

/// - Returns: the topic, when it is one.
private func checkTopic(_ bytes: [UInt8]) -> String? {
    let text = String(validating: bytes, as: UTF8.self)
    let isValid = TopicName.isValid(bytes.span.bytes)
    check(isValid == NaiveTopic.isTopic(bytes, isUTF8: text != nil), "TopicName.isValid: \(isValid)")
    guard let text, isValid else { return nil }
    check(TopicName.isValid(text), "TopicName differs between text and bytes")
    return text
}

/// - Returns: the filter, when it is one.
private func checkFilter(_ bytes: [UInt8]) -> TopicFilter? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    let filter = try? TopicFilter(text)
    let expected = NaiveTopic.filterPart(of: bytes)
    check(
        (filter != nil) == (expected != nil),
        "TopicFilter(\(text)) should be \(expected == nil ? "refused" : "taken")"
    )
    guard let filter, let expected else { return nil }
    check(Array(filter.filter.utf8) == expected, "another filter behind the share")
    let levels = NaiveTopic.levels(of: expected)
    check(filter.levelCount == levels.count, "levelCount is \(filter.levelCount)")
    check(filter.levels.map { Array($0.utf8) } == levels, "other levels")
    let hasWildcards = levels.contains { $0 == Array("+".utf8) || $0 == Array("#".utf8) }
    check(filter.hasWildcards == hasWildcards, "hasWildcards is \(filter.hasWildcards)")
    return filter
}

/// A tree with all filters, each of a session of its own, must find what matches and nothing else.
private func checkTree(_ filters: [TopicFilter], _ topic: String) {
    let tree = SubscriptionTree(settings: BrokerSettings(), shardCount: 2)
    let subscription = Subscription(options: SubscriptionOptions(qos: .atLeastOnce))
    let address = { (index: Int) in
        SessionAddress(shard: UInt16(index % 2), slot: UInt32(index), generation: 0)
    }
    for (index, filter) in filters.enumerated() {
        tree.subscribe(filter, address(index), subscription, isOnline: true)
    }
    check(tree.count == filters.count, "tree holds \(tree.count) of \(filters.count)")
    let bytes = Array(topic.utf8)
    let route = tree.route(of: bytes.span.bytes, hash: TopicHash.hash(bytes.span.bytes))
    let found = Set(route.targets.map { Int($0.slot) })
    check(found.count == route.targets.count, "a session twice in a route")
    for (index, filter) in filters.enumerated() {
        let isMatch = filter.matches(topic: topic)
        if filter.share == nil {
            check(found.contains(index) == isMatch, "tree: \(filter) and \(topic) should be \(isMatch)")
        } else if let group = tree.group(of: filter) {
            check(route.groups.contains { $0 === group } == isMatch, "tree: share \(filter) should be \(isMatch)")
        } else {
            fail("a shared subscription without a group")
        }
    }
    for (index, filter) in filters.enumerated() {
        check(tree.unsubscribe(filter, address(index)), "\(filter) was not in the tree")
    }
    let rest = tree.route(of: bytes.span.bytes, hash: 0)
    check(tree.count == 0 && rest.isEmpty && !tree.hasSystemSubscribers, "something is left in the tree")
}

/// A retained message must be found by the filters that match its topic and by no others.
private func checkRetained(_ filters: [TopicFilter], _ topic: String) {
    let store = RetainedStore(settings: BrokerSettings())
    guard let message = try? Message(topic: topic, payload: ByteBuffer(string: "x"), isRetained: true),
        let clearing = try? Message(topic: topic, payload: ByteBuffer(), isRetained: true)
    else { fail("no message for a valid topic") }
    check(store.store(message) == .stored, "not stored")
    for filter in filters {
        let count = store.messages(matching: filter, at: MonotonicTime(milliseconds: 0)).count
        check(count == (filter.matches(topic: topic) ? 1 : 0), "retained: \(filter) finds \(count) of \(topic)")
    }
    check(store.message(of: topic) != nil, "not found")
    check(store.store(clearing) == .cleared && store.count == 0 && store.byteCount == 0, "not cleared")
}

/// Ends the run, with a reason, unless the condition holds.
private func check(_ condition: Bool, _ reason: @autoclosure () -> String) {
    if !condition { fail(reason()) }
}

/// A trap is what libFuzzer records as a crash.
private func fail(_ reason: String) -> Never { fatalError(reason) }

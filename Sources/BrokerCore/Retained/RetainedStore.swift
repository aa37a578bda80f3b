//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HeapModule
import MQTTCodec
import NIOCore
import Synchronization

/// The retained messages, as a tree of topic levels, shared by all shards.
final class RetainedStore: Sendable {
    private final class Node {
        var children: [UTF8String: Node] = [:]
        var message: Message?
    }

    private struct Expiry: Comparable {
        let at: MonotonicTime
        let topic: UTF8String

        static func < (left: Self, right: Self) -> Bool { left.at < right.at }
    }

    private struct State: ~Copyable {
        let root = Node()
        var count = 0
        var byteCount = 0
        /// What the tree itself takes, roughly.
        var treeBytes = 0
        var expiries = Heap<Expiry>()
        var maximumCount: Int
        var maximumBytes: Int
        /// By the hash of its topic, the bytes of each message that exceeded the limits at the start, and that only the
        /// store holds.
        var unloaded: [UInt64: Int] = [:]
        var unloadedBytes = 0
    }

    /// What became of a message that was to be retained.
    enum Outcome {
        case stored, cleared, refused
        /// It was refused, and one that only the store holds is outdated.
        case refusedOutdating
        /// There was none to be cleared.
        case unchanged
    }

    private let state: Mutex<State>

    init(settings: BrokerSettings) {
        self.state = Mutex(
            State(maximumCount: settings.maximumRetainedMessages, maximumBytes: settings.maximumRetainedBytes)
        )
    }

    /// Takes over other limits. What is kept stays, also beyond a lower one.
    func apply(_ settings: BrokerSettings) {
        self.state.withLock {
            $0.maximumCount = settings.maximumRetainedMessages
            $0.maximumBytes = settings.maximumRetainedBytes
        }
    }

    var count: Int { self.state.withLock { $0.count } }
    var byteCount: Int { self.state.withLock { $0.byteCount } }

    /// Those that only the store holds among them.
    var storedCount: Int { self.state.withLock { $0.count + $0.unloaded.count } }
    /// Bytes of these messages.
    var storedByteCount: Int { self.state.withLock { $0.byteCount + $0.unloadedBytes } }

    /// A message exceeds the limits when the broker starts: the store goes on holding it, until its topic gets another
    /// or is cleared.
    func noteUnloaded(_ message: Message) {
        self.state.withLock { state in
            Self.forgetUnloaded(message.topicHash, in: &state)
            state.unloaded[message.topicHash] = message.byteCount
            state.unloadedBytes += message.byteCount
        }
    }

    /// - Returns: whether there was one.
    @discardableResult
    private static func forgetUnloaded(_ topicHash: UInt64, in state: inout State) -> Bool {
        guard !state.unloaded.isEmpty, let bytes = state.unloaded.removeValue(forKey: topicHash) else { return false }
        state.unloadedBytes -= bytes
        return true
    }

    /// Keeps a message as its topic's retained one, or clears the topic's if the payload is empty [MQTT-3.3.1-6].
    func store(_ message: Message) -> Outcome {
        let levels = TopicLevels(message.topic)
        let isClearing = message.payload.readableBytes == 0
        return self.state.withLock { state in
            let wasUnloaded = Self.forgetUnloaded(message.topicHash, in: &state)
            if isClearing {
                return Self.clear(levels, in: &state) || wasUnloaded ? .cleared : .unchanged
            }
            let present = Self.node(levels, in: state.root)?.message
            let bytes = state.byteCount - (present?.byteCount ?? 0) + message.byteCount
            let treeBytes = state.treeBytes + Self.costOfMissingNodes(levels, in: state.root)
            guard bytes <= state.maximumBytes, bytes + treeBytes <= state.maximumBytes.saturatingDouble,
                present != nil || state.count < state.maximumCount
            else {
                return wasUnloaded ? .refusedOutdating : .refused
            }
            var node = state.root
            for index in 0..<levels.count {
                if let next = node.children[levels[index]] {
                    node = next
                } else {
                    let next = Node()
                    node.children[levels[index]] = next
                    node = next
                }
            }
            if node.message == nil { state.count += 1 }
            node.message = message
            state.byteCount = bytes
            state.treeBytes = treeBytes
            if let expiresAt = message.expiresAt {
                Self.noteExpiry(expiresAt, of: message.topic, in: &state)
            }
            return .stored
        }
    }

    /// A topic that is published again and again leaves an entry each time: when they outnumber the messages by
    /// far, they are gathered anew.
    private static func noteExpiry(_ at: MonotonicTime, of topic: String, in state: inout State) {
        state.expiries.insert(Expiry(at: at, topic: UTF8String(topic)))
        guard state.expiries.count > 2 * state.count + 1024 else { return }
        state.expiries = Heap(Self.expiries(below: state.root))
    }

    private static func expiries(below node: Node) -> [Expiry] {
        var found: [Expiry] = []
        if let message = node.message, let at = message.expiresAt {
            found.append(Expiry(at: at, topic: UTF8String(message.topic)))
        }
        for child in node.children.values { found += self.expiries(below: child) }
        return found
    }

    /// A node with its place in its parent's table: a topic of many short levels takes far more than its bytes.
    private static func costOfNode(_ level: UTF8String) -> Int { 256 + level.text.utf8.count }

    private static func costOfMissingNodes(_ levels: TopicLevels, in root: Node) -> Int {
        var node: Node? = root
        var cost = 0
        for index in 0..<levels.count {
            node = node?.children[levels[index]]
            if node == nil { cost += self.costOfNode(levels[index]) }
        }
        return cost
    }

    private static func node(_ levels: TopicLevels, in root: Node) -> Node? {
        var node = root
        for index in 0..<levels.count {
            guard let next = node.children[levels[index]] else { return nil }
            node = next
        }
        return node
    }

    /// - Returns: whether there was a message.
    @discardableResult
    private static func clear(_ levels: TopicLevels, in state: inout State) -> Bool {
        var path = [state.root]
        for index in 0..<levels.count {
            guard let next = path[index].children[levels[index]] else { return false }
            path.append(next)
        }
        guard let message = path[levels.count].message else { return false }
        path[levels.count].message = nil
        state.count -= 1
        state.byteCount -= message.byteCount
        for index in stride(from: levels.count, to: 0, by: -1) {
            guard path[index].message == nil, path[index].children.isEmpty else { break }
            path[index - 1].children[levels[index - 1]] = nil
            state.treeBytes -= Self.costOfNode(levels[index - 1])
        }
        return true
    }

    /// Whether this very message is still its topic's retained one.
    func holds(_ message: Message) -> Bool { self.message(of: message.topic) === message }

    /// The retained message of a topic.
    func message(of topic: String) -> Message? {
        let levels = TopicLevels(topic)
        return self.state.withLock { Self.node(levels, in: $0.root)?.message }
    }

    /// The retained messages that a filter matches, by walking only where it can match.
    func messages(matching filter: TopicFilter, at now: MonotonicTime) -> [Message] {
        let levels = TopicLevels(filter.filter)
        return self.state.withLock { state in
            var found: [Message] = []
            Self.collect(state.root, levels, 0, now, into: &found)
            return found
        }
    }

    private static func collect(
        _ node: Node,
        _ levels: TopicLevels,
        _ index: Int,
        _ now: MonotonicTime,
        into found: inout [Message]
    ) {
        guard index < levels.count else {
            if let message = node.message, !message.isExpired(at: now) { found.append(message) }
            return
        }
        switch levels[index] {
        case .multiLevelWildcard:
            // `a/#` matches `a` as well [MQTT-4.7.1-2].
            if index > 0, let message = node.message, !message.isExpired(at: now) { found.append(message) }
            for (name, child) in node.children where index > 0 || !name.isSystem {
                self.collectAll(child, now, into: &found)
            }
        case .singleLevelWildcard:
            for (name, child) in node.children where index > 0 || !name.isSystem {
                self.collect(child, levels, index + 1, now, into: &found)
            }
        default:
            if let child = node.children[levels[index]] {
                self.collect(child, levels, index + 1, now, into: &found)
            }
        }
    }

    private static func collectAll(_ node: Node, _ now: MonotonicTime, into found: inout [Message]) {
        if let message = node.message, !message.isExpired(at: now) { found.append(message) }
        for child in node.children.values {
            self.collectAll(child, now, into: &found)
        }
    }

    /// Removes what has expired.
    ///
    /// - Returns: the topics that have no retained message any more.
    func expire(at now: MonotonicTime) -> [String] {
        self.state.withLock { state in
            var topics: [String] = []
            while let first = state.expiries.min, first.at <= now {
                state.expiries.removeMin()
                let levels = TopicLevels(first.topic.text)
                // The topic may hold a later message by now.
                guard let message = Self.node(levels, in: state.root)?.message, message.isExpired(at: now) else {
                    continue
                }
                Self.clear(levels, in: &state)
                topics.append(first.topic.text)
            }
            return topics
        }
    }
}

extension Int {
    /// The tree may take as much again as the messages, and at least a megabyte.
    fileprivate var saturatingDouble: Int {
        let (sum, overflow) = self.addingReportingOverflow(Swift.max(self, 1 << 20))
        return overflow ? .max : sum
    }
}

extension UTF8String {
    fileprivate var isSystem: Bool { self.text.utf8.first == UInt8(ascii: "$") }
}

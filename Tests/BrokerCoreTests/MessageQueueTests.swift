//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

@Suite struct MessageQueueTests {
    private let group = SharedGroup(filter: "$share/g/t", strategy: .roundRobin)

    /// A message of `size` bytes, its topic of one byte included.
    private func message(_ size: Int, _ letter: String = "x", shared: Bool = false) throws -> QueuedMessage {
        QueuedMessage(
            try Message(topic: letter, payload: ByteBuffer(repeating: 0, count: size - 1)),
            DeliveryTerms(qos: .atLeastOnce, isRetained: false, group: shared ? self.group : nil)
        )
    }

    private func limits(_ count: Int, _ bytes: Int, _ policy: QueueDropPolicy) -> MessageQueue.Limits {
        var settings = BrokerSettings()
        settings.maximumQueuedMessages = count
        settings.maximumQueuedBytes = bytes
        settings.queueDropPolicy = policy
        return MessageQueue.Limits(settings)
    }

    private func drain(_ queue: inout MessageQueue) -> String {
        var text = ""
        while let next = queue.popFirst() { text += next.message.topic }
        #expect(queue.byteCount == 0 && queue.isEmpty)
        return text
    }

    /// A limit that has been lowered applies to what comes: one gives way for one, and as many bytes as come.
    @Test func aLoweredLimitDropsNoMoreThanComes() throws {
        var queue = MessageQueue()
        let before = self.limits(10, 100, .oldest)
        for letter in ["a", "b", "c", "d"] { _ = queue.append(try self.message(10, letter), limits: before) }
        guard case .displaced(let one) = queue.append(try self.message(5, "e"), limits: self.limits(2, 100, .oldest)),
            case .displaced(let two) = queue.append(try self.message(15, "f"), limits: self.limits(10, 20, .oldest))
        else {
            Issue.record("nothing gave way")
            return
        }
        #expect(one.map(\.message.topic) == ["a"])
        #expect(two.map(\.message.topic) == ["b", "c"])
        #expect(self.drain(&queue) == "def")
    }

    @Test func theNewestGivesWay() throws {
        var queue = MessageQueue()
        let limits = self.limits(3, 100, .newest)
        for letter in ["a", "b", "c"] {
            guard case .accepted = queue.append(try self.message(10, letter), limits: limits) else {
                Issue.record("\(letter) was not accepted")
                return
            }
        }
        guard case .refused = queue.append(try self.message(1, "d"), limits: limits) else {
            Issue.record("a fourth was accepted")
            return
        }
        #expect(queue.count == 3 && queue.byteCount == 30)
        #expect(self.drain(&queue) == "abc")
    }

    @Test func theOldestGiveWayUntilThereIsRoom() throws {
        var queue = MessageQueue()
        let limits = self.limits(10, 30, .oldest)
        for letter in ["a", "b", "c"] { _ = queue.append(try self.message(10, letter), limits: limits) }
        guard case .displaced(let displaced) = queue.append(try self.message(15, "d"), limits: limits) else {
            Issue.record("nothing was displaced")
            return
        }
        #expect(displaced.map(\.message.topic) == ["a", "b"])
        #expect(queue.byteCount == 25)
        #expect(self.drain(&queue) == "cd")
    }

    /// One that cannot fit at all displaces nobody.
    @Test(arguments: [QueueDropPolicy.newest, .oldest])
    func tooLargeForTheQueue(_ policy: QueueDropPolicy) throws {
        var queue = MessageQueue()
        let limits = self.limits(10, 30, policy)
        _ = queue.append(try self.message(10, "a"), limits: limits)
        guard case .refused = queue.append(try self.message(31, "b"), limits: limits),
            case .refused = queue.append(try self.message(1), limits: self.limits(0, 30, policy))
        else {
            Issue.record("it was accepted")
            return
        }
        #expect(self.drain(&queue) == "a")
    }

    @Test func takingOutKeepsTheOrder() throws {
        var queue = MessageQueue()
        let limits = self.limits(100, 1000, .newest)
        for (index, letter) in "abcdef".enumerated() {
            _ = queue.append(try self.message(10, "\(letter)", shared: index % 2 == 1), limits: limits)
        }
        let removed = queue.remove { $0.terms.group != nil }
        #expect(removed.map(\.message.topic) == ["b", "d", "f"])
        #expect(queue.remove { $0.terms.group != nil }.isEmpty)
        #expect(queue.byteCount == 30)
        #expect(queue.first?.message.topic == "a")
        #expect(self.drain(&queue) == "ace")
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Retained messages that exceeded the limits when the broker started, so that only the store holds them.
@Suite struct StoreRetainedTests {
    private let store = ModelStore.prompt()

    /// - Returns: a broker that has loaded one of five, and the topics of the others.
    private func broker(_ configure: (inout BrokerSettings) -> Void = { _ in }) -> (TestBroker, [String]) {
        var broker = TestBroker(store: self.store)
        let publisher = broker.connected("p")
        for number in 0..<5 {
            publisher.publish("r/\(number)", String(repeating: "x", count: 97), qos: .atLeastOnce, retain: true)
        }
        broker.commit()
        broker = broker.restarted {
            $0.maximumRetainedMessages = 1
            configure(&$0)
        }
        #expect(self.store.tables.retained.count == 5 && broker.state.retainedCount == 1)
        let topics = self.store.tables.retained.keys.filter { broker.state.retained.message(of: $0) == nil }
        return (broker, topics.sorted())
    }

    @Test func theyCanBeCleared() {
        let (broker, topics) = self.broker()
        let publisher = broker.connected("p")
        for (index, topic) in topics.enumerated() {
            publisher.publish(topic, "", qos: .atLeastOnce, retain: true)
            broker.commit()
            #expect(self.store.tables.retained.count == 4 - index && self.store.tables.retained[topic] == nil)
        }
        #expect(broker.state.retainedCount == 1)
        // Once is enough.
        let before = self.store.submissions
        publisher.publish(topics[0], "", retain: true)
        broker.commit()
        #expect(self.store.submissions == before)
    }

    /// What was refused because of the limits was later: the earlier one does not come back.
    @Test func aLaterOneIsRefused() {
        let (broker, topics) = self.broker()
        let publisher = broker.connected("p")
        publisher.publish(topics[0], "new", qos: .atLeastOnce, retain: true)
        broker.commit()
        #expect(broker.metrics.retainedRefused == 1)
        #expect(self.store.tables.retained.count == 4 && self.store.tables.retained[topics[0]] == nil)
        #expect(broker.restarted().state.retained.message(of: topics[0]) == nil)
    }

    @Test func aLaterOneIsKept() {
        let (broker, topics) = self.broker()
        let publisher = broker.connected("p")
        for topic in self.store.tables.retained.keys where !topics.contains(topic) {
            publisher.publish(topic, "", qos: .atLeastOnce, retain: true)
        }
        publisher.publish(topics[0], "new", qos: .atLeastOnce, retain: true)
        broker.commit()
        #expect(self.store.tables.retained[topics[0]].map { String(buffer: $0.payload) } == "new")
        #expect(self.store.tables.retained.count == 4)
    }

    /// They take no room from messages that wait.
    @Test(arguments: [false, true])
    func theyAreNoMessagesThatWait(ofBytes: Bool) {
        let (broker, topics) = self.broker {
            if ofBytes { $0.maximumStoredBytes = 300 } else { $0.maximumStoredMessages = 3 }
        }
        broker.away("c", "s")
        let publisher = broker.connected("p")
        publisher.publish(topics[0], "", qos: .atLeastOnce, retain: true)
        broker.commit()
        for number in 100..<105 {
            publisher.publish("s", "\(number)" + String(repeating: "x", count: 96), qos: .atLeastOnce)
            broker.commit()
        }
        #expect(self.store.tables.texts("c").map { $0.prefix(3) } == ["102", "103", "104"])
    }
}

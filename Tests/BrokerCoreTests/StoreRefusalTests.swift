//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import Testing

@testable import BrokerCore

/// Where messages are refused when there is no room for them, none is accepted and dropped afterwards.
@Suite struct StoreRefusalTests {
    private let store = ModelStore.prompt()

    private func broker(shards: Int = 1, _ configure: (inout BrokerSettings) -> Void = { _ in }) -> TestBroker {
        TestBroker(shards: shards, store: self.store) {
            $0.fullStorePolicy = .refuse
            $0.maximumStoredBytesPerSession = 1000
            configure(&$0)
        }
    }

    private func text(_ bytes: Int) -> String { String(repeating: "x", count: bytes) }

    /// - Returns: what the publisher is told.
    private func publish(_ topic: String, _ bytes: Int, retain: Bool = false, _ client: TestClient) -> ReasonCode? {
        client.publish(topic, self.text(bytes), qos: .atLeastOnce, retain: retain)
        client.broker.commit()
        return client.takeAcknowledgements().first?.reason
    }

    @Test(arguments: [false, true])
    func aMessageThatDoesNotFit(isRetained: Bool) {
        let broker = self.broker()
        broker.away("c", "s")
        let publisher = broker.connected("p")
        #expect(self.publish("s", 1000, retain: isRetained, publisher) == .quotaExceeded, "it never fits")
        #expect(self.publish("s", 899, retain: isRetained, publisher) == .success)
        #expect(self.publish("s", 200, retain: isRetained, publisher) == .quotaExceeded)
        #expect(self.publish("s", 99, retain: isRetained, publisher) == .success)
        #expect(self.publish("s", 0, publisher) == .quotaExceeded)
        #expect(self.store.tables.texts("c").map(\.utf8.count) == [899, 99])
        #expect(broker.metrics.droppedQueueFull == 0)
    }

    /// Room is asked for where the publisher is, which hears late of what has come to a session on another loop.
    @Test(arguments: [false, true])
    func promisedBeforeItWasKnownToBeFull(isRetained: Bool) {
        let broker = self.broker(shards: 2)
        broker.away("c", "s", on: 1)
        let publisher = broker.connected("p")
        for _ in 0..<5 { publisher.publish("s", self.text(500), qos: .atLeastOnce, retain: isRetained) }
        broker.commit()
        #expect(publisher.takeAcknowledgements().map(\.reason) == Array(repeating: .success, count: 5))
        #expect(self.store.tables.texts("c").count == 5)
        #expect(self.publish("s", 1, retain: isRetained, publisher) == .quotaExceeded)
        #expect(broker.metrics.droppedQueueFull == 0)
    }

    @Test func promisedBeforeTheStoreWasFull() {
        let broker = self.broker(shards: 2)
        broker.away("c", "s", on: 1)
        let publisher = broker.connected("p")
        publisher.publish("s", "1", qos: .atLeastOnce)
        self.store.isFull = true
        broker.commit()
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.success])
        #expect(self.store.tables.texts("c") == ["1"])
    }

    /// Nobody can tell a client of an earlier version: only the sessions that are full lose its message.
    @Test(arguments: [0, 1])
    func earlierVersions(shard: Int) {
        let broker = self.broker(shards: 2)
        broker.away("full", "s", "t", on: shard)
        broker.away("free", "s")
        let publisher = broker.connected("p")
        #expect(self.publish("t", 900, publisher) == .success)
        let old = broker.connected("old", .v3_1_1)
        #expect(self.publish("s", 500, old) == .success)
        #expect(self.store.tables.texts("full").count == 1 && self.store.tables.texts("free").count == 1)
        #expect(broker.metrics.droppedQueueFull == 1)
    }

    /// A client does not get its own message, so its session need not have room for it.
    @Test func aPublisherThatDoesNotWantItsOwn() {
        let broker = self.broker()
        let client = broker.kept("c", receiveMaximum: 1)
        client.subscribe("s", qos: .atLeastOnce, noLocal: true)
        client.subscribe("t", qos: .atLeastOnce)
        let publisher = broker.connected("p")
        for _ in 0..<2 { #expect(self.publish("t", 990, publisher) == .success) }
        #expect(self.publish("t", 990, publisher) == .quotaExceeded)
        #expect(self.publish("s", 990, client) == .success)
    }

    /// A shared group has room as long as one of its members has.
    @Test(arguments: [ProtocolVersion.v5, .v3_1_1], [SharedStrategy.roundRobin, .sticky, .random, .hashTopic])
    func sharedGroups(_ version: ProtocolVersion, _ strategy: SharedStrategy) {
        let broker = self.broker(shards: 2) { $0.sharedStrategy = strategy }
        broker.away("a", "$share/g/s", "a")
        broker.away("b", "$share/g/s", on: 1)
        let publisher = broker.connected("p")
        #expect(self.publish("a", 900, publisher) == .success)
        let other = broker.connected("other", version)
        for _ in 0..<3 { #expect(self.publish("s", 300, other) == .success) }
        #expect(self.store.tables.texts("a").count == 1 && self.store.tables.texts("b").count == 3)
        #expect(self.publish("s", 300, publisher) == .quotaExceeded)
        #expect(broker.metrics.droppedQueueFull == 0)
    }

    /// An online member that is full does not hold up those that are away.
    @Test func anOnlineMemberThatIsFull() {
        let broker = self.broker()
        let slow = broker.kept("slow", receiveMaximum: 1)
        slow.subscribe("$share/g/s", qos: .atLeastOnce)
        broker.away("away", "$share/g/s")
        let publisher = broker.connected("p")
        for _ in 0..<3 { #expect(self.publish("s", 600, publisher) == .success) }
        #expect(self.store.tables.texts("slow").count == 2 && self.store.tables.texts("away").count == 1)
    }
}

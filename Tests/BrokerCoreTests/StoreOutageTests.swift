//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// A store that can't write, is congested or is full.
@Suite struct StoreOutageTests {
    private let store = ModelStore()

    private func broker(_ configure: (inout BrokerSettings) -> Void = { _ in }) -> (TestBroker, TestClient) {
        let broker = TestBroker(store: self.store, configure)
        let subscriber = broker.kept("subscriber")
        subscriber.subscribe("s")
        broker.commit()
        _ = subscriber.take()
        return (broker, subscriber)
    }

    // MARK: It can't write

    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func newPublishersAreTold(_ qos: QoS) {
        let (broker, subscriber) = self.broker()
        let publisher = broker.connected("p")
        self.store.isAvailable = false
        publisher.publish("s", "1", qos: qos)
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.quotaExceeded])
        #expect(subscriber.takeTexts().isEmpty)
        #expect(broker.metrics.publishesRefused == 1)
        // The identifier is free again, and the client stays.
        self.store.isAvailable = true
        publisher.publish("s", "2", qos: qos, identifier: 1)
        broker.commit()
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.success])
    }

    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func oldPublishersAreDisconnected(_ qos: QoS) {
        let (broker, subscriber) = self.broker()
        let publisher = broker.connected("p", .v3_1_1)
        self.store.isAvailable = false
        publisher.publish("s", "1", qos: qos)
        #expect(publisher.isClosed && publisher.takeArrived().isEmpty)
        #expect(subscriber.takeTexts().isEmpty)
    }

    @Test func whatNobodyStoresGoesOn() {
        let (broker, subscriber) = self.broker()
        let clean = broker.connected("clean")
        clean.subscribe("clean")
        let publisher = broker.connected("p", .v3_1_1)
        self.store.isAvailable = false
        publisher.publish("s", "0")
        publisher.publish("clean", "1", qos: .atLeastOnce)
        publisher.publish("clean", "2", qos: .exactlyOnce)
        #expect(subscriber.takeTexts() == ["0"])
        #expect(clean.takeTexts() == ["1", "2"])
        #expect(publisher.takeTypes() == [.publishAck, .publishReceived])
        publisher.publish("clean", "3", qos: .atLeastOnce, retain: true)
        #expect(publisher.isClosed, "a retained message has to be stored")
    }

    @Test(arguments: [(ProtocolVersion.v5, ReasonCode.quotaExceeded), (.v3_1_1, .unspecifiedError)])
    func subscriptions(_ version: ProtocolVersion, _ reason: ReasonCode) {
        let broker = TestBroker(store: self.store)
        let client = broker.kept("c", version)
        _ = client.take()
        self.store.isAvailable = false
        #expect(client.subscribe("a") == [reason])
        #expect(broker.state.subscriptionCount == 0)
        let clean = broker.connected("clean", version) { $0.cleanStart = true }
        #expect(clean.subscribe("a") == [.grantedQoS2])
    }

    @Test func newSessions() {
        let broker = TestBroker(store: self.store)
        self.store.isAvailable = false
        let old = broker.client("old", .v3_1_1)
        #expect(old.connect { $0.keepSession() }?.reason.isError == true)
        #expect(old.isClosed)
        let new = broker.client("new", .v5)
        let answer = new.connect { $0.keepSession() }
        #expect(answer?.reason == .success)
        #expect(answer?.properties.sessionExpiryInterval == 0)
        #expect(broker.session("new")?.account == nil)
    }

    /// A client comes back to what is safe already; what it brings about waits.
    @Test func resumedSessionsAndRecovery() {
        let (broker, subscriber) = self.broker()
        let publisher = broker.connected("p")
        publisher.publish("s", "1", qos: .atLeastOnce)
        publisher.publish("s", "2", qos: .exactlyOnce)
        broker.settle()
        self.store.isAvailable = false
        broker.commit()
        subscriber.drop()
        let again = broker.client("subscriber")
        #expect(again.connect { $0.keepSession() }?.sessionPresent == true)
        #expect(again.takeTexts() == ["1"], "QoS 2 waits for its packet identifier")
        #expect(publisher.takeTypes().isEmpty)
        again.acknowledge(.publishAck, 1)
        broker.advance(seconds: 100)
        self.store.isAvailable = true
        broker.commit()
        #expect(publisher.takeTypes() == [.publishAck, .publishReceived])
        #expect(again.drain().map(\.text) == ["2"])
        #expect(self.store.tables.deliveryCount == 0)
        #expect(broker[0].holding.isEmpty)
    }

    /// A client whose session has begun just before, and is not safe, is not told that it is there.
    @Test(arguments: [0, 1])
    func sessionsThatAreNotSafe(shard: Int) {
        let broker = TestBroker(shards: 2, store: self.store)
        let first = broker.client("c")
        first.send(first.connectPacket { $0.keepSession() })
        broker.settle()
        self.store.isAvailable = false
        let second = broker.client("c", on: shard)
        second.send(second.connectPacket { $0.keepSession() })
        #expect(first.takeTypes().isEmpty && second.takeTypes().isEmpty)
        self.store.isAvailable = true
        broker.commit()
        #expect(second.takeTypes() == [.connectAck])
        // From then on it is let in at once.
        self.store.isAvailable = false
        let third = broker.client("c", on: shard)
        third.send(third.connectPacket { $0.keepSession() })
        #expect(third.takeTypes() == [.connectAck])
    }

    // MARK: It is behind

    /// Publishers are read no further while more waits to be written than should, and go on afterwards. It may be other
    /// shards' changes that are in the way.
    @Test func congestion() {
        let (broker, _) = self.broker()
        let publisher = broker.connected("p")
        self.store.isCongested = true
        publisher.publish("s", "1", qos: .atLeastOnce)
        #expect(!publisher.transport.isReading)
        broker.commit()
        #expect(!publisher.transport.isReading, "there is more")
        self.store.isCongested = false
        broker.advance(milliseconds: 500)
        #expect(publisher.transport.isReading)
    }

    // MARK: It is full

    @Test(arguments: [true, false])
    func refusing(isStoreFull: Bool) {
        let (broker, subscriber) = self.broker {
            $0.fullStorePolicy = .refuse
            $0.maximumStoredMessagesPerSession = isStoreFull ? 1000 : 3
        }
        subscriber.drop()
        let publisher = broker.connected("p")
        for number in 0..<3 { publisher.publish("s", "\(number)", qos: .atLeastOnce) }
        broker.commit()
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.success, .success, .success])
        self.store.isFull = isStoreFull
        publisher.publish("s", "refused", qos: .atLeastOnce)
        publisher.publish("nobody", qos: .atLeastOnce)
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.quotaExceeded, .noMatchingSubscribers])
        // A client that can't be told is answered, and the session that is full loses the message.
        let old = broker.connected("old", .v3_1_1)
        old.publish("s", "lost", qos: .atLeastOnce)
        broker.commit()
        #expect(old.takeTypes() == [.publishAck])
        let again = broker.kept("subscriber")
        self.store.isFull = false
        #expect(again.drain().map(\.text) == ["0", "1", "2"])
        publisher.publish("s", "more", qos: .atLeastOnce)
        broker.commit()
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.success])
    }

    /// A member of a shared group that has passed on what waited for it is not full any more.
    @Test func fullBeforeItPassedItsMessagesOn() {
        let broker = TestBroker(store: self.store) {
            $0.fullStorePolicy = .refuse
            $0.maximumStoredMessagesPerSession = 3
        }
        let first = broker.kept("a", receiveMaximum: 1)
        first.subscribe("$share/g/s", qos: .atLeastOnce)
        let publisher = broker.connected("p")
        for number in 0..<4 { publisher.publish("s", "\(number)", qos: .atLeastOnce) }
        broker.commit()
        #expect(broker.session("a")?.account?.messageCount == 3)
        let second = broker.kept("b")
        second.subscribe("$share/g/s", qos: .atLeastOnce)
        broker.commit()
        first.drop()
        #expect(broker.session("a")?.account?.messageCount == 0)
        #expect(second.drain().map(\.text) == ["0", "1", "2", "3"])
        #expect(self.store.tables.deliveryCount == 0)
    }

    /// The oldest messages give way, also where only the store has them, and however long it takes to read them.
    @Test(arguments: [1, 3, 30], [1, 4, 50])
    func droppingTheOldest(inMemory: Int, commitEvery: Int) {
        let (broker, subscriber) = self.broker {
            $0.fullStorePolicy = .dropOldest
            $0.maximumStoredMessagesPerSession = 20
            $0.queuedMessagesInMemory = inMemory
        }
        subscriber.drop()
        let publisher = broker.connected("p")
        for number in 0..<400 {
            publisher.publish("s", "\(number)", qos: .atLeastOnce)
            if number % commitEvery == 0 { broker.commit() } else { broker.settle() }
        }
        broker.commit()
        // Those that were accepted while the oldest were read are made room for afterwards.
        let count = self.store.tables.texts("subscriber").count
        #expect(count == 20)
        #expect(broker.metrics.droppedQueueFull == 380)
        let again = broker.kept("subscriber")
        #expect(again.drain().map(\.text) == (380..<400).map { "\($0)" })
        #expect(self.store.tables.deliveryCount == 0)
    }

    @Test func droppingTheOldestByBytes() {
        let (broker, subscriber) = self.broker {
            $0.fullStorePolicy = .dropOldest
            $0.maximumStoredBytesPerSession = 1000
            $0.queuedMessagesInMemory = 2
        }
        subscriber.drop()
        let publisher = broker.connected("p")
        for number in 0..<100 {
            publisher.publish("s", String(repeating: "x", count: 96) + "\(100 + number)", qos: .atLeastOnce)
            broker.settle()
        }
        broker.commit()
        #expect(self.store.tables.texts("subscriber").map { $0.suffix(3) } == (190..<200).map { "\($0)" })
        publisher.publish("s", String(repeating: "x", count: 1000), qos: .atLeastOnce)
        broker.commit()
        #expect(self.store.tables.texts("subscriber").count == 10, "one that never fits displaces nothing")
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// What promises something waits until it is safe, in order; nothing else waits.
@Suite struct StoreHoldTests {
    private let store = ModelStore()

    /// A broker with a subscriber to `s` whose session is kept; what follows is not safe before the test says so.
    private func broker(shards: Int = 1, subscriber qos: QoS = .exactlyOnce) -> (TestBroker, TestClient) {
        let broker = TestBroker(shards: shards, store: self.store)
        let subscriber = broker.kept("subscriber", on: shards - 1)
        subscriber.subscribe("s", qos: qos)
        broker.commit()
        _ = subscriber.take()
        return (broker, subscriber)
    }

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5])
    func connectAck(_ version: ProtocolVersion) {
        let broker = TestBroker(store: self.store)
        let client = broker.client("c", version)
        client.send(client.connectPacket { $0.keepSession() }, .pingRequest)
        #expect(client.takeTypes().isEmpty)
        broker.commit()
        #expect(client.takeTypes() == [.connectAck, .pingResponse])
        #expect(self.store.tables.session("c")?.record.expiryInterval == .max)
    }

    /// Session present is a promise too: what was changed before has to be safe.
    @Test func connectAckOfAResumedSession() {
        let broker = TestBroker(shards: 2, store: self.store)
        let first = broker.kept("c")
        #expect(first.takeTypes() == [.connectAck])
        first.subscribe("a")
        let second = broker.client("c", on: 1)
        second.send(second.connectPacket { $0.keepSession() })
        #expect(second.takeTypes().isEmpty)
        self.store.commit(1)
        #expect(second.takeTypes().isEmpty)
        broker.commit()
        #expect(second.takeTypes() == [.connectAck])
        #expect(self.store.tables.session("c")?.subscriptions.keys.sorted() == ["a"])
    }

    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce], [1, 2])
    func answerToAPublisher(_ qos: QoS, shards: Int) {
        let (broker, _) = self.broker(shards: shards)
        let publisher = broker.connected("p")
        publisher.publish("s", "1", qos: qos)
        #expect(publisher.takeTypes().isEmpty)
        publisher.send(.pingRequest)
        #expect(publisher.takeTypes() == [.pingResponse], "not held")
        broker.commit()
        #expect(publisher.takeTypes() == [qos == .atLeastOnce ? .publishAck : .publishReceived])
        #expect(self.store.tables.texts("subscriber") == ["1"])
    }

    @Test func retainedMessagesComeBehindTheAnswerToSubscribe() {
        let (broker, client) = self.broker()
        broker.connected("p").publish("r", "retained", retain: true)
        broker.commit()
        client.send(
            .subscribe(
                Subscribe(
                    packetIdentifier: 7,
                    filters: [Subscribe.Filter(filter: "r", options: .init(qos: .atLeastOnce))]
                )
            )
        )
        #expect(client.takeTypes().isEmpty)
        broker.commit()
        #expect(client.takeTypes() == [.subscribeAck, .publish])
    }

    @Test func subscribeAndUnsubscribe() {
        let (broker, client) = self.broker()
        client.send(
            .subscribe(
                Subscribe(
                    packetIdentifier: 7,
                    filters: [Subscribe.Filter(filter: "a", options: .init(qos: .atLeastOnce))]
                )
            )
        )
        client.send(.unsubscribe(Unsubscribe(packetIdentifier: 8, filters: ["s"])))
        #expect(client.takeTypes().isEmpty)
        broker.commit()
        #expect(client.takeTypes() == [.subscribeAck, .unsubscribeAck])
        #expect(self.store.tables.session("subscriber")?.subscriptions.keys.sorted() == ["a"])
        client.send(.unsubscribe(Unsubscribe(packetIdentifier: 9, filters: ["unknown"])))
        #expect(client.takeTypes() == [.unsubscribeAck], "nothing has changed")
    }

    /// PUBREC and PUBCOMP of a publisher whose session is kept, although nobody gets the message.
    @Test func exactlyOnceOfAKeptPublisher() {
        let broker = TestBroker(store: self.store)
        let publisher = broker.kept("p")
        _ = publisher.take()
        let identifier = publisher.publish("nobody", qos: .exactlyOnce)
        #expect(publisher.takeTypes().isEmpty)
        broker.commit()
        #expect(publisher.takeTypes() == [.publishReceived])
        #expect(self.store.tables.session("p")?.received == [identifier])
        publisher.acknowledge(.publishRelease, identifier)
        #expect(publisher.takeTypes().isEmpty)
        broker.commit()
        #expect(publisher.takeTypes() == [.publishComplete])
        #expect(self.store.tables.session("p")?.received == [])
    }

    /// QoS 2 to a kept session: its packet identifier, and that PUBREC has come, have to be safe.
    @Test func exactlyOnceToASubscriber() {
        let (broker, subscriber) = self.broker()
        broker.connected("p").publish("s", "1", qos: .exactlyOnce)
        #expect(subscriber.takeTypes().isEmpty)
        broker.commit()
        guard case .publish(let publish)? = subscriber.takeFirst(.publish) else {
            Issue.record("no PUBLISH")
            return
        }
        subscriber.acknowledge(.publishReceived, publish.packetIdentifier)
        #expect(subscriber.takeTypes().isEmpty)
        broker.commit()
        #expect(subscriber.takeTypes() == [.publishRelease])
        subscriber.acknowledge(.publishComplete, publish.packetIdentifier)
        broker.commit()
        #expect(self.store.tables.deliveryCount == 0)
        #expect(broker.session("subscriber")?.inflight.isEmpty == true)
    }

    /// Nobody is told anything by a message of QoS 0 or 1 itself.
    @Test func messagesThatDoNotWait() {
        let (broker, subscriber) = self.broker(subscriber: .atLeastOnce)
        let publisher = broker.connected("p")
        publisher.publish("s", "0")
        publisher.publish("s", "1", qos: .atLeastOnce)
        #expect(subscriber.takeTexts() == ["0", "1"])
        #expect(publisher.takeTypes().isEmpty)
    }

    /// What nobody stores is acknowledged at once, unless an earlier acknowledgement waits [MQTT-4.6.0-2].
    @Test func acknowledgementsKeepTheirOrder() {
        let (broker, _) = self.broker()
        let publisher = broker.connected("p")
        let first = publisher.publish("nobody", qos: .atLeastOnce)
        #expect(publisher.takeAcknowledgements().map(\.packetIdentifier) == [first])
        let identifiers = (0..<4).map { publisher.publish($0.isMultiple(of: 2) ? "s" : "nobody", qos: .atLeastOnce) }
        #expect(publisher.takeAcknowledgements().isEmpty)
        publisher.publish("s", qos: .atLeastOnce)
        broker.settle()
        self.store.commit(1)
        #expect(publisher.takeAcknowledgements().map(\.packetIdentifier) == identifiers)
        broker.commit()
        #expect(publisher.takeAcknowledgements().count == 1)
        publisher.publish("nobody", qos: .atLeastOnce)
        #expect(publisher.takeAcknowledgements().count == 1, "nothing is held any more")
    }

    @Test func cleanSessionsLeaveNoTrace() {
        let broker = TestBroker(shards: 2, store: self.store)
        let subscriber = broker.connected("s", .v3_1_1, on: 1) { $0.cleanStart = true }
        let publisher = broker.connected("p")
        #expect(subscriber.subscribe("#") == [.grantedQoS2])
        for qos in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce] { publisher.publish("t", qos: qos) }
        #expect(publisher.takeTypes() == [.publishAck, .publishReceived])
        #expect(subscriber.takeTexts().count == 3)
        subscriber.unsubscribe("#")
        subscriber.drop()
        #expect(self.store.pendingCount == 0 && self.store.fetchCount == 0)
    }

    @Test func nothingWaitsIfNotAskedTo() {
        let broker = TestBroker(store: self.store, holdsAcknowledgements: false)
        let subscriber = broker.connected("s") { $0.keepSession() }
        #expect(subscriber.subscribe("s") == [.grantedQoS2])
        let publisher = broker.connected("p") { $0.keepSession() }
        publisher.publish("s", "1", qos: .exactlyOnce)
        publisher.publish("s", "2", qos: .atLeastOnce)
        #expect(publisher.takeTypes() == [.publishReceived, .publishAck])
        #expect(subscriber.takeTexts() == ["1", "2"])
        #expect(self.store.pendingCount > 0)
    }

    // MARK: Connections that go

    @Test func closedWithHeldPackets() {
        let (broker, subscriber) = self.broker()
        let publisher = broker.kept("p")
        _ = publisher.take()
        publisher.publish("s", "1", qos: .exactlyOnce)
        broker.settle()
        publisher.drop()
        subscriber.drop()
        broker.commit()
        #expect(publisher.takeArrived().isEmpty && subscriber.takeArrived().isEmpty)
        #expect(broker[0].holding.isEmpty)
        // Both come again and find it as it was.
        let publisherAgain = broker.kept("p")
        #expect(publisherAgain.takeTypes() == [.connectAck])
        publisherAgain.publish("s", "1", qos: .exactlyOnce, duplicate: true, identifier: 1)
        #expect(publisherAgain.takeTypes() == [.publishReceived], "it is safe already")
        let again = broker.kept("subscriber")
        #expect(again.drain().map(\.text) == ["1"])
        #expect(self.store.tables.deliveryCount == 0)
    }

    @Test func goneBeforeConnectAck() {
        let broker = TestBroker(store: self.store)
        let client = broker.client("c")
        client.send(client.connectPacket { $0.keepSession(seconds: 10) })
        broker.settle()
        client.drop()
        broker.commit()
        #expect(client.takeArrived().isEmpty)
        #expect(self.store.tables.session("c")?.record.disconnectedAt != nil)
        broker.advance(seconds: 11)
        broker.commit()
        #expect(self.store.tables.sessions.isEmpty)
        broker.expectEmpty()
    }

    /// A client that is refused after it was let in, but before it has been told, gets no CONNACK.
    @Test func refusedBeforeConnectAck() {
        let broker = TestBroker(store: self.store)
        let client = broker.client("c")
        client.send(client.connectPacket { $0.keepSession() })
        broker.settle()
        let next = broker.client("c")
        next.send(next.connectPacket { $0.keepSession() })
        #expect(client.isClosed && client.takeArrived().isEmpty)
        broker.commit()
        #expect(next.takeTypes() == [.connectAck])
    }

    /// What one packet brings about the store gets as a whole, whatever else happens in that turn.
    @Test func onePacketIsOneSubmission() {
        let broker = TestBroker(store: self.store) {
            $0.queuedMessagesInMemory = 2
            $0.maximumStoredMessagesPerSession = 4
        }
        broker.away("a", "s")
        broker.away("b", "$share/g/s")
        let publisher = broker.kept("p")
        for number in 0..<30 {
            let before = self.store.pendingCount
            publisher.publish("s", "\(number)", qos: .exactlyOnce)
            broker.settle()
            #expect(self.store.pendingCount == before + 1)
            if number % 3 == 0 { broker.commit() }
        }
        #expect(self.store.fetchCount > 0, "the oldest of a's messages are read in order to be dropped")
    }
}

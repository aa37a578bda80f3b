//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// What is there after the broker was killed and started again.
@Suite struct StoreRestartTests {
    private let store = ModelStore.prompt()

    private func broker(shards: Int = 1) -> TestBroker { TestBroker(shards: shards, store: self.store) }

    @Test(arguments: [1, 2, 3], [ProtocolVersion.v3_1_1, .v5])
    func subscriptionsAndMessages(shards: Int, _ version: ProtocolVersion) {
        var broker = self.broker(shards: shards)
        var client = broker.kept("c", version)
        client.subscribe("a/+", qos: .exactlyOnce)
        client.subscribe("b", qos: .atLeastOnce)
        client.drop()
        broker.connected("p", version).publish("a/1", "before", qos: .exactlyOnce)
        broker.settle()
        broker = broker.restarted(shards: shards % 3 + 1)
        #expect(broker.state.subscriptionCount == 2 && broker.state.sessionsOffline == 1)
        broker.connected("p", version).publish("b", "after", qos: .exactlyOnce)
        client = broker.client("c", version, on: shards % 3)
        #expect(client.connect { $0.keepSession() }?.sessionPresent == true)
        // What waits for the store may be overtaken by another QoS.
        let messages = client.drain().sorted { $0.qos > $1.qos }
        #expect(messages.map(\.text) == ["before", "after"])
        #expect(messages.map(\.qos) == [.exactlyOnce, .atLeastOnce])
        #expect(self.store.tables.deliveryCount == 0)
        broker.expectAtRest()
    }

    /// A client that goes on at once is understood only when it is known again what is in flight to it: else it would be
    /// sent again what it has confirmed.
    @Test func whatAClientSaysOfMessagesInFlightWaitsUntilTheyAreKnown() {
        var broker = self.broker()
        var client = broker.kept("c")
        client.subscribe("s")
        broker.connected("p").publish("s", "1", qos: .exactlyOnce)
        let identifier = client.takeMessages().first?.packetIdentifier ?? 0
        broker = broker.restarted()
        client = broker.client("c")
        client.send(
            client.connectPacket { $0.keepSession() },
            .acknowledgement(Acknowledgement(kind: .publishReceived, packetIdentifier: identifier)),
            .pingRequest
        )
        let types = client.takeTypes()
        #expect(types.filter { $0 != .publish } == [.connectAck, .pingResponse, .publishRelease])
        #expect(types.firstIndex(of: .publish) ?? 0 < types.firstIndex(of: .publishRelease) ?? 0)
        #expect(client.transport.isReading)
    }

    /// Packet identifiers, DUP and the state of each handshake are as they were.
    @Test func messagesInFlight() {
        var broker = self.broker()
        var client = broker.kept("c")
        client.subscribe("#")
        let publisher = broker.connected("p")
        for number in 1...6 { publisher.publish("s", "\(number)", qos: number == 2 ? .atLeastOnce : .exactlyOnce) }
        let sent = client.takeMessages()
        #expect(sent.count == 6)
        let identifiers = Dictionary(uniqueKeysWithValues: sent.map { ($0.text, $0.packetIdentifier) })
        client.acknowledge(.publishReceived, identifiers["3"] ?? 0)
        for kind in [Acknowledgement.Kind.publishReceived, .publishComplete] {
            client.acknowledge(kind, identifiers["1"] ?? 0)
        }
        broker.settle()
        broker = broker.restarted()
        client = broker.kept("c")
        let packets = client.take()
        let again = packets.compactMap { packet -> Publish? in
            if case .publish(let publish) = packet { publish } else { nil }
        }
        #expect(again.map(\.text) == ["2", "4", "5", "6"])
        #expect(again.allSatisfy { $0.isDuplicate })
        #expect(again.allSatisfy { identifiers[$0.text] == $0.packetIdentifier })
        let released = packets.compactMap { packet -> UInt16? in
            if case .acknowledgement(let packet) = packet, packet.kind == .publishRelease {
                packet.packetIdentifier
            } else {
                nil
            }
        }
        #expect(released == [identifiers["3"]])
        // A new one gets an identifier of its own.
        broker.connected("p").publish("s", "7", qos: .atLeastOnce)
        let fresh = client.takeMessages()
        #expect(fresh.map(\.text) == ["7"] && !identifiers.values.contains(fresh.first?.packetIdentifier ?? 1))
        client.acknowledge(.publishComplete, identifiers["3"] ?? 0)
        client.acknowledge(.publishAck, identifiers["2"] ?? 0)
        client.acknowledge(.publishAck, fresh.first?.packetIdentifier ?? 0)
        for text in ["4", "5", "6"] { client.acknowledge(.publishReceived, identifiers[text] ?? 0) }
        _ = client.drain()
        for text in ["4", "5", "6"] { client.acknowledge(.publishComplete, identifiers[text] ?? 0) }
        broker.commit()
        #expect(self.store.tables.deliveryCount == 0)
    }

    /// What waits for PUBREL is not routed twice.
    @Test func receivedExactlyOnce() {
        var broker = self.broker()
        broker.away("s", "t")
        var publisher = broker.kept("p")
        publisher.publish("t", "1", qos: .exactlyOnce, identifier: 9)
        _ = publisher.take()
        broker = broker.restarted()
        publisher = broker.kept("p")
        publisher.publish("t", "1", qos: .exactlyOnce, duplicate: true, identifier: 9)
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.success])
        publisher.acknowledge(.publishRelease, 9)
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.success])
        #expect(broker.kept("s").drain().map(\.text) == ["1"])
        broker = broker.restarted()
        publisher = broker.kept("p")
        publisher.acknowledge(.publishRelease, 9)
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.packetIdentifierNotFound])
    }

    @Test func sharedGroups() {
        var broker = self.broker(shards: 2)
        for name in ["a", "b"] { broker.away(name, "$share/g/t") }
        let publisher = broker.connected("p")
        for number in 0..<10 { publisher.publish("t", "\(number)", qos: .atLeastOnce) }
        broker.settle()
        broker = broker.restarted()
        #expect(broker.state.subscriptionCount == 2)
        let first = broker.kept("a").drain().map(\.text)
        let second = broker.kept("b", on: 1).drain().map(\.text)
        #expect(first.count == 5 && Set(first + second) == Set((0..<10).map { "\($0)" }))
        // The group works as before: what a member has not acknowledged goes to the other when it leaves for good.
        let quitter = broker.kept("a")
        broker.connected("p").publish("t", "more", qos: .atLeastOnce)
        broker.connected("p").publish("t", "more", qos: .atLeastOnce)
        let got = quitter.takeTexts().count
        quitter.disconnect(properties: [.sessionExpiryInterval(0)])
        let rest = broker.kept("b", on: 1).drain().map(\.text)
        #expect(got >= 1 && rest == ["more", "more"])
        #expect(self.store.tables.deliveryCount == 0)
    }

    @Test func delayedWill() {
        var broker = self.broker()
        broker.away("s", "will")
        let client = broker.client("c")
        client.connect {
            $0.keepSession(seconds: 100)
            $0.will = Will(
                topic: "will",
                payload: ByteBuffer(string: "gone"),
                qos: .atLeastOnce,
                properties: [.willDelayInterval(30)]
            )
        }
        client.drop()
        broker = broker.restarted()
        broker.advance(seconds: 29)
        #expect(self.store.tables.texts("s").isEmpty)
        broker.advance(seconds: 2)
        #expect(self.store.tables.texts("s") == ["gone"])
        broker = broker.restarted()
        broker.advance(seconds: 50)
        #expect(self.store.tables.texts("s") == ["gone"], "once")
    }

    /// The client is back before it is due.
    @Test func delayedWillTakenBack() {
        var broker = self.broker()
        broker.away("s", "will")
        let client = broker.client("c")
        client.connect {
            $0.keepSession(seconds: 100)
            $0.will = Will(
                topic: "will",
                payload: ByteBuffer(),
                qos: .atLeastOnce,
                properties: [.willDelayInterval(30)]
            )
        }
        client.drop()
        broker = broker.restarted()
        let again = broker.kept("c")
        broker.advance(seconds: 50)
        again.drop()
        broker.advance(seconds: 50)
        #expect(self.store.tables.texts("s").isEmpty)
    }

    @Test func timeGoesOnWhileItIsDown() {
        var broker = self.broker()
        for (name, seconds) in [("short", UInt32(10)), ("long", 100), ("ever", .max)] {
            let client = broker.kept(name, seconds: seconds)
            client.subscribe("t", qos: .atLeastOnce)
            client.drop()
        }
        broker.connected("p").publish("t", "1", qos: .atLeastOnce)
        broker.settle()
        broker.advance(seconds: 5)
        broker.clock.now = broker.clock.now.adding(seconds: 20)
        broker = broker.restarted()
        #expect(broker.session("short") == nil && self.store.tables.session("short") == nil)
        #expect(broker.session("long") != nil)
        broker.advance(seconds: 70)
        #expect(broker.session("long") != nil)
        broker.advance(seconds: 10)
        #expect(broker.session("long") == nil && self.store.tables.session("long") == nil)
        #expect(broker.session("ever") != nil)
        #expect(self.store.tables.deliveryCount == 1)
    }

    @Test func retainedMessages() {
        var broker = self.broker()
        let publisher = broker.connected("p")
        for topic in ["a", "b"] { publisher.publish(topic, "1", qos: .atLeastOnce, retain: true) }
        publisher.publish("a", "2", qos: .atLeastOnce, retain: true)
        publisher.publish("b", "", qos: .atLeastOnce, retain: true)
        broker.settle()
        broker = broker.restarted()
        let client = broker.kept("c")
        client.subscribe("#", qos: .atLeastOnce)
        let messages = client.drain()
        #expect(messages.map(\.text) == ["2"] && messages.allSatisfy { $0.isRetained })
        #expect(self.store.tables.deliveryCount == 0)
    }

    /// A retained message that waits for a session's client is stored like any other.
    @Test func retainedMessagesThatWait() {
        var broker = self.broker()
        let publisher = broker.connected("p")
        for number in 0..<8 { publisher.publish("r/\(number)", "\(number)", qos: .atLeastOnce, retain: true) }
        let client = broker.kept("c", receiveMaximum: 2)
        client.subscribe("#", qos: .exactlyOnce)
        client.drop()
        broker = broker.restarted()
        let texts = broker.kept("c").drain().map(\.text)
        #expect(texts.count >= 2, "those that were sent, at least")
        #expect(self.store.tables.deliveryCount == 0)
    }

    /// What its client said in CONNECT is known when the client is not there, and after a restart.
    @Test func connectionParametersOfSomebodyWhoIsAway() {
        let rules = ChangingRules()
        var broker = TestBroker(extensions: [rules], store: self.store)
        let client = broker.client("c")
        client.connect {
            $0.keepSession()
            $0.userName = "adam"
        }
        client.subscribe("t", "u", qos: .atLeastOnce)
        client.drop()
        rules.refuse("adam:u")
        broker = broker.restarted(extensions: [rules])
        #expect(broker.session("c")?.info.userName == "adam")
        #expect(broker.session("c")?.info.version == .v5)
        #expect(broker.session("c")?.info.peer.host == "192.0.2.1")
        broker[0].recheckAccess()
        broker.settle()
        #expect(broker.session("c")?.entries.count == 2, "what let it in may not be known before it is back")
        broker.client("c").connect {
            $0.keepSession()
            $0.userName = "adam"
        }
        broker.settle()
        #expect(broker.session("c")?.entries.count == 1)
    }

    /// Another user comes to a session with messages in flight that the store has kept: those which it may not have are
    /// not sent again.
    @Test(arguments: [("adam", 2), ("eve", 1)])
    func inFlightToAnotherUser(user: String, expected: Int) {
        let rules = ChangingRules()
        var broker = TestBroker(extensions: [rules], store: self.store)
        let client = broker.client("c")
        client.connect {
            $0.keepSession()
            $0.userName = "adam"
        }
        client.subscribe("#", qos: .atLeastOnce)
        let publisher = broker.connected("p")
        for topic in ["a", "b"] { publisher.publish(topic, topic, qos: .atLeastOnce) }
        #expect(client.takeTexts() == ["a", "b"])
        broker = broker.restarted(extensions: [rules])
        rules.refuse("b")
        let again = broker.client("c")
        again.connect {
            $0.keepSession()
            $0.userName = user
        }
        #expect(again.takeTexts().count == expected)
    }

    @Test func cleanStartForgetsWhatWasKept() {
        var broker = self.broker(shards: 2)
        broker.away("c", "t")
        broker.connected("p").publish("t", "1", qos: .atLeastOnce)
        broker.settle()
        broker = broker.restarted()
        let client = broker.client("c")
        #expect(client.connect { $0.cleanStart = true }?.sessionPresent == false)
        #expect(client.takeTexts().isEmpty)
        #expect(self.store.tables.sessions.isEmpty)
        #expect(broker.state.subscriptionCount == 0)
        broker.expectAtRest()
    }
}

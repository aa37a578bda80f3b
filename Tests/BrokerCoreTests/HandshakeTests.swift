//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// QoS 1 and 2 in both directions, and what of them outlives a connection (sections 4.3, 4.4 and 4.9).
@Suite struct HandshakeTests {
    static let versions: [ProtocolVersion] = [.v3_1_1, .v5]

    /// A client whose session stays.
    private func resident(
        _ broker: TestBroker,
        _ version: ProtocolVersion,
        clean: Bool = false,
        receiveMaximum: UInt16? = nil
    ) -> TestClient {
        broker.connected("resident", version) {
            $0.cleanStart = clean
            if version == .v5 {
                $0.properties.sessionExpiryInterval = 1000
                $0.properties.receiveMaximum = receiveMaximum
            }
        }
    }

    // MARK: From the client

    @Test(arguments: versions)
    func publishAtLeastOnceIsAcknowledged(_ version: ProtocolVersion) {
        let broker = TestBroker()
        let client = broker.connected("c", version)
        client.publish("nobody", qos: .atLeastOnce, identifier: 7)
        let expected: ReasonCode = version == .v5 ? .noMatchingSubscribers : .success
        #expect(
            client.takeAcknowledgements()
                == [Acknowledgement(kind: .publishAck, packetIdentifier: 7, reason: expected)]
        )
        client.subscribe("somebody")
        client.publish("somebody", qos: .atLeastOnce, identifier: 8)
        #expect(
            client.takeFirst(.publishAck)
                == .acknowledgement(Acknowledgement(kind: .publishAck, packetIdentifier: 8))
        )
    }

    @Test(arguments: versions)
    func publishExactlyOnceIsRoutedOnce(_ version: ProtocolVersion) {
        let broker = TestBroker()
        let watcher = broker.connected("w")
        watcher.subscribe("a")
        let first = self.resident(broker, version)
        first.publish("a", "x", qos: .exactlyOnce, identifier: 5)
        #expect(first.takeAcknowledgements().map(\.kind) == [.publishReceived])
        first.publish("a", "x", qos: .exactlyOnce, duplicate: true, identifier: 5)
        #expect(
            first.takeAcknowledgements() == [Acknowledgement(kind: .publishReceived, packetIdentifier: 5)]
        )
        // The same over two reconnections.
        for _ in 0..<2 {
            let next = self.resident(broker, version)
            next.publish("a", "x", qos: .exactlyOnce, duplicate: true, identifier: 5)
            #expect(next.takeAcknowledgements().map(\.kind) == [.publishReceived])
        }
        #expect(watcher.takeTexts() == ["x"])
        let last = self.resident(broker, version)
        last.acknowledge(.publishRelease, 5)
        #expect(
            last.takeAcknowledgements() == [Acknowledgement(kind: .publishComplete, packetIdentifier: 5)]
        )
        // Now the identifier is free for another message.
        last.publish("a", "y", qos: .exactlyOnce, identifier: 5)
        #expect(watcher.takeTexts() == ["y"])
    }

    @Test func anUnknownReleaseIsCompletedAllTheSame() {
        let broker = TestBroker()
        let client = broker.connected("c")
        client.acknowledge(.publishRelease, 9)
        #expect(
            client.takeAcknowledgements()
                == [
                    Acknowledgement(kind: .publishComplete, packetIdentifier: 9, reason: .packetIdentifierNotFound)
                ]
        )
    }

    @Test func anIdentifierInUseIsRefusedForANewMessage() {
        let broker = TestBroker()
        let client = broker.connected("c")
        client.publish("a", qos: .exactlyOnce, identifier: 1)
        client.publish("b", qos: .exactlyOnce, identifier: 1)
        #expect(client.takeAcknowledgements().map(\.reason) == [.noMatchingSubscribers, .packetIdentifierInUse])
    }

    /// [MQTT-3.3.4-7] from the other side.
    @Test func moreThanReceiveMaximumIsAnError() {
        let broker = TestBroker { $0.receiveMaximum = 3 }
        let client = broker.connected("c")
        for _ in 0..<3 { client.publish("a", qos: .exactlyOnce) }
        #expect(!client.isClosed)
        client.publish("a", qos: .exactlyOnce)
        #expect(client.takeDisconnect() == .receiveMaximumExceeded)
        #expect(client.isClosed)
    }

    // MARK: To the client

    @Test(arguments: versions)
    func deliveryAtLeastOnceEndsWithPuback(_ version: ProtocolVersion) {
        let broker = TestBroker()
        let client = self.resident(broker, version)
        client.subscribe("a", qos: .atLeastOnce)
        broker.connected("p").publish("a", "1", qos: .exactlyOnce)
        let messages = client.takeMessages()
        #expect(messages.map(\.qos) == [.atLeastOnce])
        #expect(broker.session("resident")?.inflight.count == 1)
        client.acknowledge(.publishAck, messages[0].packetIdentifier)
        #expect(broker.session("resident")?.inflight.count == 0)
        #expect(client.take().isEmpty)
    }

    @Test(arguments: versions)
    func deliveryExactlyOnceTakesFourSteps(_ version: ProtocolVersion) {
        let broker = TestBroker()
        let client = self.resident(broker, version)
        client.subscribe("a")
        broker.connected("p").publish("a", "1", qos: .exactlyOnce)
        let identifier = client.takeMessages()[0].packetIdentifier
        // PUBACK is no answer to QoS 2, and PUBCOMP comes only behind PUBREL.
        client.acknowledge(.publishAck, identifier)
        client.acknowledge(.publishComplete, identifier)
        #expect(broker.session("resident")?.inflight.count == 1)
        client.acknowledge(.publishReceived, identifier)
        let release = Acknowledgement(kind: .publishRelease, packetIdentifier: identifier)
        #expect(client.takeAcknowledgements() == [release])
        client.acknowledge(.publishReceived, identifier)
        #expect(client.takeAcknowledgements() == [release], "a repeated PUBREC gets its PUBREL again")
        client.acknowledge(.publishComplete, identifier)
        #expect(broker.session("resident")?.inflight.count == 0)
        client.acknowledge(.publishReceived, identifier)
        #expect(client.takeAcknowledgements().map(\.kind) == [.publishRelease], "the client waits for one")
    }

    @Test func anErrorInPubrecEndsTheHandshake() {
        let broker = TestBroker()
        let client = self.resident(broker, .v5)
        client.subscribe("a")
        broker.connected("p").publish("a", "1", qos: .exactlyOnce)
        let identifier = client.takeMessages()[0].packetIdentifier
        client.acknowledge(.publishReceived, identifier, .quotaExceeded)
        #expect(client.takeAcknowledgements().isEmpty)
        #expect(broker.session("resident")?.inflight.count == 0)
    }

    /// [MQTT-4.4.0-1] [MQTT-4.6.0-1]: everything again, in the order of its first transmission, with DUP.
    @Test(arguments: versions)
    func whatIsUnacknowledgedComesAgainInOrder(_ version: ProtocolVersion) {
        let broker = TestBroker()
        let client = self.resident(broker, version)
        client.subscribe("a")
        let publisher = broker.connected("p")
        for number in 0..<6 {
            publisher.publish("a", "\(number)", qos: number % 2 == 0 ? .atLeastOnce : .exactlyOnce)
        }
        let sent = client.takeMessages()
        #expect(sent.map(\.text) == ["0", "1", "2", "3", "4", "5"])
        client.acknowledge(.publishReceived, sent[3].packetIdentifier)
        client.acknowledge(.publishAck, sent[2].packetIdentifier)
        client.drop()
        publisher.publish("a", "6", qos: .atLeastOnce)

        let again = self.resident(broker, version)
        let packets = again.take()
        let texts = packets.map { packet in
            switch packet {
            case .publish(let publish): publish.text + (publish.isDuplicate ? "d" : "")
            case .acknowledgement(let packet): "\(packet.kind == .publishRelease ? "r" : "?")"
            default: "?"
            }
        }
        #expect(texts == ["0d", "1d", "r", "4d", "5d", "6"])
        for packet in packets {
            guard case .publish(let publish) = packet, publish.isDuplicate else { continue }
            #expect(sent.first { $0.text == publish.text }?.packetIdentifier == publish.packetIdentifier)
        }
    }

    @Test func aSessionThatEndsKeepsNothing() {
        let broker = TestBroker()
        let client = broker.connected("c")
        client.subscribe("a")
        let publisher = broker.connected("p")
        publisher.publish("a", qos: .atLeastOnce)
        client.drop()
        publisher.publish("a", qos: .atLeastOnce)
        let again = broker.client("c")
        #expect(again.connect { $0.cleanStart = false }?.sessionPresent == false)
        #expect(again.take().isEmpty)
    }

    // MARK: Windows and queues

    @Test func theWindowOfTheClientIsHonoured() {
        let broker = TestBroker()
        let client = self.resident(broker, .v5, receiveMaximum: 2)
        client.subscribe("a")
        let publisher = broker.connected("p")
        for number in 0..<5 {
            publisher.publish("a", "\(number)", qos: number == 1 ? .exactlyOnce : .atLeastOnce)
        }
        publisher.publish("a", "q0")
        let first = client.takeMessages()
        #expect(first.map(\.text) == ["0", "1", "q0"], "QoS 0 needs no place in the window")
        client.acknowledge(.publishReceived, first[1].packetIdentifier)
        #expect(client.takeMessages().isEmpty, "PUBREC gives no place back [MQTT-4.9.0-1]")
        client.acknowledge(.publishComplete, first[1].packetIdentifier)
        let second = client.takeMessages()
        #expect(second.map(\.text) == ["2"])
        client.acknowledge(.publishAck, second[0].packetIdentifier)
        client.acknowledge(.publishAck, first[0].packetIdentifier)
        #expect(client.takeTexts() == ["3", "4"])
    }

    @Test func theWindowStartsAnewWithEachConnection() {
        let broker = TestBroker()
        let client = self.resident(broker, .v5, receiveMaximum: 3)
        client.subscribe("a", qos: .atLeastOnce)
        let publisher = broker.connected("p")
        for number in 0..<5 { publisher.publish("a", "\(number)", qos: .atLeastOnce) }
        #expect(client.takeTexts() == ["0", "1", "2"])
        let narrow = self.resident(broker, .v5, receiveMaximum: 1)
        var seen: [String] = []
        while let message = narrow.takeMessages().first {
            seen.append(message.text + (message.isDuplicate ? "d" : ""))
            narrow.acknowledge(.publishAck, message.packetIdentifier)
        }
        #expect(seen == ["0d", "1d", "2d", "3", "4"])
        #expect(broker.session("resident")?.inflight.isEmpty == true)
    }

    @Test(arguments: [(QueueDropPolicy.newest, ["0", "1", "2"]), (.oldest, ["2", "3", "4"])])
    func aFullQueueDropsByPolicy(policy: QueueDropPolicy, kept: [String]) {
        let broker = TestBroker {
            $0.maximumQueuedMessages = 3
            $0.queueDropPolicy = policy
        }
        let client = self.resident(broker, .v5)
        client.subscribe("a", qos: .atLeastOnce)
        client.drop()
        let publisher = broker.connected("p")
        for number in 0..<5 { publisher.publish("a", "\(number)", qos: .atLeastOnce) }
        publisher.publish("a", "q0")
        #expect(broker.metrics.droppedQueueFull == 2)
        #expect(self.resident(broker, .v5).takeTexts() == kept)
        #expect(broker.events.filter { if case .queueFull = $0 { true } else { false } }.count == 1)
    }

    @Test func messagesThatExpireInTheQueueAreNotSent() {
        let broker = TestBroker()
        let client = self.resident(broker, .v5)
        client.subscribe("a", qos: .atLeastOnce)
        client.drop()
        let publisher = broker.connected("p")
        publisher.publish("a", "short", qos: .atLeastOnce, properties: [.messageExpiryInterval(10)])
        publisher.publish("a", "long", qos: .atLeastOnce, properties: [.messageExpiryInterval(100)])
        broker.advance(seconds: 30)
        let messages = self.resident(broker, .v5).takeMessages()
        #expect(messages.map(\.text) == ["long"])
        // [MQTT-3.3.2-6]: less what it has waited.
        #expect(messages.first?.properties.messageExpiryInterval == 70)
        #expect(broker.metrics.droppedExpired == 1)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Aliases, sizes and bytes that come in pieces.
@Suite struct ProtocolTests {
    // MARK: Topic aliases

    @Test func aliasesOfTheClientStandForTheirTopics() {
        let broker = TestBroker()
        let watcher = broker.connected("w")
        watcher.subscribe("#")
        let client = broker.connected("c")
        client.publish("a", "1", properties: [.topicAlias(3), .contentType("x")])
        client.publish("", "2", properties: [.contentType("y"), .topicAlias(3)])
        client.publish("b", "3", qos: .exactlyOnce, properties: [.topicAlias(3)])
        client.publish("", "4", qos: .atLeastOnce, properties: [.topicAlias(3)])
        let messages = watcher.takeMessages()
        #expect(messages.map { $0.topic + $0.text } == ["a1", "a2", "b3", "b4"])
        #expect(messages.map(\.properties) == [[.contentType("x")], [.contentType("y")], [], []])
    }

    @Test(arguments: [(UInt16(17), "a", ReasonCode.topicAliasInvalid), (16, "", .protocolError)])
    func aliasesAboveTheMaximumOrUnknownAreErrors(alias: UInt16, topic: String, reason: ReasonCode) {
        let broker = TestBroker()
        let client = broker.client("c")
        #expect(client.connect()?.properties.topicAliasMaximum == 16)
        client.publish(topic, properties: [.topicAlias(alias)])
        #expect(client.takeDisconnect() == reason)
        #expect(client.isClosed)
    }

    @Test func aliasesEndWithTheirConnection() {
        let broker = TestBroker()
        let client = broker.connected("c") { $0.properties.sessionExpiryInterval = 100 }
        client.publish("a", properties: [.topicAlias(1)])
        let again = broker.connected("c") { $0.cleanStart = false }
        again.publish("", properties: [.topicAlias(1)])
        #expect(again.takeDisconnect() == .protocolError)
    }

    @Test func aliasesTowardsTheClient() {
        let broker = TestBroker()
        let client = broker.connected("c") { $0.properties.topicAliasMaximum = 2 }
        client.subscribe("#", qos: .atMostOnce)
        let publisher = broker.connected("p", .v3_1_1)
        for topic in ["a", "b", "c", "a", "b", "c"] { publisher.publish(topic, "x") }
        let messages = client.takeMessages()
        // The client resolves them; what counts is that each is right and that no third one is defined.
        #expect(messages.map(\.topic) == ["a", "b", "c", "a", "b", "c"])
        #expect(messages.map(\.properties.topicAlias) == [1, 2, nil, 1, 2, nil])
        let plain = broker.connected("d")
        plain.subscribe("#", qos: .atMostOnce)
        publisher.publish("a")
        #expect(plain.takeMessages().map(\.properties.topicAlias) == [nil])
    }

    // MARK: Sizes

    @Test func aPacketLargerThanTheBrokerTakesIsRefusedByItsHeader() {
        let broker = TestBroker { $0.maximumPacketSize = 1000 }
        let client = broker.client("c")
        #expect(client.connect()?.properties.maximumPacketSize == 1000)
        client.publish("a", String(repeating: "x", count: 900))
        #expect(!client.isClosed)
        // 1001 bytes: header 3, remaining length 998.
        client.send(ByteBuffer(bytes: [0x30, 0xE6, 0x07]))
        #expect(client.takeDisconnect() == .packetTooLarge)
    }

    @Test(arguments: [0, 1, 2])
    func aClientGetsNothingLargerThanItTakes(_ qos: Int) throws {
        let broker = TestBroker()
        let level = try #require(QoS(rawValue: UInt8(qos)))
        let client = broker.connected("c") {
            $0.properties.maximumPacketSize = 60
            $0.properties.sessionExpiryInterval = 100
        }
        client.subscribe("#", qos: level)
        let publisher = broker.connected("p")
        for size in 40..<70 {
            publisher.publish("a", String(repeating: "x", count: size), qos: level)
        }
        let messages = client.takeMessages()
        let overhead = 1 + 1 + 2 + 1 + 1 + (qos > 0 ? 2 : 0)
        #expect(messages.map(\.payload.readableBytes) == Array(40...(60 - overhead)))
        #expect(broker.metrics.droppedTooLarge == 30 - messages.count)
        #expect(broker.session("c")?.inflight.count == (qos == 0 ? 0 : messages.count))
        #expect(!client.isClosed)
        // With a smaller limit next time, those that no longer fit count as delivered too [MQTT-3.1.2-25].
        let narrow = broker.connected("c") {
            $0.cleanStart = false
            $0.properties.maximumPacketSize = 50
        }
        #expect(narrow.takeMessages().allSatisfy { $0.payload.readableBytes + overhead <= 50 })
    }

    /// Three bytes of alias may make a length field longer too: 132 bytes once went to a client that takes 131.
    @Test func anAliasDoesNotMakeAPacketTooLarge() {
        for maximum in 120...136 as ClosedRange<UInt32> {
            let broker = TestBroker()
            let client = broker.connected("c") {
                $0.properties.maximumPacketSize = maximum
                $0.properties.topicAliasMaximum = 10
            }
            client.subscribe("#")
            let publisher = broker.connected("p")
            let before = client.transport.flushes.count
            for size in 100..<140 { publisher.publish("t\(size)", String(repeating: "x", count: size)) }
            #expect(client.transport.flushes[before...].allSatisfy { $0 <= Int(maximum) })
            // Topic of four bytes with its length, no properties; two bytes of remaining length from 128 on.
            let fitting = (100..<140).filter { 7 + $0 + (7 + $0 < 128 ? 2 : 3) <= Int(maximum) }
            #expect(client.takeMessages().count == fitting.count)
        }
    }

    /// A client that cannot be given the answer it waits for is closed, not left waiting.
    @Test func whoTakesNoAnswerIsClosed() {
        let broker = TestBroker()
        let deaf = broker.client("c")
        deaf.send(deaf.connectPacket { $0.properties.maximumPacketSize = 5 })
        broker.settle()
        #expect(deaf.isClosed)
        let client = broker.connected("d") { $0.properties.maximumPacketSize = 40 }
        let filters = (0..<50).map {
            Subscribe.Filter(filter: "t\($0)", options: SubscriptionOptions(qos: .atMostOnce))
        }
        client.send(.subscribe(Subscribe(packetIdentifier: 1, filters: filters)))
        broker.settle()
        #expect(client.takeDisconnect() == .packetTooLarge)
        #expect(client.isClosed)
    }

    /// A QoS 2 message that was refused as malformed has gone to nobody: sent again as it should be, it is routed.
    @Test func aMalformedMessageDoesNotCountAsRouted() {
        let broker = TestBroker()
        let subscriber = broker.connected("s")
        subscriber.subscribe("a")
        let publisher = broker.connected("p") { $0.properties.sessionExpiryInterval = 100 }
        publisher.send(
            .publish(
                Publish(
                    topic: "",
                    payload: ByteBuffer(),
                    qos: .exactlyOnce,
                    packetIdentifier: 7,
                    properties: [.topicAlias(9)]
                )
            )
        )
        broker.settle()
        #expect(publisher.isClosed)
        let again = broker.connected("p") { $0.cleanStart = false }
        again.send(
            .publish(
                Publish(
                    topic: "a",
                    payload: ByteBuffer(string: "once"),
                    qos: .exactlyOnce,
                    isDuplicate: true,
                    packetIdentifier: 7
                )
            )
        )
        #expect(subscriber.takeTexts() == ["once"])
    }

    /// [MQTT-4.3.3-9]: after a refusal the identifier is free.
    @Test func anIdentifierThatWasRefusedIsFree() {
        let broker = TestBroker()
        let subscriber = broker.connected("s")
        subscriber.subscribe("a")
        let publisher = broker.connected("p")
        for text in ["one", "two", "three"] {
            publisher.publish("a", text, qos: .exactlyOnce, identifier: 7)
        }
        #expect(publisher.takeAcknowledgements().map(\.reason) == [.success, .packetIdentifierInUse, .success])
        #expect(subscriber.takeTexts() == ["one", "three"])
    }

    /// What is wrong is said, unless the client does not want to know [MQTT-3.1.2-29].
    @Test(arguments: [true, false]) func reasonStrings(_ isWanted: Bool) throws {
        let broker = TestBroker()
        let client = broker.connected("c") { $0.properties.requestProblemInformation = isWanted }
        client.send(.connectAck(ConnectAck(sessionPresent: false, reason: .success)))
        broker.settle()
        guard case .disconnect(let disconnect)? = client.takeFirst(.disconnect) else {
            return #expect(Bool(false), "a DISCONNECT is due")
        }
        #expect((disconnect.properties.reasonString != nil) == isWanted)
    }

    @Test func aStrangerMayNotSendMuch() {
        let broker = TestBroker { $0.maximumConnectSize = 100 }
        let client = broker.client("c")
        client.send(ByteBuffer(bytes: [0x10, 0x7F]))
        #expect(client.isClosed)
        let other = broker.client("d")
        other.send(ByteBuffer(bytes: [0xC0, 0x00]))
        #expect(other.isClosed)
        #expect(other.take().isEmpty)
    }

    // MARK: Pieces

    private func script(_ client: TestClient) -> ByteBuffer {
        var bytes = client.encode(client.connectPacket())
        bytes.writeImmutableBuffer(
            client.encode(
                .subscribe(
                    Subscribe(
                        packetIdentifier: 1,
                        filters: [.init(filter: "#", options: SubscriptionOptions(qos: .exactlyOnce))]
                    )
                )
            )
        )
        for (number, qos) in QoS.allCases.enumerated() {
            let publish = Publish(
                topic: "a/\(number)",
                payload: ByteBuffer(string: String(repeating: "\(number)", count: 200)),
                qos: qos,
                packetIdentifier: qos == .atMostOnce ? 0 : UInt16(10 + number)
            )
            bytes.writeImmutableBuffer(client.encode(.publish(publish)))
        }
        bytes.writeImmutableBuffer(client.encode(.pingRequest))
        return bytes
    }

    @Test(arguments: [ProtocolVersion.v3_1, .v3_1_1, .v5])
    func whereBytesAreCutMakesNoDifference(_ version: ProtocolVersion) {
        let whole = TestBroker().client("c", version)
        let bytes = self.script(whole)
        whole.send(bytes)
        let expected = whole.take()
        #expect(expected.count == 8)
        for cut in 0...bytes.readableBytes {
            let client = TestBroker().client("c", version)
            var rest = bytes
            if let head = rest.readSlice(length: cut) { client.send(head) }
            client.send(rest)
            #expect(client.take() == expected, "cut at \(cut)")
        }
        let slow = TestBroker().client("c", version)
        for byte in bytes.readableBytesView { slow.send(ByteBuffer(bytes: [byte])) }
        #expect(slow.take() == expected)
        #expect(slow.connection?.input == nil)
    }

    @Test func aBrokenPacketClosesOnlyItsSender() {
        let broker = TestBroker()
        let other = broker.connected("o")
        other.subscribe("a")
        let client = broker.connected("c")
        client.publish("a", "before")
        client.send(ByteBuffer(bytes: [0x00, 0x00]))
        client.publish("a", "behind")
        #expect(client.takeDisconnect() == .malformedPacket)
        #expect(other.takeTexts() == ["before"])
        #expect(!other.isClosed)
        #expect(broker.metrics.protocolErrors == 1)
    }

    // MARK: Subscribing

    @Test func noLocalAndRetainAsPublished() {
        let broker = TestBroker()
        let client = broker.connected("c")
        client.subscribe("own", noLocal: true)
        client.subscribe("kept", retainAsPublished: true)
        client.subscribe("plain")
        let other = broker.connected("o")
        for publisher in [client, other] {
            for topic in ["own", "kept", "plain"] { publisher.publish(topic, publisher.identifier, retain: true) }
        }
        let got = client.takeMessages().map { "\($0.topic) \($0.text) \($0.isRetained)" }
        #expect(
            got == ["kept c true", "plain c false", "own o false", "kept o true", "plain o false"]
        )
    }

    @Test(arguments: [
        (RetainHandling.sendAtSubscribe, [1, 1]), (.sendIfNew, [1, 0]), (.doNotSend, [0, 0]),
    ])
    func retainHandling(_ handling: RetainHandling, counts: [Int]) {
        let broker = TestBroker()
        broker.connected("p").publish("a/b", "kept", retain: true)
        let client = broker.connected("c")
        for count in counts {
            client.subscribe("a/#", retainHandling: handling)
            #expect(client.takeMessages().count == count)
        }
    }

    @Test func overlappingSubscriptionsAreMergedOrNot() {
        for (mode, expected) in [
            (OverlappingDelivery.merged, ["2 [1, 2, 3]"]), (.each, ["0 [1]", "1 [2]", "2 [3]"]),
        ] {
            let broker = TestBroker { $0.overlappingDelivery = mode }
            let client = broker.connected("c")
            client.subscribe("a/b", qos: .atMostOnce, identifier: 1)
            client.subscribe("a/+", qos: .atLeastOnce, identifier: 2)
            client.subscribe("#", qos: .exactlyOnce, identifier: 3)
            broker.connected("p").publish("a/b", qos: .exactlyOnce)
            let got = client.takeMessages().map {
                "\($0.qos.rawValue) \($0.properties.subscriptionIdentifiers.sorted())"
            }
            #expect(got.sorted() == expected)
        }
    }

    @Test func refusedSubscriptions() {
        let broker = TestBroker {
            $0.wildcardSubscriptionAvailable = false
            $0.sharedSubscriptionAvailable = false
            $0.maximumQoS = .atLeastOnce
            $0.maximumSubscriptions = 2
            $0.maximumTopicLevels = 3
        }
        let client = broker.connected("c")
        #expect(
            client.subscribe("a", "a/+", "$share/g/a", "a/b/c/d", "a", "b", "c", "a/#/b")
                == [
                    .grantedQoS1, .wildcardSubscriptionsNotSupported, .sharedSubscriptionsNotSupported,
                    .topicFilterInvalid, .grantedQoS1, .grantedQoS1, .quotaExceeded, .topicFilterInvalid,
                ]
        )
        #expect(client.unsubscribe("a", "a", "+x") == [.success, .noSubscriptionExisted, .topicFilterInvalid])
        #expect(broker.state.subscriptionCount == 1)
        let old = broker.connected("o", .v3_1_1)
        #expect(old.subscribe("a", "a/+") == [.grantedQoS1, .unspecifiedError])
    }

    @Test func noLocalOnASharedSubscriptionIsAnError() {
        let client = TestBroker().connected("c")
        #expect(client.subscribe("$share/g/a", noLocal: true) == [])
        #expect(client.takeDisconnect() == .protocolError)
    }
}

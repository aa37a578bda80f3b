//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// CONNECT and its answer.
@Suite struct ConnectTests {
    @Test func theAnswerTellsWhatTheBrokerOffers() throws {
        let broker = TestBroker {
            $0.receiveMaximum = 7
            $0.maximumQoS = .atLeastOnce
            $0.retainAvailable = false
            $0.maximumPacketSize = 5000
            $0.topicAliasMaximum = 3
            $0.wildcardSubscriptionAvailable = false
            $0.subscriptionIdentifierAvailable = false
            $0.sharedSubscriptionAvailable = false
            $0.responseInformation = "answers/"
        }
        let client = broker.client("c")
        let answer = try #require(client.connect { $0.properties.requestResponseInformation = true })
        #expect(answer.reason == .success && !answer.sessionPresent)
        #expect(answer.properties.receiveMaximum == 7)
        #expect(answer.properties.maximumQoS == 1)
        #expect(answer.properties.retainAvailable == false)
        #expect(answer.properties.maximumPacketSize == 5000)
        #expect(answer.properties.topicAliasMaximum == 3)
        #expect(answer.properties.wildcardSubscriptionAvailable == false)
        #expect(answer.properties.subscriptionIdentifierAvailable == false)
        #expect(answer.properties.sharedSubscriptionAvailable == false)
        #expect(answer.properties.responseInformation == "answers/")
        #expect(answer.properties.assignedClientIdentifier == nil)
        let modest = try #require(TestBroker().client("d").connect())
        #expect(modest.properties.maximumQoS == nil && modest.properties.retainAvailable == nil)
        #expect(modest.properties.responseInformation == nil)
        #expect(broker.client("e", .v3_1_1).connect() == ConnectAck())
    }

    @Test func clientsWithoutIdentifierGetOne() throws {
        let broker = TestBroker()
        let answers = (0..<2).map { _ in broker.client("").connect() }
        let identifiers = answers.compactMap { $0?.properties.assignedClientIdentifier }
        #expect(Set(identifiers).count == 2)
        #expect(broker.client("", .v3_1_1).connect()?.reason == .success)
        #expect(broker.client("", .v3_1_1).connect { $0.cleanStart = false }?.reason == .clientIdentifierNotValid)
        #expect(broker.client("", .v3_1).connect()?.reason == .clientIdentifierNotValid)
        #expect(broker.metrics.sessions == 3)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let reason: ReasonCode
        let change: @Sendable (inout Connect) -> Void

        init(_ name: String, _ reason: ReasonCode, _ change: @escaping @Sendable (inout Connect) -> Void) {
            self.testDescription = name
            self.reason = reason
            self.change = change
        }
    }

    private static func will(_ topic: String, _ size: Int = 0, _ qos: QoS = .atMostOnce, retain: Bool = false) -> Will {
        Will(topic: topic, payload: ByteBuffer(repeating: 0xFF, count: size), qos: qos, isRetained: retain)
    }

    static let refusals = [
        Refusal("identifier", .clientIdentifierNotValid) { $0.clientIdentifier = String(repeating: "x", count: 21) },
        Refusal("will size", .packetTooLarge) { $0.will = will("w", 11) },
        Refusal("will qos", .qosNotSupported) { $0.will = will("w", 0, .exactlyOnce) },
        Refusal("will retain", .retainNotSupported) { $0.will = will("w", retain: true) },
        Refusal("will depth", .topicNameInvalid) { $0.will = will("a/b/c/d") },
        Refusal("will length", .topicNameInvalid) { $0.will = will(String(repeating: "x", count: 31)) },
        Refusal("will $SYS", .topicNameInvalid) { $0.will = will("$SYS/a") },
        Refusal("will text", .payloadFormatInvalid) {
            $0.will = will("w", 1)
            $0.will?.properties.payloadFormatIndicator = 1
        },
    ]

    @Test(arguments: refusals)
    func refused(_ refusal: Refusal) {
        let broker = TestBroker {
            $0.maximumClientIdentifierLength = 20
            $0.maximumWillSize = 10
            $0.maximumQoS = .atLeastOnce
            $0.retainAvailable = false
            $0.maximumTopicLevels = 3
            $0.maximumTopicLength = 30
            $0.checksPayloadFormat = true
        }
        let client = broker.client("c")
        #expect(client.connect(refusal.change)?.reason == refusal.reason)
        #expect(client.isClosed)
        broker.expectEmpty()
        let fits = broker.client("c")
        #expect(
            fits.connect {
                $0.clientIdentifier = String(repeating: "x", count: 20)
                $0.will = Self.will("a/b/c", 10, .atLeastOnce)
            }?.reason == .success
        )
    }

    @Test func aSecondConnectIsAnError() {
        let client = TestBroker().connected("c")
        client.send(client.connectPacket())
        #expect(client.takeDisconnect() == .protocolError)
    }

    @Test func anUnknownVersionLearnsSo() {
        let broker = TestBroker()
        let client = broker.client("c")
        client.send(ByteBuffer(bytes: [0x10, 0x0C, 0, 4] + Array("MQTT".utf8) + [9, 2, 0, 0, 0, 0]))
        guard case .connectAck(let answer)? = client.take().first else {
            Issue.record("no CONNACK")
            return
        }
        #expect(answer.reason == .unsupportedProtocolVersion)
        #expect(client.isClosed)
        let stranger = broker.client("s")
        stranger.send(ByteBuffer(bytes: [0x10, 0x0C, 0, 4] + Array("HTTP".utf8) + [4, 2, 0, 0, 0, 0]))
        #expect(stranger.take().isEmpty)
        #expect(stranger.isClosed)
    }

    // MARK: What the broker says of itself

    @Test func presenceIsPublishedForThoseWhoListen() {
        let broker = TestBroker(shards: 2) { $0.publishesPresence = true }
        let watcher = broker.connected("w", on: 1)
        watcher.subscribe("$SYS/brokers/client_status/+")
        let client = broker.connected("c\"1", .v3_1_1) { $0.userName = "u" }
        client.disconnect()
        let messages = watcher.takeMessages()
        #expect(messages.map(\.topic) == Array(repeating: "$SYS/brokers/client_status/c\"1", count: 2))
        #expect(
            messages.map(\.text) == [
                #"{"status":"online","username":"u","ts":1700000000000,"proto_name":"MQTT","keepalive":0,"#
                    + #""return_code":"0","proto_ver":4,"client_id":"c\"1","clean_start":1,"IPv4":"192.0.2.1"}"#,
                #"{"status":"offline","username":"u","ts":1700000000000,"reason_code":"0","client_id":"c\"1","#
                    + #""IPv4":"192.0.2.1"}"#,
            ]
        )
        // No topic can be made of this one.
        broker.connected("a/#").drop()
        #expect(watcher.takeTexts() == [])
    }

    @Test func statisticsAreRetained() {
        let broker = TestBroker(shards: 2) { $0.statisticsInterval = 10_000 }
        let watcher = broker.connected("w")
        broker.connected("p", on: 1).publish("a", qos: .exactlyOnce)
        broker.settle()
        broker[1].tick()
        broker.advance(seconds: 1)
        watcher.subscribe("$SYS/brokers/nanomq/metrics/messages/#", "$SYS/brokers/nanomq/stats/#", qos: .atMostOnce)
        let values = Dictionary(uniqueKeysWithValues: watcher.takeMessages().map { ($0.topic, $0.text) })
        #expect(values["$SYS/brokers/nanomq/metrics/messages/qos2/received"] == "1")
        #expect(values["$SYS/brokers/nanomq/stats/connections/count"] == "2")
        broker.advance(seconds: 9)
        #expect(watcher.takeTexts() == [])
        broker.advance(seconds: 1)
        #expect(watcher.takeMessages().count == 12)
    }

    @Test func theProgramThatEmbedsTheBrokerListensToo() throws {
        let broker = TestBroker(shards: 2)
        let sink = Sink()
        let address = broker[1].subscribeLocally(to: try TopicFilter("#")) { sink.append($0) }
        let client = broker.connected("c")
        client.publish("a", "1", retain: true)
        broker.settle()
        #expect(sink.take() == ["a 1 true"])
        #expect(broker.metrics.sessions == 1)
        broker[1].endLocalSubscription(address)
        client.publish("a", "2")
        broker.settle()
        #expect(sink.take() == [])
        client.disconnect()
        broker.expectEmpty()
    }
}

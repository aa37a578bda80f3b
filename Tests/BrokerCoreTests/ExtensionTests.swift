//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Every point at which the broker calls an extension, and what it makes of the answers.
@Suite struct ExtensionTests {
    // MARK: Who

    @Test func authenticationIsToldEverything() {
        let witness = RecordingExtension(.authentication)
        let client = TestBroker(extensions: [witness]).connected("c") {
            $0.userName = "alice"
            $0.password = ByteBuffer(string: "secret")
        }
        #expect(witness.takeCalls() == ["authenticate connect c alice secret - -"])
        #expect(!client.isClosed)
    }

    @Test(arguments: [
        (ReasonCode.badUserNameOrPassword, ReasonCode.badUserNameOrPassword), (.notAuthorized, .notAuthorized),
        (.banned, .notAuthorized), (.serverBusy, .serverUnavailable),
    ])
    func aRefusedClientLearnsWhy(reason: ReasonCode, inV3: ReasonCode) {
        let guardian = RecordingExtension([.authentication, .clients], authenticate: { _ in .now(.refuse(reason)) })
        let broker = TestBroker(extensions: [guardian])
        for (version, expected) in [(ProtocolVersion.v5, reason), (.v3_1_1, inV3), (.v3_1, inV3)] {
            let client = broker.client("c", version)
            #expect(client.connect()?.reason == expected)
            #expect(client.isClosed)
        }
        #expect(guardian.takeCalls().allSatisfy { $0.hasPrefix("authenticate") }, "it was never connected")
        broker.expectEmpty()
    }

    @Test func theFirstOpinionCounts() {
        let first = RecordingExtension(.authentication)
        let second = RecordingExtension(.authentication, authenticate: { _ in .now(.accept()) })
        let third = RecordingExtension(.authentication, authenticate: { _ in .now(.refuse(.banned)) })
        _ = TestBroker(extensions: [first, second, third]).connected("c")
        #expect(first.takeCalls().count == 1)
        #expect(second.takeCalls().count == 1)
        #expect(third.takeCalls().isEmpty)
    }

    /// Section 4.12, and re-authentication [MQTT-4.12.1-1].
    @Test func enhancedAuthenticationInRounds() {
        let server = RecordingExtension(
            .authentication,
            authenticate: { request in
                switch request.data.map({ String(buffer: $0) }) {
                case "one": .now(.proceed(data: ByteBuffer(string: "challenge")))
                case "two": .now(.accept(data: ByteBuffer(string: "welcome")))
                default: .now(.refuse(.notAuthorized))
                }
            }
        )
        let broker = TestBroker(extensions: [server])
        let client = broker.client("c")
        let auth = { (reason: ReasonCode, data: String) in
            Packet.auth(
                Auth(
                    reason: reason,
                    properties: [.authenticationMethod("M"), .authenticationData(ByteBuffer(string: data))]
                )
            )
        }
        client.send(
            client.connectPacket {
                $0.properties = [.authenticationMethod("M"), .authenticationData(ByteBuffer(string: "one"))]
            }
        )
        #expect(client.take() == [auth(.continueAuthentication, "challenge")])
        client.send(auth(.continueAuthentication, "two"))
        guard case .connectAck(let answer)? = client.take().first else {
            Issue.record("no CONNACK")
            return
        }
        #expect(answer.reason == .success)
        #expect(answer.properties.authenticationMethod == "M")
        #expect(answer.properties.authenticationData == ByteBuffer(string: "welcome"))

        client.send(auth(.reauthenticate, "one"))
        #expect(client.take() == [auth(.continueAuthentication, "challenge")])
        client.send(auth(.continueAuthentication, "two"))
        #expect(client.take() == [auth(.success, "welcome")])
        client.send(auth(.reauthenticate, "bad"))
        #expect(client.takeDisconnect() == .notAuthorized)
        #expect(
            server.takeCalls().map { $0.split(separator: " ")[1] }
                == ["connect", "continuation", "reauthentication", "continuation", "reauthentication"]
        )
    }

    @Test func aMethodThatNobodyKnowsIsRefused() {
        let client = TestBroker().client("c")
        #expect(client.connect { $0.properties.authenticationMethod = "M" }?.reason == .badAuthenticationMethod)
    }

    // MARK: What

    @Test func authorizationIsAskedForEverything() {
        let witness = RecordingExtension(.authorization)
        let broker = TestBroker(extensions: [witness])
        let client = broker.connected("c") {
            $0.will = Will(topic: "w", payload: ByteBuffer(), qos: .exactlyOnce, isRetained: true)
        }
        client.publish("a", "x", qos: .atLeastOnce, retain: true)
        client.subscribe("a", "b/#", qos: .atLeastOnce)
        client.drop()
        #expect(
            witness.takeCalls() == [
                "may c publish a 1 true", "may c subscribe a 1", "may c subscribe b/# 1", "may c receive a",
                "may c will w 2 true",
            ]
        )
    }

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5])
    func aDeniedPublishGoesNowhere(_ version: ProtocolVersion) {
        let guardian = RecordingExtension(
            .authorization,
            authorize: { request in
                if case .publish("secret", _, _) = request.action { .now(.deny(.notAuthorized)) } else { .now(.allow) }
            }
        )
        let broker = TestBroker(extensions: [guardian])
        let watcher = broker.connected("w")
        watcher.subscribe("#")
        let client = broker.connected("c", version)
        let expected: ReasonCode = version == .v5 ? .notAuthorized : .success
        client.publish("secret", "0", retain: true)
        client.publish("secret", "1", qos: .atLeastOnce)
        let identifier = client.publish("secret", "2", qos: .exactlyOnce)
        #expect(client.takeAcknowledgements().map(\.reason) == [expected, expected])
        #expect(watcher.takeTexts() == [])
        #expect(broker.state.retainedCount == 0)
        // v5: the handshake has ended with the error, so that the identifier is free; v3 goes on as if all were well.
        #expect(
            broker.session("c")?.incomingExactlyOnce == (version == .v5 ? [] : [identifier])
        )
        #expect(!client.isClosed)
    }

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5])
    func deniedSubscriptions(_ version: ProtocolVersion) {
        let guardian = RecordingExtension(
            [.authorization, .subscriptions],
            authorize: { request in
                if case .subscribe(let filter, _) = request.action, filter.text == "no" {
                    .now(.deny(.notAuthorized))
                } else {
                    .now(.pass)
                }
            }
        )
        let client = TestBroker(extensions: [guardian]).connected("c", version)
        let refused: ReasonCode = version == .v5 ? .notAuthorized : .unspecifiedError
        #expect(client.subscribe("a", "no", "b", qos: .atLeastOnce) == [.grantedQoS1, refused, .grantedQoS1])
        client.unsubscribe("a", "no")
        #expect(
            guardian.takeCalls().filter { !$0.hasPrefix("may") }
                == ["subscribed c a 1", "subscribed c b 1", "unsubscribed c a"]
        )
    }

    @Test func whoIsDisconnectedLearnsWhy() {
        let guardian = RecordingExtension(.authorization, authorize: { _ in .now(.disconnect(.administrativeAction)) })
        let broker = TestBroker(extensions: [guardian])
        for act: (TestClient) -> Void in [{ $0.publish("a") }, { $0.subscribe("a") }] {
            let client = broker.connected("c")
            act(client)
            #expect(client.takeDisconnect() == .administrativeAction)
            #expect(client.isClosed)
        }
    }

    @Test func aDeniedWillIsNotPublished() {
        let guardian = RecordingExtension(
            .authorization,
            authorize: { request in
                if case .will = request.action { .now(.deny(.notAuthorized)) } else { .now(.allow) }
            }
        )
        let broker = TestBroker(extensions: [guardian])
        let watcher = broker.connected("w")
        watcher.subscribe("will")
        broker.connected("c") { $0.will = Will(topic: "will", payload: ByteBuffer(string: "x")) }.drop()
        #expect(watcher.takeTexts() == [])
    }

    @Test func retainedMessagesAreFiltered() {
        let guardian = RecordingExtension(.authorization, mayReceive: { $0.topic != "r/no" })
        let broker = TestBroker(extensions: [guardian])
        let client = broker.connected("c")
        for topic in ["r/yes", "r/no"] { client.publish(topic, topic, retain: true) }
        client.subscribe("r/#")
        #expect(client.takeTexts() == ["r/yes"])
    }

    // MARK: Messages

    @Test func changedMessagesAreRoutedInstead() throws {
        let first = RecordingExtension(
            .publish,
            publish: { message in
                guard message.topic == "old",
                    let changed = try? Message(topic: "new", payload: message.payload, qos: message.qos)
                else { return .now(.pass) }
                return .now(.change(changed))
            }
        )
        let second = RecordingExtension(.publish)
        let broker = TestBroker(extensions: [first, second])
        let watcher = broker.connected("w")
        watcher.subscribe("#")
        let client = broker.connected("c")
        client.publish("old", "1", qos: .atLeastOnce)
        client.publish("other", "2")
        #expect(watcher.takeMessages().map { $0.topic + $0.text } == ["new1", "other2"])
        #expect(first.takeCalls() == ["publish old c", "publish other c"])
        #expect(second.takeCalls() == ["publish new c", "publish other c"])
        #expect(client.takeAcknowledgements().map(\.reason) == [.success])
    }

    @Test func refusedMessagesGoNoFurther() {
        let first = RecordingExtension(.publish, publish: { _ in .now(.refuse(.quotaExceeded)) })
        let second = RecordingExtension(.publish)
        let broker = TestBroker(extensions: [first, second])
        let client = broker.connected("c")
        client.publish("a", qos: .atLeastOnce)
        client.publish("a", qos: .exactlyOnce)
        #expect(client.takeAcknowledgements().map(\.reason) == [.quotaExceeded, .quotaExceeded])
        #expect(second.takeCalls().isEmpty)
    }

    @Test func comingsAndGoings() {
        let witness = RecordingExtension(.clients)
        let broker = TestBroker(shards: 2, extensions: [witness])
        let persistent: (inout Connect) -> Void = {
            $0.cleanStart = false
            $0.properties.sessionExpiryInterval = 100
        }
        broker.connected("c", .v5, persistent).drop()
        _ = broker.connected("c", .v5, persistent)
        broker.connected("c", .v5, on: 1, persistent).disconnect()
        #expect(
            witness.takeCalls() == [
                "connected c false", "disconnected c 80", "connected c true", "disconnected c 8e",
                "connected c true", "disconnected c 0",
            ]
        )
    }

    @Test func deliveriesAcknowledgementsAndDrops() {
        let witness = RecordingExtension(.deliveries)
        let broker = TestBroker(extensions: [witness]) {
            $0.maximumQueuedMessages = 1
            $0.maximumInflight = 1
        }
        let client = broker.connected("c") { $0.properties.maximumPacketSize = 100 }
        client.subscribe("#", qos: .atLeastOnce)
        let publisher = broker.connected("p")
        for topic in ["sent", "queued", "dropped"] { publisher.publish(topic, qos: .atLeastOnce) }
        publisher.publish("large", String(repeating: "x", count: 100))
        #expect(
            witness.takeCalls() == ["delivered sent c", "dropped dropped c queue_full", "dropped large c too_large"]
        )
        client.acknowledge(.publishAck, client.takeMessages()[0].packetIdentifier)
        #expect(witness.takeCalls() == ["acknowledged sent c", "delivered queued c"])
    }

    @Test func whoAsksForNothingIsNotCalled() {
        let witness = RecordingExtension([])
        let broker = TestBroker(extensions: [witness])
        let client = broker.connected("c") { $0.will = Will(topic: "w", payload: ByteBuffer()) }
        client.subscribe("#")
        client.publish("a", "x", qos: .atLeastOnce, retain: true)
        client.acknowledge(.publishAck, client.takeMessages()[0].packetIdentifier)
        client.unsubscribe("#")
        client.drop()
        #expect(witness.takeCalls().isEmpty)
    }
}

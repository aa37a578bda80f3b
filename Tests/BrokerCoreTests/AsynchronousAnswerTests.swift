//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Extensions that take their time: the client's packets keep their order, and everybody else goes on.
@Suite struct AsynchronousAnswerTests {
    private let slow = RecordingExtension(
        [.authentication, .authorization, .publish],
        authenticate: { request in
            .later { request.client.clientIdentifier == "no" ? .refuse(.notAuthorized) : .accept() }
        },
        authorize: { request in
            guard case .publish(let topic, _, _) = request.action, topic.hasPrefix("slow") else { return .now(.pass) }
            return .later { topic == "slow/no" ? .deny(.notAuthorized) : .allow }
        },
        publish: { message in message.topic.hasPrefix("slow") ? .later { .pass } : .now(.pass) }
    )

    /// A client that has been let in.
    private func connected(
        _ broker: TestBroker,
        _ name: String,
        _ change: (inout Connect) -> Void = { _ in }
    ) async -> TestClient {
        let client = broker.client(name)
        client.send(client.connectPacket(change))
        await broker.runWork()
        #expect(client.take().map(\.type) == [.connectAck])
        return client
    }

    @Test func nothingIsReadBeforeTheAnswer() async {
        let broker = TestBroker(extensions: [self.slow])
        let client = broker.client("c")
        client.send(client.connectPacket(), .pingRequest)
        #expect(client.take().isEmpty)
        #expect(!client.transport.isReading)
        client.send(.pingRequest)
        await broker.runWork()
        #expect(client.take().map(\.type) == [.connectAck, .pingResponse, .pingResponse])
        #expect(client.transport.isReading)
        let refused = broker.client("no")
        refused.send(refused.connectPacket(), .pingRequest)
        await broker.runWork()
        #expect(refused.take().map(\.type) == [.connectAck])
        #expect(refused.isClosed)
    }

    @Test func packetsKeepTheirOrder() async {
        let broker = TestBroker(extensions: [self.slow])
        let watcher = await self.connected(broker, "w")
        watcher.subscribe("#", qos: .exactlyOnce)
        let client = await self.connected(broker, "c")
        let other = await self.connected(broker, "o")
        var bytes = ByteBuffer()
        for number in 0..<6 {
            let publish = Publish(
                topic: number % 2 == 0 ? "slow" : "quick",
                payload: ByteBuffer(string: "\(number)"),
                qos: .atLeastOnce,
                packetIdentifier: UInt16(number + 1)
            )
            bytes.writeImmutableBuffer(client.encode(.publish(publish)))
        }
        // In pieces, so that some comes while it is paused.
        while let piece = bytes.readSlice(length: min(7, bytes.readableBytes)), piece.readableBytes > 0 {
            client.send(piece)
        }
        other.publish("quick", "other")
        #expect(watcher.takeTexts() == ["other"], "others do not wait")
        var rounds = 0
        while broker.hosts[0].workCount > 0 {
            await broker.runWork()
            rounds += 1
        }
        #expect(rounds == 3)
        #expect(watcher.takeTexts() == ["0", "1", "2", "3", "4", "5"])
        #expect(client.takeAcknowledgements().map(\.packetIdentifier) == [1, 2, 3, 4, 5, 6])
    }

    @Test func aLateRefusalIsAnAnswerToo() async {
        let broker = TestBroker(extensions: [self.slow])
        let client = await self.connected(broker, "c")
        client.publish("slow/no", qos: .exactlyOnce)
        await broker.runWork()
        #expect(client.takeAcknowledgements().map(\.reason) == [.notAuthorized])
    }

    /// PUBLISH, DISCONNECT and the end in one go, as short-lived publishers do: the message arrives, and the will, taken
    /// back, does not.
    @Test(arguments: [true, false])
    func whatCameBeforeTheEndIsDealtWith(_ saysGoodbye: Bool) async {
        let slow = RecordingExtension(.publish, publish: { $0.topic == "a" ? .later { .pass } : .now(.pass) })
        let broker = TestBroker(extensions: [slow])
        let watcher = broker.connected("w")
        watcher.subscribe("#")
        let client = broker.connected("c") {
            $0.will = Will(topic: "will", payload: ByteBuffer(string: "gone"), qos: .atMostOnce, isRetained: false)
        }
        let last = Publish(topic: "b", payload: ByteBuffer(string: "2"), qos: .atMostOnce)
        client.publish("a", "1")
        client.send(.publish(last))
        if saysGoodbye { client.send(.disconnect(Disconnect())) }
        client.drop()
        #expect(watcher.takeTexts().isEmpty)
        await broker.runWork()
        #expect(watcher.takeTexts() == (saysGoodbye ? ["1", "2"] : ["1", "2", "gone"]))
        #expect(broker.metrics.clientsConnected == 1)
        #expect(broker.session("c") == nil)
    }

    /// A message whose answer is pending when the connection goes is not routed, so it must be when it comes again.
    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce], [true, false])
    func closingWhileAnAnswerIsPendingLosesNothing(qos: QoS, isTakenOver: Bool) async {
        let slow = RecordingExtension(.publish, publish: { _ in .later { .pass } })
        let broker = TestBroker(extensions: [slow])
        let watcher = broker.connected("w")
        watcher.subscribe("#", qos: .exactlyOnce)
        let persistent: (inout Connect) -> Void = {
            $0.cleanStart = false
            $0.properties.sessionExpiryInterval = 100
        }
        let client = broker.connected("c", .v5, persistent)
        client.publish("a", "x", qos: qos, identifier: 3)
        if !isTakenOver { client.drop() }
        let again = broker.connected("c", .v5, persistent)
        await broker.runWork()
        #expect(watcher.takeTexts() == [])
        for _ in 0..<2 {
            again.publish("a", "x", qos: qos, duplicate: true, identifier: 3)
            await broker.runWork()
        }
        #expect(again.takeAcknowledgements().map(\.reason) == [.success, .success])
        #expect(watcher.takeTexts() == (qos == .exactlyOnce ? ["x"] : ["x", "x"]))
    }

    @Test func aClientThatWaitsDoesNotTimeOut() async {
        let broker = TestBroker(extensions: [self.slow])
        let client = await self.connected(broker, "c") { $0.keepAlive = 10 }
        client.publish("slow")
        broker.advance(seconds: 40)
        #expect(!client.isClosed)
        await broker.runWork()
        broker.advance(seconds: 15)
        #expect(client.isClosed)
    }

    @Test func anExtensionThatNeverAnswersDoesNotKeepAStranger() async {
        let broker = TestBroker(extensions: [self.slow])
        let client = broker.client("c")
        client.send(client.connectPacket())
        broker.advance(seconds: 15)
        #expect(client.isClosed)
        await broker.runWork()
        broker.expectEmpty()
    }
}

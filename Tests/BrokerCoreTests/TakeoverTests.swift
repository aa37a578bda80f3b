//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// One client identifier, one session, on one shard.
@Suite struct TakeoverTests {
    @Test(arguments: [0, 1], [true, false])
    func theOldConnectionEnds(newShard: Int, isCleanStart: Bool) {
        let broker = TestBroker(shards: 2)
        let first = broker.connected("c", on: 0) { $0.properties.sessionExpiryInterval = 100 }
        first.subscribe("a", qos: .atLeastOnce)
        let second = broker.client("c", on: newShard)
        let answer = second.connect {
            $0.cleanStart = isCleanStart
            $0.properties.sessionExpiryInterval = 100
        }
        #expect(answer?.sessionPresent == !isCleanStart)
        #expect(first.takeDisconnect() == .sessionTakenOver)
        #expect(first.isClosed)
        #expect(!second.isClosed)
        #expect(broker.metrics.clientsConnected == 1)
        #expect(broker.metrics.sessions == 1)
        broker.connected("p", on: 0).publish("a", "1")
        #expect(second.takeTexts() == (isCleanStart ? [] : ["1"]))
        broker.expectAtRest()
    }

    @Test func aV3ConnectionIsClosedWithoutAWord() {
        let broker = TestBroker(shards: 2)
        let first = broker.connected("c", .v3_1_1, on: 0) { $0.cleanStart = false }
        let second = broker.connected("c", .v3_1_1, on: 1) { $0.cleanStart = false }
        #expect(first.take().isEmpty)
        #expect(first.isClosed)
        #expect(!second.isClosed)
    }

    @Test func whatIsInFlightAndQueuedMovesToo() {
        let broker = TestBroker(shards: 2)
        let first = broker.connected("c", on: 0) {
            $0.properties.sessionExpiryInterval = 100
            $0.properties.receiveMaximum = 2
        }
        first.subscribe("#", qos: .exactlyOnce)
        let publisher = broker.connected("p", on: 1)
        for (index, qos) in [QoS.atLeastOnce, .exactlyOnce, .atLeastOnce].enumerated() {
            publisher.publish("a", "\(index)", qos: qos)
        }
        let sent = first.takeMessages()
        #expect(sent.map(\.text) == ["0", "1"])
        first.acknowledge(.publishReceived, sent[1].packetIdentifier)
        #expect(first.takeAcknowledgements().map(\.kind) == [.publishRelease])

        let second = broker.client("c", on: 1)
        second.send(
            second.connectPacket {
                $0.cleanStart = false
                $0.properties.sessionExpiryInterval = 100
            }
        )
        let packets = second.take()
        #expect(packets.map(\.type) == [.connectAck, .publish, .publishRelease, .publish])
        guard case .publish(let repeated) = packets[1], case .acknowledgement(let release) = packets[2],
            case .publish(let last) = packets[3]
        else { return }
        #expect(repeated.isDuplicate)
        #expect(repeated.packetIdentifier == sent[0].packetIdentifier)
        #expect(release.packetIdentifier == sent[1].packetIdentifier)
        #expect(last.text == "2" && !last.isDuplicate)
    }

    @Test func anIncomingExactlyOnceHandshakeMovesToo() {
        let broker = TestBroker(shards: 2)
        let watcher = broker.connected("w", on: 0)
        watcher.subscribe("a")
        let first = broker.connected("c", on: 0) { $0.properties.sessionExpiryInterval = 100 }
        let identifier = first.publish("a", "once", qos: .exactlyOnce)
        #expect(watcher.takeTexts() == ["once"])
        let second = broker.connected("c", on: 1) {
            $0.cleanStart = false
            $0.properties.sessionExpiryInterval = 100
        }
        second.publish("a", "once", qos: .exactlyOnce, duplicate: true, identifier: identifier)
        #expect(second.takeAcknowledgements().map(\.kind) == [.publishReceived])
        second.acknowledge(.publishRelease, identifier)
        #expect(second.takeAcknowledgements().map(\.kind) == [.publishComplete])
        #expect(watcher.takeTexts() == [])
    }

    /// [MQTT-3.1.3-9]: the network connection has closed, so a will without delay is due; one with a delay is not,
    /// since its client is back, unless the session ends.
    @Test(arguments: [(0, false, true), (10, false, false), (10, true, true)], [0, 1])
    func theWillOfTheOldConnection(_ row: (delay: UInt32, isCleanStart: Bool, isPublished: Bool), newShard: Int) {
        let broker = TestBroker(shards: 2)
        let watcher = broker.connected("w", on: 1)
        watcher.subscribe("will")
        _ = broker.connected("c", on: 0) {
            $0.properties.sessionExpiryInterval = 100
            $0.will = Will(
                topic: "will",
                payload: ByteBuffer(string: "gone"),
                properties: [.willDelayInterval(row.delay)]
            )
        }
        _ = broker.connected("c", on: newShard) {
            $0.cleanStart = row.isCleanStart
            $0.properties.sessionExpiryInterval = 100
        }
        #expect(watcher.takeTexts() == (row.isPublished ? ["gone"] : []))
        broker.advance(seconds: 20)
        #expect(watcher.takeTexts() == [])
    }

    @Test func aClaimWhoseClientHasGoneKeepsTheSession() {
        let broker = TestBroker(shards: 2)
        let first = broker.connected("c", on: 0) { $0.properties.sessionExpiryInterval = 100 }
        first.subscribe("a", qos: .atLeastOnce)
        let second = broker.client("c", on: 1)
        second.send(second.connectPacket { $0.cleanStart = false })
        second.drop()
        #expect(broker.metrics.clientsConnected == 0)
        #expect(broker.metrics.sessions == 1)
        broker.expectAtRest()
        broker.connected("p", on: 0).publish("a", "kept", qos: .atLeastOnce)
        let third = broker.connected("c", on: 0) {
            $0.cleanStart = false
            $0.properties.sessionExpiryInterval = 100
        }
        #expect(third.takeTexts() == ["kept"])
        third.drop()
        broker.advance(seconds: 101)
        #expect(broker.session("c") == nil)
    }

    /// Moving does not give an offline session more time.
    @Test func aSessionThatMovesWhileOfflineExpiresWhenItWould() {
        let broker = TestBroker(shards: 2)
        broker.connected("c", on: 0) { $0.properties.sessionExpiryInterval = 100 }.drop()
        broker.advance(seconds: 60)
        let second = broker.client("c", on: 1)
        second.send(second.connectPacket { $0.cleanStart = false })
        second.drop()
        broker.settle()
        broker.advance(seconds: 39)
        #expect(broker.session("c") != nil)
        broker.advance(seconds: 2)
        #expect(broker.session("c") == nil)
    }

    struct Storm: Sendable, CustomTestStringConvertible {
        let seed: UInt64
        let isClean: Bool?

        var testDescription: String { "seed \(self.seed), clean \(String(describing: self.isClean))" }
    }

    static let storms: [Storm] = (0..<100).map { Storm(seed: UInt64($0), isClean: [true, false, nil][$0 % 3]) }

    /// Connects with the same identifier come on all shards at once; the last one survives, alone.
    @Test(arguments: storms)
    func exactlyOneSurvives(_ storm: Storm) {
        var generator = SeededGenerator(seed: storm.seed)
        let shardCount = 2 + Int(storm.seed % 3)
        let broker = TestBroker(shards: shardCount)
        let expiry: UInt32 = Bool.random(using: &generator) ? 1000 : 0
        var clients: [TestClient] = []
        for _ in 0..<Int.random(in: 3...8, using: &generator) {
            let client = broker.client("c", on: Int.random(in: 0..<shardCount, using: &generator))
            let isClean = storm.isClean ?? Bool.random(using: &generator)
            client.send(
                client.connectPacket {
                    $0.cleanStart = isClean
                    $0.properties.sessionExpiryInterval = expiry
                },
                .subscribe(
                    Subscribe(
                        packetIdentifier: 1,
                        filters: [.init(filter: "a/\(clients.count)", options: SubscriptionOptions(qos: .atLeastOnce))]
                    )
                )
            )
            clients.append(client)
            for _ in 0..<Int.random(in: 0...6, using: &generator) { broker.step(using: &generator) }
            if generator.once(in: 6), let connection = clients.randomElement(using: &generator)?.connection,
                connection !== client.connection
            {
                client.broker[clients.first { $0.connection === connection }?.shardIndex ?? 0].closed(connection)
            }
        }
        while broker.step(using: &generator) {}

        let last = clients.removeLast()
        #expect(last.takeArrived().prefix(2).map(\.type) == [.connectAck, .subscribeAck])
        #expect(!last.transport.isClosed)
        for client in clients { #expect(client.connection?.phase == .closed) }
        #expect(broker.metrics.clientsConnected == 1)
        #expect(broker.metrics.sessions == 1)
        #expect(broker.state.directory.count == 1)
        #expect(broker.session("c")?.connection === last.connection)
        broker.expectAtRest()

        last.disconnect()
        broker.advance(seconds: 2000)
        broker.expectEmpty()
    }

    @Test(arguments: 0..<40)
    func aSessionThatEndsWhileItIsClaimedLeavesNothing(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let broker = TestBroker(shards: 3)
        var clients: [TestClient] = []
        for _ in 0..<30 {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0:
                let client = broker.client("c", on: Int.random(in: 0..<3, using: &generator))
                let isClean = Bool.random(using: &generator)
                let expiry: UInt32 = Bool.random(using: &generator) ? 5 : 0
                client.send(
                    client.connectPacket {
                        $0.cleanStart = isClean
                        $0.properties.sessionExpiryInterval = expiry
                    }
                )
                clients.append(client)
            case 1:
                guard let client = clients.popLast(), let connection = client.connection else { continue }
                client.shard.closed(connection)
            case 2:
                broker.clock.now = broker.clock.now.adding(seconds: 3)
                for shard in broker.shards { shard.tick() }
            default: broker.step(using: &generator)
            }
        }
        while broker.step(using: &generator) {}
        #expect(broker.shards.flatMap(\.sessions.all).count <= 1)
        for client in clients {
            if let connection = client.connection { client.shard.closed(connection) }
        }
        broker.settle()
        broker.advance(seconds: 100)
        broker.expectEmpty()
    }
}

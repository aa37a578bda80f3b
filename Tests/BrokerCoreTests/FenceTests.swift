//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// A session that moves between shards while messages for it are under way, in any interleaving of turns and mail.
@Suite struct FenceTests {
    struct Round: Sendable, CustomTestStringConvertible {
        let seed: UInt64
        let shards: Int
        /// Whether it hops again only when the last hop has been answered.
        let isPatient: Bool
        let qos: QoS?

        var testDescription: String { "seed \(self.seed), \(self.shards) shards, patient \(self.isPatient)" }
    }

    static let rounds: [Round] = (0..<72).map { index in
        Round(
            seed: UInt64(index),
            shards: 2 + index % 3,
            isPatient: index % 2 == 0,
            qos: [.atLeastOnce, .exactlyOnce, nil][index / 2 % 3]
        )
    }

    @Test(arguments: rounds)
    func everyMessageArrivesOnceAndInOrder(_ round: Round) {
        var generator = SeededGenerator(seed: round.seed)
        let broker = TestBroker(shards: round.shards) {
            $0.maximumQueuedMessages = 100_000
            $0.maximumInflight = [3, 20, 2048][Int(round.seed % 3)]
        }
        let publishers = (0..<round.shards).map { NumberingPublisher("p\($0)", broker, on: $0) }
        let subscriber = HoppingSubscriber("hopper", broker)
        subscriber.hop(to: 0, version: .v5)
        broker.settle()
        subscriber.read()
        subscriber.client?.subscribe("t/#", "t/p0")

        for _ in 0..<600 {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<5:
                publishers.randomElement(using: &generator)?.publish(
                    qos: round.qos ?? (Bool.random(using: &generator) ? .atLeastOnce : .exactlyOnce)
                )
            case 5..<7: subscriber.read()
            case 7 where !round.isPatient || subscriber.isConnected && generator.once(in: 2):
                subscriber.hop(
                    to: Int.random(in: 0..<round.shards, using: &generator),
                    version: Bool.random(using: &generator) ? .v5 : .v3_1_1
                )
            case 8: subscriber.dropAbandoned(using: &generator)
            case 9: publishers.randomElement(using: &generator)?.answer()
            default: broker.step(using: &generator)
            }
        }
        repeat {
            broker.settle()
            subscriber.read()
            for publisher in publishers { publisher.answer() }
        } while broker.isBusy

        #expect(subscriber.isConnected, "the last connection has the session")
        for publisher in publishers {
            #expect(subscriber.numbers[publisher.name]?.count ?? 0 == publisher.count, "\(publisher.name)")
        }
        broker.expectAtRest()
        #expect(broker.metrics.sessions == round.shards + 1)
        #expect(broker.state.directory.count == round.shards + 1)
        #expect(broker.state.subscriptionCount == 2)
        #expect(broker.session("hopper")?.inflight.count == 0)
    }

    /// One hop while messages from all shards are under way to the old place, and a client that reads only then:
    /// nothing is sent twice, so the order is that of the broker's own making.
    @Test(arguments: 0..<20)
    func messagesForwardedFromTheOldPlaceComeFirst(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let broker = TestBroker(shards: 3)
        let publishers = (0..<3).map { NumberingPublisher("p\($0)", broker, on: $0) }
        let subscriber = HoppingSubscriber("hopper", broker)
        subscriber.hop(to: 0, version: .v5)
        broker.settle()
        subscriber.read()
        subscriber.client?.subscribe("t/#")
        // Under way to shard 0 while the session leaves it.
        for publisher in publishers { publisher.publish(qos: .exactlyOnce) }
        subscriber.hop(to: 1, version: .v5)
        for _ in 0..<60 {
            if generator.once(in: 4) { publishers.randomElement(using: &generator)?.publish(qos: .exactlyOnce) }
            broker.step(using: &generator)
        }
        repeat {
            broker.settle()
            subscriber.read()
        } while broker.isBusy
        for publisher in publishers {
            #expect(subscriber.numbers[publisher.name]?.count == publisher.count)
        }
        broker.expectAtRest()
    }

    /// What was sent to a session that has ended does not come to the next one of the same client.
    @Test func messagesForAnEndedSessionDoNotReachTheNextOne() {
        let broker = TestBroker(shards: 3)
        let publisher = NumberingPublisher("p", broker, on: 2)
        let first = broker.connected("c", on: 0) { $0.properties.sessionExpiryInterval = .max }
        first.subscribe("t/#")
        // The session moves to shard 1, and has arrived there while this message is still on its way to shard 0.
        publisher.publish(qos: .atLeastOnce)
        broker.endTurn(of: 2)
        let second = broker.client("c", on: 1)
        second.send(
            second.connectPacket {
                $0.cleanStart = false
                $0.properties.sessionExpiryInterval = .max
            }
        )
        broker.endTurn(of: 1)
        broker.deliverMail(TestBroker.Pair(from: 1, to: 0))
        broker.endTurn(of: 0)
        broker.deliverMail(TestBroker.Pair(from: 0, to: 1))
        #expect(second.takeArrived().isEmpty)
        broker.endTurn(of: 1)
        #expect(second.takeArrived().map(\.type) == [.connectAck])
        // The same client starts anew, on the shard where its session has just arrived.
        let third = broker.client("c", on: 1)
        third.send(third.connectPacket())
        #expect(third.take().map(\.type) == [.connectAck], "the message was for the session that has ended")
        broker.expectAtRest()
    }
}

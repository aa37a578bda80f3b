//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// Shared subscriptions through whole sessions (section 4.8.2).
@Suite struct SharedSubscriptionTests {
    /// `$queue` is a group of its own, whatever others are called.
    @Test func aGroupMayBeCalledQueue() {
        let broker = TestBroker()
        let client = broker.connected("c")
        client.subscribe("$queue/a")
        client.subscribe("$share/$queue/a")
        let publisher = broker.connected("p")
        publisher.publish("a", "1")
        #expect(client.takeTexts() == ["1", "1"])
        #expect(client.unsubscribe("$share/$queue/a") == [.success])
        publisher.publish("a", "2")
        #expect(client.takeTexts() == ["2"])
    }

    private func member(
        _ broker: TestBroker,
        _ name: String,
        on shard: Int = 0,
        expiry: UInt32 = 100,
        qos: QoS = .exactlyOnce
    ) -> TestClient {
        let client = broker.connected(name, on: shard) {
            $0.cleanStart = false
            $0.properties.sessionExpiryInterval = expiry
        }
        client.subscribe("$share/g/a", qos: qos)
        return client
    }

    @Test(arguments: [1, 3])
    func eachMessageGoesToOneMember(_ shards: Int) {
        let broker = TestBroker(shards: shards)
        let members = (0..<3).map { self.member(broker, "m\($0)", on: $0 % shards) }
        let publishers = (0..<shards).map { broker.connected("p\($0)", on: $0) }
        for number in 0..<30 { publishers[number % shards].publish("a", "\(number)", qos: .atLeastOnce) }
        let got = members.map { $0.takeTexts() }
        #expect(got.flatMap(\.self).sorted() == (0..<30).map(String.init).sorted())
        #expect(got.allSatisfy { $0.count == 10 })
    }

    /// [MQTT-4.8.2-4]: at QoS 1 another member may get what the one that left has not acknowledged; at QoS 2 it may
    /// not [MQTT-4.8.2-5].
    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func whatAMemberLeavesUnacknowledged(_ qos: QoS) {
        let broker = TestBroker(shards: 2)
        let first = self.member(broker, "first")
        let publisher = broker.connected("p")
        publisher.publish("a", "1", qos: qos)
        #expect(first.takeTexts() == ["1"])
        let second = self.member(broker, "second", on: 1)
        first.drop()
        #expect(second.takeTexts() == (qos == .atLeastOnce ? ["1"] : []))
        let again = self.member(broker, "first")
        #expect(again.takeTexts() == (qos == .atLeastOnce ? [] : ["1"]))
    }

    @Test func whatWaitsForAMemberThatLeavesGoesToAnother() {
        let broker = TestBroker(shards: 2) { $0.maximumInflight = 1 }
        let first = self.member(broker, "first", qos: .atLeastOnce)
        let publisher = broker.connected("p")
        for number in 0..<4 { publisher.publish("a", "\(number)", qos: .atLeastOnce) }
        #expect(first.takeTexts() == ["0"])
        let second = self.member(broker, "second", on: 1)
        first.drop()
        var got: [String] = []
        while let message = second.takeMessages().first {
            got.append(message.text)
            second.acknowledge(.publishAck, message.packetIdentifier)
        }
        #expect(got == ["0", "1", "2", "3"])
    }

    /// The session ends, and the only other member is offline: its session gets the message.
    @Test func aMemberThatEndsLeavesToOfflineMembers() {
        let broker = TestBroker()
        self.member(broker, "offline").drop()
        let brief = self.member(broker, "brief", expiry: 0)
        broker.connected("p").publish("a", "1", qos: .atLeastOnce)
        #expect(brief.takeTexts() == ["1"])
        brief.drop()
        #expect(self.member(broker, "offline").takeTexts() == ["1"])
    }

    @Test func offlineMembersAreSkipped() {
        let broker = TestBroker(shards: 2)
        self.member(broker, "gone").drop()
        let here = self.member(broker, "here", on: 1)
        let publisher = broker.connected("p")
        for number in 0..<4 { publisher.publish("a", "\(number)", qos: .atLeastOnce) }
        #expect(here.takeTexts() == ["0", "1", "2", "3"])
    }

    /// A member's session moves for a connection that is closed before it arrives: it is offline then.
    @Test func aMemberWhoseTakeOverWasGivenUpIsOffline() {
        let broker = TestBroker(shards: 2)
        _ = self.member(broker, "c")
        let other = self.member(broker, "other")
        let second = broker.client("c", on: 1)
        second.send(
            second.connectPacket {
                $0.cleanStart = false
                $0.properties.sessionExpiryInterval = 100
            }
        )
        second.drop()
        broker.expectAtRest()
        #expect(broker.session("c")?.connection == nil)
        let publisher = broker.connected("p")
        for number in 0..<4 { publisher.publish("a", "\(number)", qos: .atLeastOnce) }
        #expect(other.takeTexts() == ["0", "1", "2", "3"])
    }

    /// A message for a member that has just arrived is held back until its fences are through; a later one that finds
    /// the way free may not come before it.
    @Test func aMemberThatHasJustArrivedGetsItsMessagesInOrder() {
        typealias Pair = TestBroker.Pair
        let broker = TestBroker(shards: 2)
        _ = self.member(broker, "c", qos: .atLeastOnce)
        let publisher = broker.connected("p", on: 1)
        let second = broker.client("c", on: 1)
        second.send(second.connectPacket { $0.cleanStart = false })
        broker.endTurn(of: 1)
        broker.deliverMail(Pair(from: 1, to: 0))
        broker.endTurn(of: 0)
        broker.deliverMail(Pair(from: 0, to: 1))
        broker.endTurn(of: 1)
        broker.deliverMail(Pair(from: 1, to: 1))
        broker.endTurn(of: 1)
        #expect(broker.session("c")?.arrival?.fencesAwaited == 2)
        publisher.publish("a", "1", qos: .atLeastOnce)
        broker.endTurn(of: 1)
        // Everything but what shard 1 may have sent to itself arrives.
        while let pair = broker.pairsWithMail.first(where: { $0 != Pair(from: 1, to: 1) }) {
            broker.deliverMail(pair)
            broker.endTurn(of: 0)
        }
        #expect(broker.session("c")?.arrival == nil)
        publisher.publish("a", "2", qos: .atLeastOnce)
        #expect(second.takeTexts() == ["1", "2"])
        broker.expectAtRest()
    }

    /// Members that move between shards miss nothing.
    @Test(arguments: 0..<20)
    func membersThatMoveLoseNothing(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let broker = TestBroker(shards: 3)
        let publishers = (0..<3).map { broker.connected("p\($0)", on: $0) }
        var members = ["x", "y"].map { self.member(broker, $0) }
        var got: Set<String> = []
        let read = { (client: TestClient) in
            for case .publish(let publish) in client.takeArrived() {
                got.insert(publish.text)
                if publish.qos == .atLeastOnce { client.acknowledge(.publishAck, publish.packetIdentifier) }
            }
        }
        for number in 0..<60 {
            publishers[number % 3].publish("a", "\(number)", qos: .atLeastOnce)
            if generator.once(in: 8) {
                let index = Int.random(in: 0..<2, using: &generator)
                let next = broker.client(members[index].identifier, on: Int.random(in: 0..<3, using: &generator))
                next.send(
                    next.connectPacket {
                        $0.cleanStart = false
                        $0.properties.sessionExpiryInterval = 100
                    }
                )
                members[index] = next
            }
            for _ in 0..<4 { broker.step(using: &generator) }
            if generator.once(in: 3) { members.forEach(read) }
        }
        repeat {
            broker.settle()
            members.forEach(read)
        } while broker.isBusy
        #expect(got.count == 60)
        broker.expectAtRest()
    }
}

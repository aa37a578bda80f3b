//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// A session that is resumed holds what its client was allowed before: it is asked about before the client gets any
/// of it.
@Suite struct SessionResumeTests {
    private let rules = ChangingRules()

    private func persistent(_ user: String? = nil) -> (inout Connect) -> Void {
        { connect in
            connect.cleanStart = false
            connect.properties.sessionExpiryInterval = 100
            connect.userName = user
        }
    }

    /// A session of `adam` with messages that wait.
    private func prepare(_ broker: TestBroker) {
        let client = broker.connected("c", .v5, self.persistent("adam"))
        client.subscribe("a", "b", qos: .atLeastOnce)
        client.drop()
        let publisher = broker.connected("p")
        publisher.publish("a", "1", qos: .atLeastOnce)
        publisher.publish("b", "2", qos: .atLeastOnce)
        publisher.drop()
        _ = self.rules.takeCalls()
    }

    private func resume(_ broker: TestBroker, on shard: Int, as user: String) -> TestClient {
        let client = broker.client("c", .v5, on: shard)
        client.send(client.connectPacket(self.persistent(user)))
        return client
    }

    @Test(arguments: [0, 1], [true, false])
    func anotherUserGetsWhatItMayHave(shard: Int, isLate: Bool) async {
        let broker = TestBroker(shards: 2, extensions: [self.rules])
        self.prepare(broker)
        self.rules.change {
            $0.refused = ["eve:b"]
            $0.isLate = isLate
        }
        let client = self.resume(broker, on: shard, as: "eve")
        if isLate {
            #expect(client.take().isEmpty, "nothing before the answer, not even CONNACK")
            #expect(!client.transport.isReading)
            client.send(.pingRequest)
            await broker.runWork()
        }
        let packets = client.take()
        #expect(packets.map(\.type) == [.connectAck, .publish] + (isLate ? [.pingResponse] : []))
        guard case .connectAck(let answer)? = packets.first, case .publish(let publish) = packets[1] else { return }
        #expect(answer.sessionPresent)
        #expect(publish.text == "1")
        #expect(client.transport.isReading)
        #expect(self.rules.takeCalls().sorted() == ["may c a", "may c b"])
        #expect(broker.session("c")?.entries.count == 1)
        #expect(broker.metrics.droppedNotAuthorized == 1)
        broker.expectAtRest()
    }

    /// Messages that come while it is asked wait, and those that come by a subscription that is then refused do not
    /// arrive.
    @Test(arguments: [0, 1])
    func messagesMeanwhile(shard: Int) async {
        let broker = TestBroker(shards: 2, extensions: [self.rules])
        self.prepare(broker)
        let publisher = broker.connected("q")
        for topic in ["a", "b"] { publisher.publish(topic, qos: .atLeastOnce, retain: true) }
        self.rules.change {
            $0.refused = ["eve:b"]
            $0.isLate = true
        }
        let client = self.resume(broker, on: shard, as: "eve")
        broker.settle()
        self.rules.change { $0.isLate = false }
        for topic in ["a", "b"] { publisher.publish(topic, "meanwhile " + topic, qos: .atLeastOnce) }
        #expect(client.take().isEmpty)
        await broker.runWork()
        #expect(client.takeTexts() == ["1", "", "meanwhile a"])
    }

    /// Messages that are on their way to where the session was while it moves to another user.
    @Test(arguments: 0..<20)
    func messagesOnTheirWayToTheOldPlace(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let broker = TestBroker(shards: 3, extensions: [self.rules])
        self.prepare(broker)
        self.rules.refuse("eve:b")
        let publisher = broker.connected("q", .v5, on: 2)
        let client = self.resume(broker, on: 1, as: "eve")
        var expected = ["1"]
        for number in 0..<20 {
            publisher.publish("b", "secret", qos: .atLeastOnce)
            publisher.publish("a", "\(number)", qos: .atLeastOnce)
            expected.append("\(number)")
            broker.step(using: &generator)
        }
        #expect(client.takeTexts() == expected)
    }

    /// What the earlier user has been sent and has not acknowledged is not sent to another who may not have it.
    @Test(arguments: [("adam", 2), ("eve", 1)])
    func inFlightToAnotherUser(user: String, expected: Int) {
        let broker = TestBroker(extensions: [self.rules])
        let client = broker.connected("c", .v5, self.persistent("adam"))
        client.subscribe("#", qos: .atLeastOnce)
        let publisher = broker.connected("p")
        for topic in ["a", "b"] { publisher.publish(topic, topic, qos: .atLeastOnce) }
        #expect(client.takeTexts() == ["a", "b"])
        client.drop()
        self.rules.refuse("b")
        #expect(self.resume(broker, on: 0, as: user).takeTexts().count == expected)
    }

    // MARK: While the answer is awaited

    @Test(arguments: [0, 1], [true, false])
    func theConnectionGoes(shard: Int, hasSentMore: Bool) async {
        let broker = TestBroker(shards: 2, extensions: [self.rules])
        self.prepare(broker)
        self.rules.change { $0.isLate = true }
        let client = self.resume(broker, on: shard, as: "adam")
        broker.settle()
        if hasSentMore { client.send(.pingRequest) }
        client.drop()
        #expect(broker.session("c") != nil)
        await broker.runWork()
        #expect(client.takeArrived().isEmpty)
        broker.expectAtRest()
        #expect(broker.session("c")?.connection == nil && broker.session("c")?.review == nil)
        #expect(broker.state.sessionsOffline == 1)
        broker.advance(seconds: 101)
        broker.expectEmpty()
        #expect(broker.state.sessionsOffline == 0)
    }

    /// A session with more subscriptions than are asked about at a time is claimed again and again while answers are
    /// awaited: none of the connections gets it before all is answered.
    @Test func manyConnectionsAndManySubscriptions() async {
        let broker = TestBroker(extensions: [self.rules])
        let owner = broker.connected("c", .v5, self.persistent("adam"))
        for number in 0..<(Chores.part + 10) { owner.subscribe("a/\(number)", qos: .atLeastOnce) }
        owner.drop()
        let publisher = broker.connected("p")
        for number in 0..<10 { publisher.publish("a/\(number)", "secret", qos: .atLeastOnce) }
        self.rules.change {
            $0.isLate = true
            $0.refused = Set((0..<1000).map { "eve:a/\($0)" })
        }
        let clients = (0..<6).map { _ in self.resume(broker, on: 0, as: "eve") }
        // The parts go on, and no answer is there yet.
        for _ in 0..<10 { broker.settle() }
        #expect(clients.allSatisfy { $0.takeArrived().isEmpty })
        for _ in 0..<10 { await broker.runWork() }
        #expect(clients.last?.take().map(\.type) == [.connectAck])
        #expect(broker.session("c")?.entries.isEmpty == true)
    }

    /// Nobody can say: the client is refused, and finds all as it was when it comes again.
    @Test(arguments: [true, false])
    func nobodyCanSay(isLate: Bool) async {
        let broker = TestBroker(extensions: [self.rules])
        self.prepare(broker)
        self.rules.change {
            $0.refused = ["a", "b"]
            $0.refusal = .unanswered
            $0.isLate = isLate
        }
        let client = self.resume(broker, on: 0, as: "adam")
        for _ in 0..<3 { await broker.runWork() }
        guard case .connectAck(let answer)? = client.takeFirst(.connectAck) else {
            Issue.record("no CONNACK")
            return
        }
        #expect(answer.reason == .serverUnavailable && !answer.sessionPresent)
        #expect(broker.session("c")?.entries.count == 2)
        self.rules.change {
            $0.refused = []
            $0.isLate = false
        }
        let again = self.resume(broker, on: 0, as: "adam")
        #expect(again.take().map(\.type) == [.connectAck, .publish, .publish])
    }

    /// A further connection of the client, here or on another shard, gets the session; the waiting one is closed.
    @Test(arguments: [0, 1], [true, false])
    func anotherConnectionComes(shard: Int, isCleanStart: Bool) async {
        let broker = TestBroker(shards: 2, extensions: [self.rules])
        self.prepare(broker)
        self.rules.change { $0.isLate = true }
        let first = self.resume(broker, on: 0, as: "adam")
        broker.settle()
        let second = broker.client("c", .v5, on: shard)
        second.send(
            second.connectPacket {
                self.persistent("adam")(&$0)
                $0.cleanStart = isCleanStart
            }
        )
        broker.settle()
        #expect(first.isClosed)
        for _ in 0..<3 { await broker.runWork() }
        #expect(first.takeArrived().isEmpty)
        guard case .connectAck(let answer)? = second.takeFirst(.connectAck) else {
            Issue.record("no CONNACK")
            return
        }
        #expect(answer.sessionPresent == !isCleanStart)
        #expect(second.takeTexts() == (isCleanStart ? [] : ["1", "2"]))
        broker.expectAtRest()
    }

    @Test func theRulesChangeAgain() async {
        let broker = TestBroker(extensions: [self.rules])
        self.prepare(broker)
        self.rules.change { $0.isLate = true }
        let client = self.resume(broker, on: 0, as: "adam")
        self.rules.change {
            $0.isLate = false
            $0.refused = ["a"]
        }
        broker[0].recheckAccess()
        #expect(client.takeTexts() == ["2"], "asked again, and answered at once")
        await broker.runWork()
        #expect(client.take().map(\.type) == [.connectAck])
        #expect(broker.state.subscriptionCount == 1)
    }

    /// Its time to be kept does not run out while its client is at the door.
    @Test func theSessionDoesNotExpire() async {
        let broker = TestBroker(extensions: [self.rules])
        self.prepare(broker)
        broker.advance(seconds: 90)
        self.rules.change { $0.isLate = true }
        let client = self.resume(broker, on: 0, as: "adam")
        broker.advance(seconds: 20)
        await broker.runWork()
        #expect(client.takeTexts() == ["1", "2"])
    }

    @Test func aLargeSessionIsSpread() {
        let broker = TestBroker(extensions: [self.rules])
        let first = broker.connected("c", .v5, self.persistent("adam"))
        for index in 0..<1000 { first.subscribe("t/\(index)") }
        self.rules.refuse("t/1", "t/998")
        let second = self.resume(broker, on: 0, as: "adam")
        #expect(second.takeArrived().isEmpty, "it takes more than a part")
        #expect(second.take().map(\.type) == [.connectAck])
        #expect(broker.state.subscriptionCount == 998)
    }

    @Test func withoutInterestNothingIsAsked() {
        let rules = ChangingRules { $0.interests = .authentication }
        let broker = TestBroker(extensions: [rules])
        broker.connected("c", .v5, self.persistent()).subscribe("a")
        _ = rules.takeCalls()
        _ = broker.connected("c", .v5, self.persistent())
        #expect(rules.takeCalls() == ["authenticate c"])
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Sessions that have ended, whose messages in the store go to other members of their shared groups.
@Suite struct StoreEstateTests {
    private let store = ModelStore()

    private func broker(shards: Int = 1, extensions: [any BrokerExtension] = []) -> TestBroker {
        TestBroker(shards: shards, extensions: extensions, store: self.store) { $0.queuedMessagesInMemory = 3 }
    }

    private func member(_ name: String, on shard: Int = 0, _ broker: TestBroker) {
        let client = broker.kept(name, on: shard, seconds: 10)
        client.subscribe("$share/g/s", qos: .atLeastOnce)
        client.subscribe("own", qos: .atLeastOnce)
        broker.commit()
        client.drop()
        broker.commit()
    }

    private func publish(_ numbers: Range<Int>, to topic: String, _ broker: TestBroker) {
        let publisher = broker.connected("p")
        for number in numbers { publisher.publish(topic, "\(number)", qos: .atLeastOnce) }
        broker.commit()
        publisher.drop()
    }

    /// The store does some of its work.
    private func goOn(_ rounds: Int, _ broker: TestBroker) {
        for _ in 0..<rounds {
            broker.settle()
            self.store.commit()
            self.store.answer()
        }
        broker.settle()
    }

    @Test(arguments: [0, 1])
    func membersThatEndTogether(shard: Int) {
        let broker = self.broker(shards: 2)
        self.member("a", broker)
        self.member("b", on: shard, broker)
        self.publish(0..<40, to: "s", broker)
        self.publish(40..<60, to: "own", broker)
        broker.advance(seconds: 11)
        self.goOn(100, broker)
        #expect(broker.session("a") == nil && broker.session("b") == nil)
        #expect(self.store.tables.sessions.isEmpty && self.store.openFetches == 0)
        broker.expectEmpty()
    }

    /// Nothing comes to it any more, of its groups or its own.
    @Test func newMessages() {
        let broker = self.broker()
        self.member("leaver", broker)
        self.publish(0..<20, to: "s", broker)
        broker.away("stayer", "$share/g/s")
        broker.advance(seconds: 11)
        #expect(broker.session("leaver") == nil && broker[0].estates.count == 1)
        self.publish(20..<40, to: "s", broker)
        self.publish(40..<60, to: "own", broker)
        self.goOn(100, broker)
        #expect(broker.session("leaver") == nil)
        #expect(self.store.tables.texts("stayer").sorted() == (0..<40).map { "\($0)" }.sorted())
        #expect(self.store.tables.session("leaver") == nil)
    }

    /// The ways in which a session can end.
    enum End: CaseIterable {
        case expiry, cleanStart, disconnect, expiryWhileDown, cleanStartOfAnotherLife
    }

    /// Whatever way it ends, and wherever its client is then.
    @Test(arguments: End.allCases, [0, 1])
    func nothingIsLost(end: End, on shard: Int) {
        var broker = self.broker(shards: 2)
        self.member("leaver", broker)
        self.publish(0..<400, to: "s", broker)
        self.publish(400..<420, to: "own", broker)
        broker.away("stayer", "$share/g/s", on: 1)
        switch end {
        case .expiry: broker.advance(seconds: 11)
        case .cleanStart:
            let client = broker.client("leaver", on: shard)
            client.send(client.connectPacket())
        case .disconnect:
            let client = broker.client("leaver", on: shard)
            client.send(client.connectPacket { $0.keepSession(receiveMaximum: 1) })
            broker.settle()
            var properties: Properties = []
            properties.sessionExpiryInterval = 0
            client.send(.disconnect(Disconnect(reason: .normalDisconnection, properties: properties)))
        case .expiryWhileDown:
            broker.clock.now = broker.clock.now.adding(seconds: 20)
            broker = broker.restarted { $0.queuedMessagesInMemory = 3 }
        case .cleanStartOfAnotherLife:
            broker = broker.restarted { $0.queuedMessagesInMemory = 3 }
            let client = broker.client("leaver", on: shard)
            client.send(client.connectPacket())
        }
        broker.commit()
        broker.advance(seconds: 31)
        broker.commit()
        #expect(self.store.tables.session("leaver") == nil && self.store.tables.sessions.count == 1)
        #expect(self.store.tables.texts("stayer").sorted() == (0..<400).map { "\($0)" }.sorted())
        #expect(broker[0].estates.isEmpty && broker[1].estates.isEmpty)
    }

    /// The broker is killed while messages go from one member to the other: none is lost, and none is there twice.
    @Test(arguments: 0..<6)
    func theBrokerIsKilled(afterRounds: Int) {
        var broker = self.broker()
        let client = broker.kept("leaver", seconds: 10)
        client.subscribe("$share/g/s", qos: .exactlyOnce)
        client.drop()
        let publisher = broker.connected("p")
        for number in 0..<400 { publisher.publish("s", "\(number)", qos: .exactlyOnce) }
        broker.commit()
        broker.away("stayer", "$share/g/s", qos: .exactlyOnce)
        broker.advance(seconds: 11)
        self.goOn(afterRounds, broker)
        broker = broker.restarted { $0.queuedMessagesInMemory = 3 }
        broker.advance(seconds: 31)
        broker.commit()
        #expect(self.store.tables.sessions.count == 1)
        #expect(self.store.tables.texts("stayer").sorted() == (0..<400).map { "\($0)" }.sorted())
    }

    /// What may have arrived goes to nobody else: messages of QoS 2 that were in flight.
    @Test func whatMayHaveArrivedGoesToNobody() {
        var broker = self.broker()
        let client = broker.kept("leaver", seconds: 10, receiveMaximum: 2)
        client.subscribe("$share/g/s", qos: .exactlyOnce)
        let publisher = broker.connected("p")
        for number in 0..<20 { publisher.publish("s", "\(number)", qos: .exactlyOnce) }
        broker.commit()
        client.drop()
        broker.away("stayer", "$share/g/s", qos: .exactlyOnce)
        broker.clock.now = broker.clock.now.adding(seconds: 20)
        broker = broker.restarted { $0.queuedMessagesInMemory = 3 }
        broker.advance(seconds: 31)
        broker.commit()
        #expect(self.store.tables.sessions.count == 1)
        #expect(self.store.tables.texts("stayer") == (2..<20).map { "\($0)" })
    }

    /// After a start, members whose sessions are not kept get the time to come back.
    @Test func membersThatAreNotKept() {
        var broker = self.broker()
        self.member("leaver", broker)
        self.publish(0..<20, to: "s", broker)
        broker.clock.now = broker.clock.now.adding(seconds: 20)
        broker = broker.restarted { $0.queuedMessagesInMemory = 3 }
        broker.advance(seconds: 29)
        broker.commit()
        let client = broker.connected("fleeting")
        client.subscribe("$share/g/s", qos: .atLeastOnce)
        broker.advance(seconds: 2)
        #expect(client.drain().map(\.text) == (0..<20).map { "\($0)" })
        #expect(self.store.tables.sessions.isEmpty)
    }

    /// What was stored stays stored: members whose sessions are kept get it, though others are there.
    @Test func keptMembersComeFirst() {
        let broker = self.broker()
        self.member("leaver", broker)
        self.publish(0..<20, to: "s", broker)
        broker.away("stayer", "$share/g/s")
        let client = broker.connected("fleeting")
        client.subscribe("$share/g/s", qos: .atLeastOnce)
        broker.advance(seconds: 11)
        self.goOn(1, broker)
        // But for those that were in memory.
        #expect(client.drain().map(\.text) == ["0", "1", "2"])
        #expect(self.store.tables.texts("stayer") == (3..<20).map { "\($0)" })
    }

    /// A session that is kept, but would get them as QoS 0, does not keep them.
    @Test func membersWithQoS0() {
        let broker = self.broker()
        self.member("leaver", broker)
        self.publish(0..<20, to: "s", broker)
        broker.away("careless", "$share/g/s", qos: .atMostOnce)
        let client = broker.connected("fleeting")
        client.subscribe("$share/g/s", qos: .atLeastOnce)
        broker.advance(seconds: 11)
        #expect(client.drain().map(\.text) == (0..<20).map { "\($0)" })
        #expect(self.store.tables.deliveryCount == 0)
    }

    /// Where messages are refused that find no room, those that were accepted are kept even so.
    @Test func keptMembersAreFull() {
        let broker = TestBroker(store: self.store) {
            $0.queuedMessagesInMemory = 3
            $0.fullStorePolicy = .refuse
            $0.maximumStoredMessagesPerSession = 20
            $0.maximumQueuedMessages = 1
        }
        self.member("leaver", broker)
        self.publish(0..<20, to: "s", broker)
        broker.away("stayer", "$share/g/s", "other")
        self.publish(20..<30, to: "other", broker)
        let client = broker.kept("fleeting", seconds: 0, receiveMaximum: 1)
        client.subscribe("$share/g/s", qos: .atLeastOnce)
        broker.advance(seconds: 11)
        broker.commit()
        // Those that were in memory go to whoever is there.
        #expect(self.store.tables.texts("stayer").count(where: { (3..<20).contains(Int($0) ?? -1) }) == 17)
    }

    /// A session whose will is published before it ends, right after the start.
    @Test func oneThatEndsWithItsWill() {
        var broker = self.broker()
        let client = broker.client("leaver")
        client.send(
            client.connectPacket {
                $0.keepSession(seconds: 10, receiveMaximum: nil)
                var will = Will(topic: "w", payload: ByteBuffer(), qos: .atMostOnce, isRetained: false)
                will.properties.willDelayInterval = 10
                $0.will = will
            }
        )
        broker.commit()
        client.subscribe("$share/g/s", qos: .atLeastOnce)
        client.drop()
        self.publish(0..<20, to: "s", broker)
        broker.clock.now = broker.clock.now.adding(seconds: 20)
        broker = broker.restarted { $0.queuedMessagesInMemory = 3 }
        broker.advance(seconds: 1)
        broker.commit()
        #expect(broker.session("leaver") == nil && broker[0].estates.count == 1)
        let fleeting = broker.connected("fleeting")
        fleeting.subscribe("$share/g/s", qos: .atLeastOnce)
        broker.advance(seconds: 30)
        #expect(fleeting.drain().count == 20)
    }

    /// They are read while the group has no members; others make it anew.
    @Test func theGroupIsMadeAnew() {
        let broker = self.broker()
        let client = broker.kept("leaver", receiveMaximum: 1)
        client.subscribe("$share/g/s", qos: .atLeastOnce)
        self.publish(0..<20, to: "s", broker)
        client.send(.unsubscribe(Unsubscribe(packetIdentifier: 99, filters: ["$share/g/s"])))
        broker.commit()
        var arrived: [String] = []
        for _ in 0..<6 {
            for case .publish(let publish) in client.takeArrived() {
                arrived.append(publish.text)
                client.acknowledge(.publishAck, publish.packetIdentifier)
            }
            broker.commit()
        }
        broker.away("stayer", "$share/g/s")
        var properties: Properties = []
        properties.sessionExpiryInterval = 0
        client.send(.disconnect(Disconnect(reason: .normalDisconnection, properties: properties)))
        broker.commit()
        #expect(arrived.count == 6)
        #expect(Set(self.store.tables.texts("stayer")) == Set((6..<20).map { "\($0)" }))
    }

    /// Its messages stay the group's when it has left the group.
    @Test(arguments: [false, true])
    func theGroupHasBeenLeft(isRestarted: Bool) {
        var broker = self.broker()
        let client = broker.kept("leaver", seconds: 10, receiveMaximum: 1)
        client.subscribe("$share/g/s", qos: .atLeastOnce)
        self.publish(0..<20, to: "s", broker)
        client.send(.unsubscribe(Unsubscribe(packetIdentifier: 99, filters: ["$share/g/s"])))
        broker.commit()
        client.drop()
        broker.commit()
        broker.away("stayer", "$share/g/s")
        if isRestarted { broker = broker.restarted { $0.queuedMessagesInMemory = 3 } }
        broker.advance(seconds: 41)
        broker.commit()
        broker.advance(seconds: 1)
        broker.commit()
        #expect(self.store.tables.texts("stayer").sorted() == (0..<20).map { "\($0)" }.sorted())
        #expect(self.store.tables.sessions.count == 1)
    }

    /// It was on its way to the session's old place when that ended at its new one.
    @Test func whatIsForwardedToASessionThatHasEnded() {
        let broker = self.broker(shards: 3)
        broker.away("leaver", "$share/g/s", on: 0)
        let stayer = broker.kept("stayer", on: 1)
        let publisher = broker.connected("p", on: 2)
        publisher.publish("s", "late", qos: .atLeastOnce)
        broker.endTurn(of: 2)
        let back = broker.client("leaver", on: 1)
        back.send(back.connectPacket { $0.keepSession() })
        broker.endTurn(of: 1)
        broker.deliverMail(TestBroker.Pair(from: 1, to: 0))
        broker.endTurn(of: 0)
        broker.deliverMail(TestBroker.Pair(from: 0, to: 1))
        let options = SubscriptionOptions(qos: .atLeastOnce)
        stayer.send(
            .subscribe(
                Subscribe(packetIdentifier: 1, filters: [Subscribe.Filter(filter: "$share/g/s", options: options)])
            )
        )
        let anew = broker.client("leaver", on: 1)
        anew.send(anew.connectPacket())
        broker.commit()
        #expect(self.store.tables.texts("stayer") == ["late"])
    }

    /// Nothing is read while it could not be stored for anybody else.
    @Test func theStoreCannotWrite() {
        let broker = self.broker()
        self.member("leaver", broker)
        self.publish(0..<20, to: "s", broker)
        broker.away("stayer", "$share/g/s")
        self.store.isAvailable = false
        broker.advance(seconds: 11)
        broker.commit()
        #expect(self.store.openFetches == 0 && broker[0].estates.count == 1)
        self.store.isAvailable = true
        broker.advance(seconds: 1)
        broker.commit()
        #expect(self.store.tables.texts("stayer").count == 20)
        #expect(self.store.tables.sessions.count == 1 && broker[0].estates.isEmpty)
    }

    /// One that can't be read does not hold up the others, and has its turn when it can be.
    @Test func oneThatCannotBeRead() throws {
        let broker = self.broker()
        for name in ["a", "b"] { self.member(name, broker) }
        self.publish(0..<40, to: "s", broker)
        broker.away("stayer", "$share/g/s")
        self.store.unreadable = self.store.tables.session("a")?.record.number
        broker.advance(seconds: 11)
        broker.commit()
        #expect(self.store.tables.session("a") == nil && self.store.tables.sessions.count == 2)
        let before = self.store.tables.texts("stayer").count
        #expect(before < 40 && before >= 20)
        self.store.unreadable = nil
        broker.commit()
        #expect(self.store.tables.texts("stayer").count == 40)
        #expect(self.store.tables.sessions.count == 1 && broker[0].estates.isEmpty)
    }

    /// However many sessions end at once, one page is in memory.
    @Test func oneAfterTheOther() {
        let broker = self.broker()
        for number in 0..<20 { self.member("m\(number)", broker) }
        self.publish(0..<400, to: "s", broker)
        broker.away("stayer", "$share/g/s")
        broker.advance(seconds: 11)
        broker.settle()
        #expect(broker[0].estates.count == 20 && self.store.openFetches == 1)
        broker.commit()
        #expect(self.store.tables.texts("stayer").count == 400 && self.store.tables.sessions.count == 1)
    }

    /// Its client is back while some of its messages are gone already: it gets a new session.
    @Test(arguments: 0..<4, [0, 1])
    func theClientComesBack(afterRounds: Int, on shard: Int) {
        let broker = self.broker(shards: 2)
        self.member("c", broker)
        self.publish(0..<10, to: "s", broker)
        self.publish(10..<20, to: "own", broker)
        broker.advance(seconds: 11)
        self.goOn(afterRounds, broker)
        #expect(broker.session("c") == nil)
        let client = broker.client("c", on: shard)
        client.send(client.connectPacket { $0.keepSession() })
        self.goOn(20, broker)
        guard case .connectAck(let answer)? = client.takeFirst(.connectAck) else {
            Issue.record("no CONNACK")
            return
        }
        #expect(!answer.sessionPresent && answer.reason == .success)
        #expect(client.drain().isEmpty)
        #expect(broker.session("c") != nil)
        #expect(self.store.tables.sessions.count == 1 && self.store.tables.deliveryCount == 0)
        client.subscribe("own", qos: .atLeastOnce)
        self.publish(20..<22, to: "own", broker)
        #expect(client.drain().map(\.text) == ["20", "21"])
        broker.expectAtRest()
    }

    /// It is not asked what the client may have of a session that has expired, though messages of that are still there.
    @Test func theClientComesBackAndIsJudged() async {
        let rules = ChangingRules()
        let broker = self.broker(extensions: [rules])
        self.member("c", broker)
        self.publish(0..<10, to: "s", broker)
        broker.advance(seconds: 11)
        rules.change { $0.isLate = true }
        let client = broker.client("c")
        client.send(client.connectPacket { $0.keepSession() })
        self.goOn(20, broker)
        await broker.runWork()
        self.goOn(20, broker)
        guard case .connectAck(let answer)? = client.takeFirst(.connectAck) else {
            Issue.record("no CONNACK")
            return
        }
        #expect(!answer.sessionPresent)
    }
}

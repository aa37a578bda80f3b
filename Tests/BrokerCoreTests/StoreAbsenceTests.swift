//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Sessions that are away for long, or for ever, beside others.
@Suite struct StoreAbsenceTests {
    private let store = ModelStore.prompt()
    private let rules = ChangingRules()

    private func broker(
        extensions: [any BrokerExtension] = [],
        _ configure: (inout BrokerSettings) -> Void = { _ in }
    ) -> TestBroker {
        TestBroker(extensions: extensions, store: self.store) {
            $0.queuedMessagesInMemory = 3
            configure(&$0)
        }
    }

    private func publish(_ numbers: Range<Int>, to topic: String, _ broker: TestBroker) {
        let publisher = broker.connected("p\(topic)")
        for number in numbers {
            publisher.publish(topic, "\(number)", qos: .atLeastOnce)
            broker.settle()
        }
        publisher.drop()
        broker.commit()
    }

    // MARK: Limits

    /// A client that never comes back does not take all room from the others.
    @Test func theFullestSessionGivesWay() {
        let broker = self.broker {
            $0.maximumStoredMessages = 20
            $0.maximumStoredMessagesPerSession = 20
        }
        broker.away("gone", "many")
        broker.away("c", "few")
        self.publish(0..<20, to: "many", broker)
        self.publish(0..<5, to: "few", broker)
        #expect(self.store.tables.texts("c") == (0..<5).map { "\($0)" })
        #expect(self.store.tables.texts("gone").suffix(15) == (5..<20).map { "\($0)" }.suffix(15))
        #expect(self.store.tables.messageCount <= 21)
    }

    @Test func retainedMessagesTakeNoRoomFromOthers() {
        let broker = self.broker { $0.maximumStoredMessages = 3 }
        let publisher = broker.connected("p")
        for topic in 0..<5 { publisher.publish("r/\(topic)", "x", qos: .atLeastOnce, retain: true) }
        broker.commit()
        #expect(self.store.messageCount == 5)
        broker.away("c", "s")
        self.publish(0..<3, to: "s", broker)
        #expect(self.store.tables.texts("c") == ["0", "1", "2"])
    }

    /// A member of a shared group that goes keeps what nobody else can take, also while the store is full.
    @Test(arguments: FullStorePolicy.allCases)
    func aMemberThatGoesKeepsItsMessages(_ policy: FullStorePolicy) {
        let broker = self.broker { $0.fullStorePolicy = policy }
        let client = broker.kept("c", receiveMaximum: 1)
        client.subscribe("$share/g/s", qos: .atLeastOnce)
        self.publish(0..<3, to: "s", broker)
        self.store.isFull = true
        client.drop()
        broker.commit()
        #expect(self.store.tables.texts("c") == ["0", "1", "2"])
    }

    // MARK: Shared groups

    /// What a shared group chose an expired session for goes to others, also what is in the store only.
    @Test(arguments: [false, true])
    func messagesOfAnExpiredMemberGoToOthers(isRestarted: Bool) {
        var broker = self.broker()
        let leaver = broker.kept("leaver", seconds: 10)
        leaver.subscribe("$share/g/s", qos: .atLeastOnce)
        leaver.subscribe("own", qos: .atLeastOnce)
        leaver.drop()
        self.publish(0..<12, to: "s", broker)
        self.publish(0..<4, to: "own", broker)
        #expect(broker.session("leaver")?.backlog?.count == 13)
        if isRestarted { broker = broker.restarted() }
        let stayer = broker.kept("stayer")
        stayer.subscribe("$share/g/s", qos: .atLeastOnce)
        // After a start they wait until members can be back.
        broker.advance(seconds: isRestarted ? 30 : 11)
        broker.commit()
        #expect(stayer.drain().map(\.text).sorted() == (0..<12).map { "\($0)" }.sorted())
        #expect(broker.session("leaver") == nil)
        broker.commit()
        #expect(self.store.tables.session("leaver") == nil && self.store.tables.deliveryCount == 0)
    }

    // MARK: Access

    /// What came while a page was read is asked about as what was read.
    @Test func messagesThatCameMeanwhileAreAskedAbout() {
        let store = ModelStore()
        let broker = TestBroker(extensions: [self.rules], store: store) { $0.queuedMessagesInMemory = 3 }
        broker.away("c", "a", "b")
        let publisher = broker.connected("p")
        for number in 0..<8 { publisher.publish("a", "\(number)", qos: .atLeastOnce) }
        broker.commit()
        let client = broker.client("c")
        client.send(client.connectPacket { $0.keepSession(receiveMaximum: 4) })
        broker.settle()
        store.commit()
        broker.settle()
        #expect(store.openFetches == 1)
        publisher.publish("b", "secret", qos: .atLeastOnce)
        broker.settle()
        self.rules.change { $0.refused = ["b"] }
        broker[0].recheckAccess()
        broker.commit()
        #expect(!client.drain().map(\.text).contains("secret"))
    }

    /// Who a client is that has not been back since the start is not known to those who let it in: what it holds stays
    /// until it comes.
    @Test func aRestoredSessionIsNotJudgedBeforeItsClientIsBack() {
        var broker = self.broker(extensions: [self.rules])
        broker.away("c", "a")
        self.publish(0..<6, to: "a", broker)
        broker = broker.restarted()
        self.rules.change { $0.refused = ["a"] }
        broker[0].recheckAccess()
        broker.commit()
        #expect(broker.session("c")?.entries.count == 1)
        self.rules.change { $0.refused = [] }
        #expect(broker.kept("c").drain().map(\.text) == (0..<6).map { "\($0)" })
    }

    // MARK: Starting

    /// A will that fell due while there was no broker waits until those are there who are to get it.
    @Test func willsWaitUntilAllIsRestored() {
        var broker = self.broker()
        broker.away("reader", "w")
        let client = broker.client("c")
        client.connect { connect in
            connect.keepSession(seconds: 100)
            connect.will = Will(topic: "w", payload: ByteBuffer(string: "gone"), qos: .atLeastOnce)
            connect.will?.properties.willDelayInterval = 5
        }
        client.drop()
        broker.commit()
        broker = broker.restarted()
        broker[0].prepareToRestore()
        broker.advance(seconds: 6)
        broker.commit()
        #expect(self.store.tables.texts("reader").isEmpty)
        broker[0].begin()
        broker.advance(seconds: 1)
        broker.commit()
        #expect(self.store.tables.texts("reader") == ["gone"])
    }

    // MARK: Retained

    @Test func clearingWhatIsNotThereIsNoChange() {
        let broker = self.broker()
        let publisher = broker.connected("p")
        broker.commit()
        let before = self.store.submissions
        publisher.publish("none", "", retain: true)
        broker.commit()
        #expect(self.store.submissions == before)
    }

    /// While the store can't write, nothing is retained that it would have to be told of later.
    @Test func nothingIsRetainedDuringAnOutage() {
        let broker = self.broker()
        let publisher = broker.connected("p")
        self.store.isAvailable = false
        publisher.publish("r", "x", retain: true)
        broker.settle()
        #expect(broker.state.retainedCount == 0)
        #expect(broker.metrics.retainedRefused == 1)
        self.store.isAvailable = true
        publisher.publish("r", "y", retain: true)
        broker.commit()
        #expect(broker.state.retainedCount == 1)
    }

    // MARK: Back-pressure

    /// That the store keeps up says nothing of a shard that does not.
    @Test func aCommitDoesNotWakePublishersThatWaitForAnotherShard() {
        let store = ModelStore()
        let broker = TestBroker(shards: 2, store: store) { $0.maximumTransferBytes = 1000 }
        let kept = broker.kept("k")
        let reader = broker.connected("reader", on: 1)
        reader.subscribe("s", qos: .atMostOnce)
        let publisher = broker.connected("p")
        broker.commit()
        for _ in 0..<20 {
            publisher.publish("s", String(repeating: "x", count: 200))
            broker.endTurn(of: 0)
        }
        publisher.publish("s", "x")
        #expect(!publisher.transport.isReading)
        kept.send(
            .subscribe(
                Subscribe(packetIdentifier: 9, filters: [.init(filter: "t", options: .init(qos: .atLeastOnce))])
            )
        )
        broker.endTurn(of: 0)
        broker[0].receive(.committed(ticket: .max))
        #expect(!publisher.transport.isReading)
        broker.settle()
        #expect(publisher.transport.isReading)
    }
}

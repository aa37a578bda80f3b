//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// Messages that are in the store only are read in pages.
@Suite struct StoreBacklogTests {
    private let store = ModelStore()
    private let rules = ChangingRules()

    private func broker(
        shards: Int = 1,
        extensions: [any BrokerExtension] = [],
        _ configure: (inout BrokerSettings) -> Void = { _ in }
    ) -> TestBroker {
        TestBroker(shards: shards, extensions: extensions, store: self.store) {
            $0.queuedMessagesInMemory = 3
            $0.maximumInflight = 4
            configure(&$0)
        }
    }

    private func publish(_ numbers: Range<Int>, to topic: String = "s", _ publisher: TestClient) {
        for number in numbers { publisher.publish(topic, "\(number)", qos: .exactlyOnce) }
        publisher.broker.commit()
        _ = publisher.take()
    }

    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func allArriveInOrder(_ qos: QoS) {
        let broker = self.broker()
        broker.away("c", "s", qos: qos)
        let publisher = broker.connected("p")
        self.publish(0..<50, publisher)
        #expect(broker.session("c")?.queue.count == 3)
        #expect(broker.session("c")?.backlog?.count == 47)
        #expect(broker.session("c")?.account?.messageCount == 50)
        let client = broker.kept("c")
        // Fresh ones come behind those that wait.
        self.publish(50..<60, publisher)
        #expect(client.drain().map(\.text) == (0..<60).map { "\($0)" })
        #expect(broker.session("c")?.backlog == nil)
        #expect(broker.session("c")?.account?.messageCount == 0)
        #expect(self.store.tables.deliveryCount == 0 && self.store.tables.messageCount == 0)
        self.publish(60..<63, publisher)
        #expect(client.takeTexts().count == 3, "at once again")
    }

    /// What is read is never more than the client may have in flight, or than the setting says.
    @Test func memoryIsBounded() {
        let broker = self.broker()
        broker.away("c", "s")
        self.publish(0..<100, broker.connected("p"))
        let client = broker.kept("c")
        var count = 0
        while true {
            broker.commit()
            #expect(broker.session("c")?.queue.count ?? 0 <= 3 + 4)
            let messages = client.takeMessages()
            guard !messages.isEmpty else { break }
            #expect(messages.count <= 4)
            for message in messages { client.acknowledge(.publishAck, message.packetIdentifier) }
            count += messages.count
        }
        #expect(count == 100)
    }

    /// Messages that come while a page is being read: behind it, and none twice, whether the store has them or not.
    @Test(arguments: [0, 1, 5], [true, false])
    func arrivalsDuringAPage(count: Int, isSafe: Bool) {
        let broker = self.broker(shards: 2)
        broker.away("c", "s")
        let publishers = [broker.connected("p0"), broker.connected("p1", on: 1)]
        self.publish(0..<6, publishers[0])
        let client = broker.client("c")
        client.send(client.connectPacket { $0.keepSession() })
        broker.settle()
        self.store.commit()
        broker.settle()
        #expect(self.store.openFetches == 1)
        for number in 0..<count {
            for publisher in publishers { publisher.publish("s", "\(6 + number)", qos: .atLeastOnce) }
        }
        // The other shard's are in the store before the session's shard has heard of them.
        broker.endTurn(of: 1)
        if isSafe { self.store.commit() }
        self.store.answer()
        let texts = client.drain().map(\.text)
        #expect(texts.prefix(6) == ["0", "1", "2", "3", "4", "5"])
        #expect(texts.dropFirst(6).sorted() == (0..<count).flatMap { ["\(6 + $0)", "\(6 + $0)"] }.sorted())
        #expect(self.store.tables.deliveryCount == 0)
    }

    @Test func expiry() {
        let broker = self.broker()
        broker.away("c", "s")
        let publisher = broker.connected("p")
        for number in 0..<20 {
            publisher.publish(
                "s",
                "\(number)",
                qos: .atLeastOnce,
                properties: number.isMultiple(of: 2) ? [.messageExpiryInterval(10)] : []
            )
        }
        broker.commit()
        broker.advance(seconds: 11)
        #expect(broker.kept("c").drain().map(\.text) == (0..<10).map { "\(2 * $0 + 1)" })
        #expect(broker.metrics.droppedExpired == 10)
        #expect(self.store.tables.deliveryCount == 0)
    }

    @Test func refusalsWhenAPageIsRead() {
        let broker = self.broker(extensions: [self.rules])
        broker.away("c", "s", "t")
        let publisher = broker.connected("p")
        for number in 0..<10 {
            self.publish(number..<(number + 1), to: number.isMultiple(of: 2) ? "s" : "t", publisher)
        }
        self.rules.refuse("t")
        broker[0].recheckAccess()
        broker.settle()
        #expect(broker.kept("c").drain().map(\.text) == ["0", "2", "4", "6", "8"])
        #expect(self.store.tables.deliveryCount == 0)
        #expect(broker.metrics.droppedNotAuthorized == 5)
    }

    // MARK: Connections that go while a page is under way

    @Test(arguments: 0..<5)
    func theClientGoes(afterReports: Int) {
        let broker = self.broker()
        broker.away("c", "s")
        self.publish(0..<20, broker.connected("p"))
        let first = broker.client("c")
        first.send(first.connectPacket { $0.keepSession() })
        var got: [String] = []
        for _ in 0..<afterReports {
            broker.settle()
            self.store.commit()
            self.store.answer()
            got += first.takeMessages().map(\.text)
        }
        first.drop()
        self.store.commit()
        self.store.answer()
        let texts = broker.kept("c").drain().map(\.text)
        #expect(texts == (0..<20).map { "\($0)" }, "what was sent is sent again, with the rest behind it")
        #expect(got == (0..<got.count).map { "\($0)" })
        #expect(self.store.tables.deliveryCount == 0)
    }

    /// Another connection takes the session over, here or on another shard.
    @Test(arguments: 0..<6, [0, 1])
    func takenOver(afterReports: Int, by shard: Int) {
        let broker = self.broker(shards: 2)
        broker.away("c", "s")
        let publisher = broker.connected("p", on: 1)
        self.publish(0..<20, publisher)
        let first = broker.client("c")
        first.send(first.connectPacket { $0.keepSession() })
        for _ in 0..<afterReports {
            broker.settle()
            self.store.commit()
            self.store.answer()
        }
        let second = broker.client("c", on: shard)
        second.send(second.connectPacket { $0.keepSession() })
        self.publish(20..<25, publisher)
        #expect(first.isClosed)
        #expect(second.drain().map(\.text) == (0..<25).map { "\($0)" })
        #expect(self.store.tables.deliveryCount == 0)
        broker.expectAtRest()
    }

    /// A shard that has never heard of the publisher's gets the session: it reads all the same what is in the store.
    @Test(arguments: [0, 1, 2])
    func movedToAShardThatHasHeardOfNothing(shard: Int) {
        let broker = self.broker(shards: 3)
        broker.away("c", "s", on: 1)
        for index in 0..<2 {
            let publisher = broker.connected("p", on: 2 * index)
            self.publish(10 * index..<10 * (index + 1), publisher)
        }
        #expect(broker.kept("c", on: shard).drain().map(\.text) == (0..<20).map { "\($0)" })
        #expect(self.store.tables.deliveryCount == 0)
        broker.expectAtRest()
    }

    /// Messages that were under way to where the session was, and follow it to its new shard, where they are left to the
    /// store.
    @Test(arguments: 0..<50)
    func messagesThatFollowTheSession(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let broker = self.broker(shards: 3)
        broker.away("c", "s", on: 1)
        let publisher = broker.connected("p", on: 2)
        for number in 0..<10 {
            publisher.publish("s", "\(number)", qos: .atLeastOnce)
            broker.endTurn(of: 2)
        }
        let client = broker.client("c", on: 0)
        client.send(client.connectPacket { $0.keepSession() })
        for number in 10..<20 {
            for _ in 0..<3 { broker.step(using: &generator) }
            publisher.publish("s", "\(number)", qos: .atLeastOnce)
        }
        #expect(client.drain().map(\.text) == (0..<20).map { "\($0)" })
        #expect(self.store.tables.deliveryCount == 0)
    }

    /// Retained messages come behind what is held back while the session is arriving: their numbers are drawn later.
    @Test func retainedMessagesWhileTheSessionArrives() {
        let broker = self.broker(shards: 2)
        let publisher = broker.connected("p", on: 1)
        publisher.publish("r", "retained", qos: .atLeastOnce, retain: true)
        broker.away("c", "s")
        let client = broker.client("c", on: 1)
        client.send(client.connectPacket { $0.keepSession() })
        while broker[1].sessionsByClient[UTF8String("c")] == nil {
            for shard in 0..<2 { broker.endTurn(of: shard) }
            for pair in broker.pairsWithMail where broker[1].sessionsByClient[UTF8String("c")] == nil {
                broker.deliverMail(pair)
            }
        }
        let session = broker[1].sessionsByClient[UTF8String("c")]
        #expect(session?.arrival != nil)
        publisher.publish("s", "held", qos: .atLeastOnce)
        let options = SubscriptionOptions(qos: .atLeastOnce)
        client.send(
            .subscribe(Subscribe(packetIdentifier: 7, filters: [Subscribe.Filter(filter: "r", options: options)]))
        )
        broker.endTurn(of: 1)
        #expect(session?.arrival != nil)
        #expect(client.drain().map(\.text) == ["held", "retained"])
        #expect(self.store.tables.deliveryCount == 0)
    }

    /// A session that has lost its subscriptions moves while a message is under way to it: the message does not stay in
    /// the store for good.
    @Test func movedWithoutSubscriptions() {
        let broker = self.broker(shards: 3)
        let client = broker.kept("c", on: 1)
        client.subscribe("s", qos: .atLeastOnce)
        broker.commit()
        broker.connected("p", on: 2).publish("s", "1", qos: .atLeastOnce)
        broker.endTurn(of: 2)
        client.send(.unsubscribe(Unsubscribe(packetIdentifier: 77, filters: ["s"])))
        let second = broker.client("c", on: 0)
        second.send(second.connectPacket { $0.keepSession() })
        broker.endTurn(of: 0)
        // The session leaves before the message comes.
        broker.deliverMail(TestBroker.Pair(from: 0, to: 1))
        #expect(second.drain().map(\.text) == ["1"])
        #expect(self.store.tables.deliveryCount == 0)
        broker.expectAtRest()
    }
}

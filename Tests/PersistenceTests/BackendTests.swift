//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore
@testable import Persistence

/// Every backend does the same with the same operations.
@Suite("Backends")
struct BackendTests {
    let session = number(1)

    @Test("A session comes back as it was", arguments: BackendKind.allCases)
    func session(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let will = DelayedWill(
            will: Will(
                topic: "gone",
                payload: ByteBuffer(string: "bye"),
                qos: .exactlyOnce,
                isRetained: true,
                properties: [.contentType("text/plain"), .userProperty(name: "a", value: "b")]
            ),
            dueAt: store.clock.now.adding(seconds: 100)
        )
        let record = makeSession(
            self.session,
            client: "cäfé",
            expiryInterval: 3600,
            disconnectedAt: store.clock.now,
            will: will
        )
        let options = SubscriptionOptions(qos: .exactlyOnce, noLocal: true, retainHandling: .doNotSend)
        try store.write(
            .session(record),
            .subscribed(session: self.session, SubscriptionRecord(filter: "a/#", options: options, identifier: 7)),
            .subscribed(
                session: self.session,
                SubscriptionRecord(filter: "$share/g/b", options: SubscriptionOptions(qos: .atLeastOnce), identifier: 0)
            ),
            .received(session: self.session, packetIdentifier: 9),
            .received(session: self.session, packetIdentifier: 65_535)
        )
        try store.write(.receivedReleased(session: self.session, packetIdentifier: 9))
        try store.reopen()
        let found = try #require(try store.sessions().first)
        #expect(found.record.number == self.session)
        #expect(found.record.client == record.client)
        #expect(found.record.client.clientIdentifier == "cäfé")
        #expect(found.record.expiryInterval == 3600)
        #expect(found.record.disconnectedAt == record.disconnectedAt)
        #expect(found.record.will?.will == will.will)
        #expect(found.record.will?.dueAt == will.dueAt)
        #expect(found.subscriptions.map(\.filter) == ["$share/g/b", "a/#"])
        #expect(found.subscriptions.last?.options == options)
        #expect(found.subscriptions.last?.identifier == 7)
        #expect(found.received == [65_535])
        #expect(found.messageCount == 0)
    }

    @Test("A session's record and its subscriptions change", arguments: BackendKind.allCases)
    func sessionChanges(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let subscription = { (filter: String, qos: QoS) in
            SubscriptionRecord(filter: filter, options: SubscriptionOptions(qos: qos), identifier: 0)
        }
        try store.write(
            .session(makeSession(self.session, expiryInterval: 10)),
            .subscribed(session: self.session, subscription("a", .atMostOnce)),
            .subscribed(session: self.session, subscription("b", .atMostOnce)),
            // Equal in the eyes of a string, not in MQTT's.
            .subscribed(session: self.session, subscription("\u{E9}", .atMostOnce)),
            .subscribed(session: self.session, subscription("e\u{301}", .atLeastOnce))
        )
        try store.write(
            .session(makeSession(self.session, expiryInterval: 20)),
            .subscribed(session: self.session, subscription("a", .exactlyOnce)),
            .unsubscribed(session: self.session, filter: "b")
        )
        try store.reopen()
        let found = try #require(try store.sessions().first)
        #expect(found.record.expiryInterval == 20)
        #expect(found.subscriptions.count == 3)
        #expect(found.subscriptions.first { $0.filter == "a" }?.options.qos == .exactlyOnce)
        #expect(!found.subscriptions.contains { $0.filter == "b" })
    }

    @Test("Deliveries come back in order, with all they have", arguments: BackendKind.allCases)
    func deliveries(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let properties: Properties = [.payloadFormatIndicator(1), .userProperty(name: "k", value: "v")]
        let expiry = store.clock.now.adding(seconds: 50)
        let message = makeMessage(2, topic: "ä", payload: "", properties: properties, expiresAt: expiry)
        try store.write(
            .session(makeSession(self.session)),
            makeDelivery(number(5), of: message, to: self.session, group: "$share/g/ä"),
            makeDelivery(number(3), of: message, to: self.session, qos: .exactlyOnce, identifiers: [1, 268_435_455])
        )
        try store.reopen()
        let restored = try #require(try store.sessions().first)
        #expect(restored.messageCount == 2)
        #expect(restored.byteCount == 2 * message.byteCount)
        let page = try store.page(self.session)
        #expect(page.queuedNumbers == [number(3), number(5)])
        #expect(page.inflight.isEmpty)
        #expect(page.isLast)
        let first = try #require(page.queued.first)
        #expect(first.qos == .exactlyOnce)
        #expect(first.identifiers == [1, 268_435_455])
        #expect(first.group == nil)
        #expect(first.message.topic == "ä")
        #expect(first.message.payload.readableBytes == 0)
        #expect(first.message.properties == properties)
        #expect(first.message.payloadFormatIndicator == 1)
        #expect(first.message.expiresAt == expiry)
        #expect(first.message.publisher == "publisher")
        #expect(first.message.number == number(2))
        #expect(page.queued.last?.group == "$share/g/ä")
        #expect(store.backend.totals == StoreTotals(sessions: 1, messages: 1, bytes: message.byteCount))
    }

    @Test("What was sent is in flight, and what was confirmed stays so", arguments: BackendKind.allCases)
    func inflight(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let message = makeMessage(2)
        try store.write(
            .session(makeSession(self.session)),
            makeDelivery(number(3), of: message, to: self.session, qos: .exactlyOnce),
            makeDelivery(number(4), of: message, to: self.session),
            makeDelivery(number(5), of: message, to: self.session),
            // Within the same write, and in the next one.
            .sent(session: self.session, delivery: number(4), packetIdentifier: 2, qos: .atLeastOnce)
        )
        try store.write(.sent(session: self.session, delivery: number(3), packetIdentifier: 1, qos: .exactlyOnce))
        try store.write(.confirmed(session: self.session, delivery: number(3)))
        let page = try store.page(self.session)
        #expect(page.inflight.map(\.packetIdentifier) == [1, 2])
        #expect(page.inflight.map(\.isConfirmed) == [true, false])
        #expect(page.inflightNumbers == [number(3), number(4)])
        #expect(page.queuedNumbers == [number(5)])
        #expect(try store.page(self.session, includesInflight: false).inflight.isEmpty)
    }

    @Test("A page ends where it should", arguments: BackendKind.allCases)
    func pages(kind: BackendKind) throws {
        let store = try TestStore(kind)
        store.add(.session(makeSession(self.session)))
        // Ten bytes each.
        for count in 1...10 as ClosedRange<Int64> {
            let message = makeMessage(100 + count, topic: "topic", payload: "12345")
            store.add(makeDelivery(number(10 * count), of: message, to: self.session))
        }
        try store.write()
        let first = try store.page(self.session, maximumCount: 4)
        #expect(first.queuedNumbers == [number(10), number(20), number(30), number(40)])
        #expect(!first.isLast)
        let second = try store.page(self.session, after: number(40), maximumBytes: 30)
        #expect(second.queuedNumbers == [number(50), number(60), number(70)])
        #expect(!second.isLast)
        let third = try store.page(self.session, after: number(70), maximumCount: 3)
        #expect(third.queuedNumbers == [number(80), number(90), number(100)])
        #expect(third.isLast)
        #expect(try store.page(self.session, after: number(100)).isLast)
        // One comes even if it is more than was asked for.
        #expect(try store.page(self.session, maximumBytes: 1).queuedNumbers == [number(10)])
    }

    @Test("Deliveries that are still on their way are left out", arguments: BackendKind.allCases)
    func known(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let message = makeMessage(2)
        try store.write(
            .session(makeSession(self.session)),
            makeDelivery(number(10, shard: 0), of: message, to: self.session),
            makeDelivery(number(11, shard: 1), of: message, to: self.session),
            makeDelivery(number(12, shard: 0), of: message, to: self.session),
            makeDelivery(number(13, shard: 1), of: message, to: self.session),
            makeDelivery(number(14, shard: 7), of: message, to: self.session)
        )
        let page = try store.page(self.session, known: [10, 11])
        #expect(page.queuedNumbers == [number(10, shard: 0), number(11, shard: 1), number(14, shard: 7)])
        #expect(page.isLast)
        // They are nothing that is left out, either.
        let short = try store.page(self.session, known: [10, 0, 0, 0, 0, 0, 0, 13], maximumCount: 1)
        #expect(short.queuedNumbers == [number(10, shard: 0)])
        #expect(short.isLast)
    }

    @Test("A message is stored once and goes with the last that needs it", arguments: BackendKind.allCases)
    func references(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let other = number(2)
        let retained = RetainedStore(settings: BrokerSettings())
        let message = makeMessage(3, isRetained: true)
        #expect(retained.store(message) == .stored)
        try store.write(
            .session(makeSession(self.session)),
            .session(makeSession(other)),
            makeDelivery(number(10), of: message, to: self.session),
            makeDelivery(number(11), of: message, to: other)
        )
        try store.write(.retained(RetainedChange(topic: "a/b", store: retained)))
        // Again is as well as once.
        try store.write(.retained(RetainedChange(topic: "a/b", store: retained)))
        #expect(store.backend.totals.messages == 1)
        try store.write(.removed(session: self.session, delivery: number(10)))
        // One that was never there.
        try store.write(.removed(session: self.session, delivery: number(99)))
        #expect(store.backend.totals.messages == 1)
        try store.write(.removed(session: other, delivery: number(11)))
        #expect(store.backend.totals.messages == 1)
        try store.reopen()
        #expect(try store.retained().map(\.topic) == ["a/b"])
        #expect(retained.store(makeMessage(4, payload: "")) == .cleared)
        try store.write(.retained(RetainedChange(topic: "a/b", store: retained)))
        #expect(store.backend.totals.messages == 0)
        #expect(store.backend.totals.bytes == 0)
        #expect(try store.retained().isEmpty)
    }

    @Test("One delivery goes and another comes in the same write", arguments: BackendKind.allCases)
    func exchange(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let other = number(2)
        let message = makeMessage(3)
        try store.write(
            .session(makeSession(self.session)),
            .session(makeSession(other)),
            makeDelivery(number(10), of: message, to: self.session)
        )
        try store.write(
            .removed(session: self.session, delivery: number(10)),
            makeDelivery(number(12), of: message, to: other)
        )
        #expect(store.backend.totals.messages == 1)
        #expect(try store.page(other).queued.first?.message.topic == "a/b")
        try store.write(.removed(session: other, delivery: number(12)))
        #expect(store.backend.totals.messages == 0)
    }

    @Test("The retained message is the one there is when it is written", arguments: BackendKind.allCases)
    func retainedReplaced(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let retained = RetainedStore(settings: BrokerSettings())
        #expect(retained.store(makeMessage(3, payload: "first")) == .stored)
        store.add(.retained(RetainedChange(topic: "a/b", store: retained)))
        #expect(retained.store(makeMessage(4, payload: "second")) == .stored)
        try store.write()
        #expect(try store.retained().map { String(buffer: $0.payload) } == ["second"])
        #expect(retained.store(makeMessage(5, payload: "third")) == .stored)
        try store.write(.retained(RetainedChange(topic: "a/b", store: retained)))
        #expect(try store.retained().map { String(buffer: $0.payload) } == ["third"])
        #expect(store.backend.totals.messages == 1)
    }

    @Test("A retained message without a number waits until it has one", arguments: BackendKind.allCases)
    func retainedWithoutNumber(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let retained = RetainedStore(settings: BrokerSettings())
        let message = try Message(topic: "a/b", payload: ByteBuffer(string: "x"))
        #expect(retained.store(message) == .stored)
        try store.write(.retained(RetainedChange(topic: "a/b", store: retained)))
        #expect(try store.retained().isEmpty)
        let shared = SharedStore(Discarding(), holdsAcknowledgements: false, lastNumber: number(10))
        _ = message.number(in: shared, for: 0)
        try store.write()
        #expect(try store.retained().map(\.topic) == ["a/b"])
    }

    @Test("Numbers are not used again", arguments: BackendKind.allCases)
    func numbers(kind: BackendKind) throws {
        let store = try TestStore(kind)
        try store.write(
            .session(makeSession(self.session)),
            makeDelivery(number(500, shard: 3), of: makeMessage(400), to: self.session)
        )
        try store.write(.sessionEnded(self.session))
        _ = try store.sweepAll()
        #expect(store.backend.totals == StoreTotals())
        try store.reopen()
        #expect(store.backend.lastNumber.count == 500)
    }
}

/// A store that nobody reads.
final class Discarding: BrokerStore {
    func submit(_ operations: [StoreOperation], from shard: Int, ticket: UInt64) {}
    func fetch(_ request: BacklogRequest, for shard: Int) {}
    var isAvailable: Bool { true }
    var isCongested: Bool { false }
    var messageCount: Int { 0 }
    var byteCount: Int { 0 }
}

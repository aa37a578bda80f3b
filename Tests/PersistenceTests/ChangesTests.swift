//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore
@testable import Persistence

/// What is left of operations before they are written.
@Suite("Changes")
struct ChangesTests {
    let session = number(1)

    private func changes(_ operations: StoreOperation..., stored: Bool = true) -> StoreChanges {
        var changes = StoreChanges()
        if stored {
            changes.noteStored(self.session)
        } else {
            changes.add(.session(makeSession(self.session)))
        }
        for operation in operations { changes.add(operation) }
        changes.prepare()
        return changes
    }

    @Test("A delivery removed before it is written leaves nothing")
    func removedEarly() {
        let changes = self.changes(
            makeDelivery(number(3), of: makeMessage(2), to: self.session),
            .sent(session: self.session, delivery: number(3), packetIdentifier: 1, qos: .exactlyOnce),
            .confirmed(session: self.session, delivery: number(3)),
            .removed(session: self.session, delivery: number(3))
        )
        #expect(changes.isEmpty)
        #expect(changes.byteCount == 0)
        #expect(changes.lastNumber == number(3).value)
    }

    @Test("What happens to a delivery becomes a part of it")
    func folded() {
        let changes = self.changes(
            makeDelivery(number(3), of: makeMessage(2), to: self.session),
            .sent(session: self.session, delivery: number(3), packetIdentifier: 7, qos: .exactlyOnce),
            .confirmed(session: self.session, delivery: number(3))
        )
        #expect(changes.updates.isEmpty)
        #expect(changes.deliveries.first?.packetIdentifier == 7)
        #expect(changes.deliveries.first?.isConfirmed == true)
    }

    @Test("A removal takes the place of updates")
    func updatesRemoved() {
        let changes = self.changes(
            .sent(session: self.session, delivery: number(3), packetIdentifier: 7, qos: .exactlyOnce),
            .removed(session: self.session, delivery: number(3))
        )
        #expect(changes.updates.isEmpty)
        #expect(changes.removals.count == 1)
    }

    @Test("What QoS 1 has been sent under waits, and is not written if it is acknowledged meanwhile")
    func sentLately() {
        var changes = self.changes(
            .sent(session: self.session, delivery: number(3), packetIdentifier: 7, qos: .atLeastOnce),
            .sent(session: self.session, delivery: number(4), packetIdentifier: 8, qos: .atLeastOnce),
            .sent(session: number(2), delivery: number(5), packetIdentifier: 9, qos: .atLeastOnce)
        )
        #expect(changes.isEmpty)
        #expect(changes.hasSentLately)
        // Over a write, whatever else it writes.
        changes.didWrite()
        #expect(changes.byteCount == 2 * StoreChanges.operationCost)
        changes.add(.removed(session: self.session, delivery: number(3)))
        changes.takeInSent()
        #expect(!changes.hasSentLately)
        #expect(changes.removals.count == 1)
        #expect(changes.updates.count == 1)
        #expect(changes.updates.values.first?.packetIdentifier == 8)
        #expect(changes.byteCount == 2 * StoreChanges.operationCost)
    }

    @Test("What is stored as sent is what was sent first")
    func sentInOrder() {
        var changes = self.changes(
            // The first is in the store already, the second is not; and there is another session.
            .sent(session: self.session, delivery: number(3), packetIdentifier: 7, qos: .atLeastOnce),
            makeDelivery(number(4), of: makeMessage(2), to: self.session),
            .sent(session: self.session, delivery: number(4), packetIdentifier: 8, qos: .atLeastOnce),
            .session(makeSession(number(2))),
            makeDelivery(number(5), of: makeMessage(2), to: number(2)),
            .sent(session: number(2), delivery: number(5), packetIdentifier: 9, qos: .atLeastOnce)
        )
        #expect(changes.deliveries.map(\.packetIdentifier) == [0, 9])
        changes.takeInSent()
        #expect(changes.deliveries.map(\.packetIdentifier) == [8, 9])
        #expect(changes.updates.values.map(\.packetIdentifier) == [7])
        // And when the first is acknowledged, nothing is kept back any more.
        changes.didWrite()
        for operation in [
            .sent(session: self.session, delivery: number(6), packetIdentifier: 7, qos: .atLeastOnce),
            .removed(session: self.session, delivery: number(6)),
            makeDelivery(number(7), of: makeMessage(2), to: self.session),
            .sent(session: self.session, delivery: number(7), packetIdentifier: 8, qos: .atLeastOnce),
        ] as [StoreOperation] { changes.add(operation) }
        #expect(changes.deliveries.map(\.packetIdentifier) == [8])
        #expect(!changes.hasSentLately)
    }

    @Test("What was kept back goes with its delivery, stored or not")
    func sentAndRemoved() {
        var changes = self.changes(
            .sent(session: self.session, delivery: number(3), packetIdentifier: 7, qos: .atLeastOnce),
            makeDelivery(number(4), of: makeMessage(2), to: self.session),
            .sent(session: self.session, delivery: number(4), packetIdentifier: 8, qos: .atLeastOnce),
            .removed(session: self.session, delivery: number(4)),
            .removed(session: self.session, delivery: number(3))
        )
        #expect(!changes.hasSentLately)
        changes.didWrite()
        #expect(changes.byteCount == 0)
    }

    @Test("What has been sent to a session that ends is forgotten")
    func sentBeforeTheEnd() {
        var changes = self.changes(
            .sent(session: self.session, delivery: number(3), packetIdentifier: 7, qos: .atLeastOnce),
            .sessionEnded(self.session)
        )
        changes.takeInSent()
        #expect(changes.updates.isEmpty)
        #expect(changes.ended == [self.session.value])
        #expect(changes.byteCount == StoreChanges.operationCost)
    }

    @Test("A page is concerned by what changes the deliveries that it asks for, and by nothing before them")
    func concern() {
        func concerns(_ operations: [StoreOperation], inflight: Bool = false) -> Bool {
            var changes = StoreChanges()
            changes.noteStored(self.session)
            for operation in operations { changes.add(operation) }
            return changes.concern(
                BacklogRequest(
                    reader: .session(SessionAddress(shard: 0, slot: 0, generation: 0)),
                    session: self.session,
                    after: number(10),
                    known: [.max],
                    maximumCount: 100,
                    maximumBytes: 100,
                    includesInflight: inflight
                )
            )
        }
        let before: [StoreOperation] = [
            .removed(session: self.session, delivery: number(9)),
            .sent(session: self.session, delivery: number(10), packetIdentifier: 1, qos: .exactlyOnce),
            .received(session: self.session, packetIdentifier: 4),
        ]
        #expect(!concerns([]))
        #expect(!concerns(before))
        #expect(concerns(before, inflight: true))
        #expect(concerns(before + [makeDelivery(number(11), of: makeMessage(2), to: self.session)]))
        #expect(concerns([.removed(session: self.session, delivery: number(11))] + before))
        #expect(
            !concerns([.session(makeSession(number(2))), makeDelivery(number(11), of: makeMessage(3), to: number(2))])
        )
    }

    @Test("Nothing is stored for sessions that have ended, or never begun")
    func dead() {
        let other = number(2)
        let changes = self.changes(
            makeDelivery(number(3), of: makeMessage(9), to: other),
            .removed(session: other, delivery: number(3)),
            .sent(session: other, delivery: number(3), packetIdentifier: 1, qos: .exactlyOnce),
            .subscribed(
                session: other,
                SubscriptionRecord(filter: "a", options: SubscriptionOptions(qos: .atMostOnce), identifier: 0)
            ),
            .received(session: other, packetIdentifier: 4),
            .sessionEnded(other)
        )
        #expect(changes.isEmpty)
        #expect(changes.byteCount == 0)
    }

    @Test("A session that begins and ends leaves nothing", arguments: [false, true])
    func ended(stored: Bool) {
        let changes = self.changes(
            .session(makeSession(self.session)),
            makeDelivery(number(3), of: makeMessage(2), to: self.session),
            .sent(session: self.session, delivery: number(4), packetIdentifier: 1, qos: .exactlyOnce),
            .sent(session: self.session, delivery: number(5), packetIdentifier: 2, qos: .atLeastOnce),
            .removed(session: self.session, delivery: number(5)),
            .received(session: self.session, packetIdentifier: 4),
            .subscribed(
                session: self.session,
                SubscriptionRecord(filter: "a", options: SubscriptionOptions(qos: .atMostOnce), identifier: 0)
            ),
            .sessionEnded(self.session),
            makeDelivery(number(6), of: makeMessage(2), to: self.session),
            stored: stored
        )
        #expect(changes.isEmpty == !stored)
        #expect(changes.ended == (stored ? [self.session.value] : []))
        #expect(changes.sessions.isEmpty && changes.deliveryCount == 0 && changes.updates.isEmpty)
        #expect(changes.removals.isEmpty && changes.received.isEmpty && changes.subscriptions.isEmpty)
        #expect(changes.byteCount == (stored ? StoreChanges.operationCost : 0))
    }

    @Test("While nothing can be written, what comes and goes does not pile up")
    func bounded() {
        var changes = self.changes()
        for count in 0..<100_000 as Range<Int64> {
            changes.add(makeDelivery(number(10 + count), of: makeMessage(2), to: self.session))
            changes.add(.removed(session: self.session, delivery: number(10 + count)))
        }
        #expect(changes.byteCount == 0)
        #expect(changes.deliveries.count < 10_000)
        // Sessions that come and go with what they have.
        for count in 0..<20_000 as Range<Int64> {
            let session = number(1_000_000 + count)
            changes.add(.session(makeSession(session)))
            changes.add(makeDelivery(number(2_000_000 + count), of: makeMessage(2), to: session))
            changes.add(.sessionEnded(session))
        }
        #expect(changes.deliveries.count < 10_000)
        changes.prepare()
        #expect(changes.isEmpty)
        #expect(changes.byteCount == 0)
        #expect(changes.liveCount == 1)
    }

    @Test("A route's message goes to those of its sessions that last")
    func published() throws {
        let tree = SubscriptionTree(settings: BrokerSettings(), shardCount: 1)
        let addresses = (0..<4).map { SessionAddress(shard: 0, slot: UInt32($0), generation: 0) }
        let subscribe = { (index: Int, session: Int64, options: SubscriptionOptions) in
            _ = tree.subscribe(
                try TopicFilter("a/+"),
                addresses[index],
                Subscription(
                    options: options,
                    identifier: UInt32(index),
                    account: SessionAccount(number: number(session))
                ),
                isOnline: true
            )
        }
        try subscribe(0, 1, SubscriptionOptions(qos: .exactlyOnce, noLocal: true))
        try subscribe(1, 2, SubscriptionOptions(qos: .exactlyOnce))
        try subscribe(2, 3, SubscriptionOptions(qos: .atMostOnce))
        try subscribe(3, 4, SubscriptionOptions(qos: .atLeastOnce))
        let message = makeMessage(50)
        let topic = ByteBuffer(string: message.topic)
        let route = tree.route(of: topic.readableBytesSpan, hash: 1)
        var changes = StoreChanges()
        for session in [1, 2, 3] as [Int64] { changes.add(.session(makeSession(number(session)))) }
        changes.prepare()
        changes.didWrite()
        let record = PublishRecord(
            message: message,
            number: message.number,
            route: route,
            first: number(60),
            origin: addresses[0]
        )
        changes.add(.published(record))
        changes.prepare()
        // Not to the publisher itself, to the one without a promise, or to the one that is not there.
        #expect(changes.deliveries.map(\.key.session) == [number(2).value])
        #expect(changes.deliveries.first?.qos == 1)
        #expect(changes.deliveries.first?.identifiers == [1])
        #expect(changes.byteCount == StoreChanges.operationCost + message.byteCount)
        let delivery = try #require(changes.deliveries.first?.key.delivery)
        changes.add(.removed(session: number(2), delivery: StoreNumber(value: delivery)))
        #expect(changes.byteCount == 0)
    }
}

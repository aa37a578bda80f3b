//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport

@testable import BrokerCore

/// A broker that is killed again and again, its store, publishers and subscribers: whatever can happen next happens in
/// an order that the seed decides.
final class LedgerWorld {
    /// What differs from seed to seed beside the order.
    struct Plan {
        var shards: Int
        var queuedInMemory: Int
        var maximumInflight: Int
        /// Steps from one crash to the next, about; 0: none.
        var crashEvery: Int
        /// Steps from one failure of the store to the next, about; 0: none.
        var outageEvery: Int
        var steps: Int
        /// Whether sessions are soon full, and messages refused then.
        var isTight = false

        init(using generator: inout SeededGenerator) {
            self.shards = Int.random(in: 1...3, using: &generator)
            self.queuedInMemory = Int.random(in: 1...4, using: &generator)
            self.maximumInflight = Int.random(in: 1...4, using: &generator)
            self.crashEvery = generator.once(in: 3) ? 0 : Int.random(in: 60...400, using: &generator)
            self.outageEvery = generator.once(in: 4) ? 150 : 0
            self.steps = 800
        }
    }

    let plan: Plan
    let ledger = StoreLedger()
    private let store = ModelStore()
    private var broker: TestBroker
    private var generator: SeededGenerator
    private let publishers: [LedgerPublisher]
    private let subscribers: [LedgerSubscriber]
    /// Where each publisher connects while the broker runs: messages of one publisher on two shards have no order.
    private var homes: [String: Int] = [:]
    private static let topics = ["t/1", "t/2", "u/1"]

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var plan = Plan(using: &generator)
        plan.isTight = seed.isMultiple(of: 4)
        let ledger = self.ledger
        ledger.refusesMessages = plan.outageEvery > 0 || plan.isTight
        // Earlier versions can't be told: what is promised to them may be lost where it is tight.
        let old = plan.isTight ? ProtocolVersion.v5 : .v3_1_1
        let small = { (generator: inout SeededGenerator) in UInt16.random(in: 1...3, using: &generator) }
        self.publishers = [
            LedgerPublisher("p0", old, ledger, qos: .exactlyOnce, isKept: true),
            LedgerPublisher("p1", .v5, ledger, qos: .exactlyOnce, isKept: true),
            LedgerPublisher("p2", .v5, ledger, qos: .atLeastOnce, isKept: true),
            LedgerPublisher("p3", old, ledger, qos: .atLeastOnce, isKept: false),
            LedgerPublisher("p4", .v5, ledger, qos: .exactlyOnce, isKept: false),
        ]
        let one = QoS.atLeastOnce
        let two = QoS.exactlyOnce
        let group = "$share/g/t/#"
        let subscriptions: [(String, ProtocolVersion, [(filter: String, qos: QoS)], group: String?, isFleeting: Bool)] =
            [
                ("exact", .v5, [("t/1", two)], nil, false),
                ("old", .v3_1_1, [("t/+", one), ("#", two)], nil, false),
                ("overlapping", .v5, [("t/1", two), ("t/#", one), ("u/1", two)], nil, false),
                ("member1", .v5, [(group, two)], group, false),
                ("member2", .v3_1_1, [(group, two)], group, false),
                // Of what is QoS 2, and what such a client may have seen, others get nothing.
                ("fleeting", .v5, [(group, one)], group, true),
            ]
        self.subscribers = subscriptions.map { name, version, filters, group, isFleeting in
            LedgerSubscriber(
                name,
                version,
                ledger,
                filters,
                group: group,
                isFleeting: isFleeting,
                receiveMaximum: small(&generator)
            )
        }
        self.plan = plan
        self.generator = generator
        self.broker = TestBroker(shards: plan.shards, store: self.store) { Self.configure(&$0, plan) }
        self.settleHomes()
    }

    private static func configure(_ settings: inout BrokerSettings, _ plan: Plan) {
        settings.queuedMessagesInMemory = plan.queuedInMemory
        settings.maximumInflight = plan.maximumInflight
        guard plan.isTight else { return }
        settings.fullStorePolicy = .refuse
        settings.maximumStoredMessagesPerSession = 3
        settings.maximumStoredMessages = 12
    }

    private func settleHomes() {
        for publisher in self.publishers { self.homes[publisher.name] = self.anyShard() }
    }

    private func anyShard() -> Int { Int.random(in: 0..<self.plan.shards, using: &self.generator) }

    private var clients: [LedgerClient] { self.publishers + self.subscribers }

    // MARK: What happens

    /// Lets everything happen, and checks what has come of it.
    func run() {
        for step in 0..<self.plan.steps {
            guard self.ledger.faults.isEmpty else { return }
            self.step()
            if step.isMultiple(of: 10) { self.checkMemory() }
        }
        self.drain()
        self.check()
    }

    private func step() {
        let plan = self.plan
        if plan.crashEvery > 0, self.generator.once(in: plan.crashEvery) { return self.crash() }
        if plan.outageEvery > 0, self.generator.once(in: self.store.isAvailable ? plan.outageEvery : 20) {
            self.store.isAvailable.toggle()
            return
        }
        if self.generator.once(in: 50) {
            self.broker.clock.now = self.broker.clock.now.adding(seconds: 10)
            self.broker[self.anyShard()].tick()
            return
        }
        switch Int.random(in: 0..<100, using: &self.generator) {
        case 0..<50: self.broker.step(using: &self.generator)
        case 50..<62: self.publish()
        case 62..<80: self.consume()
        case 80..<90: self.store.commit(Int.random(in: 1...3, using: &self.generator))
        case 90..<94: self.store.answer(1)
        default: self.come()
        }
    }

    private func publish() {
        guard let publisher = self.publishers.randomElement(using: &self.generator),
            let topic = Self.topics.randomElement(using: &self.generator)
        else { return }
        publisher.read()
        for _ in 0..<Int.random(in: 0...2, using: &self.generator) {
            publisher.publish(
                to: topic,
                expectedBy: Set(self.subscribers.filter { $0.expects(topic) }.map(\.account))
            )
        }
    }

    private func consume() {
        guard let subscriber = self.subscribers.randomElement(using: &self.generator) else { return }
        subscriber.read()
        subscriber.answer(Int.random(in: 0...3, using: &self.generator))
        if self.generator.once(in: 30) { subscriber.changeItsMind() }
    }

    /// Somebody comes who is not there, takes over, or goes.
    private func come() {
        guard let client = self.clients.randomElement(using: &self.generator) else { return }
        if client.client != nil, !self.generator.once(in: 4) { return }
        if client.client != nil, self.generator.once(in: 2) { return client.drop() }
        let isFleeting = (client as? LedgerSubscriber)?.isFleeting ?? false
        if isFleeting, self.generator.once(in: 4) { return client.endSession() }
        client.connect(
            to: self.broker,
            on: self.homes[client.name] ?? self.anyShard(),
            isCleanStart: isFleeting && self.generator.once(in: 3)
        )
    }

    private func crash() {
        for client in self.clients { client.lose() }
        self.store.isAvailable = true
        let plan = self.plan
        self.broker = self.broker.restarted { Self.configure(&$0, plan) }
        self.settleHomes()
    }

    /// Everybody is there, and answers, until nothing moves any more.
    private func drain() {
        self.store.isAvailable = true
        // What earlier sessions have left waits a while for those who are to get it.
        self.broker.advance(seconds: 60)
        for _ in 0..<400 {
            guard self.ledger.faults.isEmpty else { return }
            for client in self.clients where client.client == nil {
                client.connect(to: self.broker, on: self.homes[client.name] ?? self.anyShard())
            }
            self.broker.commit()
            let before = self.broker.metrics.bytesReceived
            for client in self.clients { client.read() }
            for subscriber in self.subscribers { subscriber.answer(.max) }
            self.broker.commit()
            if self.broker.metrics.bytesReceived == before { return }
        }
        self.ledger.fault("it does not come to rest")
    }

    // MARK: What has come of it

    /// No more is in memory than what may be sent next and a page; a few may come late from another shard.
    private func checkMemory() {
        let limit = 2 * max(self.plan.queuedInMemory, self.plan.maximumInflight) + 8
        for shard in 0..<self.plan.shards {
            for session in self.broker[shard].sessions.all where session.queue.count > limit {
                self.ledger.fault("\(session.info.clientIdentifier): \(session.queue.count) in memory")
            }
        }
    }

    private func check() {
        guard self.ledger.faults.isEmpty else { return }
        for (text, record) in self.ledger.records where record.isPromised {
            for account in record.expected
            where !self.subscribers.contains(where: { $0.account == account && $0.arrived[text] != nil }) {
                self.ledger.fault("\(text) on \(record.topic) has not arrived at \(account)")
            }
        }
        var byGroup: Set<String> = []
        for member in self.subscribers where member.group != nil {
            for text in member.arrivedExactlyOnce where !byGroup.insert(text).inserted {
                self.ledger.fault("\(text) has arrived at two members")
            }
        }
        for publisher in self.publishers where !publisher.isDone {
            self.ledger.fault("\(publisher.name) waits for an answer")
        }
        self.checkStore()
        self.checkShards()
    }

    private func checkStore() {
        let tables = self.store.tables
        for fault in tables.faults { self.ledger.fault(fault) }
        for session in tables.sessions.values {
            let name = session.record.client.clientIdentifier
            let texts = session.inOrder.map { String(buffer: $0.record.message.payload) }
            if !texts.isEmpty { self.ledger.fault("\(name): left in the store: \(texts.joined(separator: " "))") }
            if !session.received.isEmpty { self.ledger.fault("\(name): identifiers left in the store") }
        }
        for subscriber in self.subscribers {
            let stored = Set(tables.session(subscriber.name)?.subscriptions.keys.map { $0 } ?? [])
            if stored != subscriber.confirmed { self.ledger.fault("\(subscriber.name): subscriptions differ") }
        }
    }

    private func checkShards() {
        for shard in 0..<self.plan.shards {
            let shard = self.broker[shard]
            if !shard.holding.isEmpty || !shard.moved.isEmpty || !shard.claims.isEmpty || !shard.estates.isEmpty {
                self.ledger.fault("shard \(shard.index) is not at rest")
            }
            for session in shard.sessions.all {
                guard session.queue.isEmpty, session.backlog == nil, session.inflight.isEmpty, session.arrival == nil,
                    session.account?.messageCount ?? 0 == 0, session.incomingExactlyOnce.isEmpty
                else {
                    self.ledger.fault("\(session.info.clientIdentifier): something is left in memory")
                    continue
                }
            }
        }
    }
}

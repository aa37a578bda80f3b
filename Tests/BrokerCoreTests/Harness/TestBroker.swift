//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule
import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// A broker of some shards without a network: time passes, turns end and mail between the shards arrives only when
/// the test says so.
final class TestBroker {
    let state: BrokerState
    let clock: TestClock
    /// What outlives it; nil: nothing.
    let store: ModelStore?
    private(set) var shards: [Shard] = []
    private(set) var hosts: [TestHost] = []
    /// What is under way from one shard to another, in order for each pair.
    private var mail: [Pair: Deque<[ShardMessage]>] = [:]

    struct Pair: Hashable, Comparable {
        /// Where the store's mail comes from.
        static let store = -1

        let from: Int
        let to: Int

        static func < (left: Self, right: Self) -> Bool { (left.from, left.to) < (right.from, right.to) }
    }

    init(
        shards count: Int = 1,
        extensions: [any BrokerExtension] = [],
        store: ModelStore? = nil,
        holdsAcknowledgements: Bool = true,
        clock: TestClock = TestClock(),
        _ configure: (inout BrokerSettings) -> Void = { _ in }
    ) {
        self.clock = clock
        self.store = store
        var settings = BrokerSettings()
        settings.statisticsInterval = 0
        settings.publishesPresence = false
        configure(&settings)
        let restored = store?.restoredSessions(at: clock.now) ?? []
        let shared = store.map {
            SharedStore($0, holdsAcknowledgements: holdsAcknowledgements, lastNumber: $0.tables.lastNumber)
        }
        self.state = BrokerState(settings: settings, shardCount: count, extensions: extensions, store: shared) {
            1_700_000_000_000
        }
        for index in 0..<count {
            let shard = Shard(index: index, broker: self.state)
            let host = TestHost(index: index, broker: self)
            shard.host = host
            shard.readClock()
            self.shards.append(shard)
            self.hosts.append(host)
        }
        for message in store?.tables.retained.values ?? [:].values { self.state.restore(retained: message) }
        guard !restored.isEmpty else { return }
        for shard in self.shards { shard.prepareToRestore() }
        for session in restored { self.shards[Int(session.record.number.count) % count].restore(session) }
        for shard in self.shards { shard.begin() }
    }

    /// The broker is killed, and another one starts with what the store has kept.
    func restarted(
        shards count: Int? = nil,
        extensions: [any BrokerExtension] = [],
        _ configure: (inout BrokerSettings) -> Void = { _ in }
    ) -> TestBroker {
        self.store?.crash()
        for shard in self.shards { shard.host = nil }
        return TestBroker(
            shards: count ?? self.shards.count,
            extensions: extensions,
            store: self.store,
            clock: self.clock,
            configure
        )
    }

    subscript(shard: Int) -> Shard { self.shards[shard] }

    func post(_ messages: [ShardMessage], from: Int, to: Int) {
        self.mail[Pair(from: from, to: to), default: []].append(messages)
    }

    /// What the store has said goes with the mail.
    private func collectReports() {
        for (shard, report) in self.store?.takeReports() ?? [] {
            self.post([.stored(report)], from: Pair.store, to: shard)
        }
    }

    // MARK: Turns and mail

    /// The pairs of shards that mail is under way between, in a fixed order; the store's mail among them.
    var pairsWithMail: [Pair] {
        self.collectReports()
        return self.mail.keys.sorted()
    }

    /// Whether a turn is about to end somewhere, or mail is under way.
    var isBusy: Bool {
        self.collectReports()
        return !self.mail.isEmpty || self.hosts.contains { $0.isTurnEnding || $0.isContinuing }
    }

    func endTurn(of shard: Int) {
        self.hosts[shard].isTurnEnding = false
        self.shards[shard].endTurn()
    }

    /// A shard does the next part of its long work.
    func continueWork(of shard: Int) {
        self.hosts[shard].isContinuing = false
        self.shards[shard].continueWork()
    }

    /// The oldest batch that is under way between two shards arrives.
    func deliverMail(_ pair: Pair) {
        guard var batches = self.mail[pair], let batch = batches.popFirst() else { return }
        self.mail[pair] = batches.isEmpty ? nil : batches
        self.shards[pair.to].process(batch)
    }

    /// Ends turns and delivers mail until nothing is left to do.
    func settle() {
        repeat {
            while self.isBusy {
                for host in self.hosts where host.isContinuing { self.continueWork(of: host.index) }
                for host in self.hosts where host.isTurnEnding { self.endTurn(of: host.index) }
                for pair in self.pairsWithMail { self.deliverMail(pair) }
            }
            if let store = self.store, store.commitsAtOnce {
                store.commit()
                store.answer()
            }
        } while self.isBusy
    }

    /// Makes everything safe that has been submitted, and does what follows from it.
    func commit() {
        guard let store = self.store else { return }
        repeat {
            self.settle()
            store.commit()
            store.answer()
        } while self.isBusy
    }

    /// One turn ends or one batch of mail arrives, whichever the generator picks.
    ///
    /// - Returns: false when there was nothing to pick from.
    @discardableResult
    func step(using generator: inout SeededGenerator) -> Bool {
        let turns = self.hosts.filter(\.isTurnEnding).map(\.index)
        let pairs = self.pairsWithMail
        let parts = self.hosts.filter(\.isContinuing).map(\.index)
        guard !turns.isEmpty || !pairs.isEmpty || !parts.isEmpty else { return false }
        let pick = Int.random(in: 0..<turns.count + pairs.count + parts.count, using: &generator)
        if pick < turns.count {
            self.endTurn(of: turns[pick])
        } else if pick < turns.count + pairs.count {
            self.deliverMail(pairs[pick - turns.count])
        } else {
            self.continueWork(of: parts[pick - turns.count - pairs.count])
        }
        return true
    }

    /// Runs the work that extensions have put off, and what it leads to.
    func runWork() async {
        for host in self.hosts { await host.runWork() }
        self.settle()
    }

    /// Runs one piece of that work, whichever the generator picks; what it leads to waits.
    func runOneWork(using generator: inout SeededGenerator) async {
        await self.hosts.randomElement(using: &generator)?.runOneWork(using: &generator)
    }

    // MARK: Time

    /// Time passes, and every shard looks at what has become due.
    func advance(milliseconds: Int64) {
        self.clock.now = MonotonicTime(milliseconds: self.clock.now.milliseconds + milliseconds)
        for shard in self.shards { shard.tick() }
        self.settle()
    }

    func advance(seconds: Int64) { self.advance(milliseconds: seconds * 1000) }

    // MARK: Clients

    /// A client with an open connection that has not sent anything yet.
    func client(_ identifier: String, _ version: ProtocolVersion = .v5, on shard: Int = 0) -> TestClient {
        TestClient(identifier, version, self, on: shard)
    }

    /// A client that is let in at once.
    func connected(
        _ identifier: String,
        _ version: ProtocolVersion = .v5,
        on shard: Int = 0,
        _ change: (inout Connect) -> Void = { _ in }
    ) -> TestClient {
        let client = TestClient(identifier, version, self, on: shard)
        let answer = client.connect(change)
        #expect(answer?.reason == .success)
        return client
    }

    /// What all shards count, added up.
    var metrics: BrokerMetrics { self.shards.reduce(BrokerMetrics()) { $0 + $1.metrics } }

    /// What was logged on all shards.
    var events: [BrokerEvent] { self.hosts.flatMap(\.events) }

    /// The session of a client, wherever it is.
    func session(_ client: String) -> Session? {
        self.shards.lazy.compactMap { $0.sessionsByClient[UTF8String(client)] }.first
    }

    /// Nothing is left of any session: neither in a table nor on its way.
    func expectEmpty(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(self.state.directory.count == 0, sourceLocation: sourceLocation)
        #expect(self.state.subscriptionCount == 0, sourceLocation: sourceLocation)
        self.expectAtRest(sourceLocation: sourceLocation)
        for shard in self.shards {
            #expect(shard.sessions.count == 0, sourceLocation: sourceLocation)
            #expect(shard.connections.count == 0, sourceLocation: sourceLocation)
            #expect(shard.sessionsByClient.isEmpty, sourceLocation: sourceLocation)
        }
        #expect(self.metrics.sessions == 0, sourceLocation: sourceLocation)
        #expect(self.metrics.clientsConnected == 0, sourceLocation: sourceLocation)
    }

    /// No session is on its way from one shard to another.
    func expectAtRest(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(!self.isBusy, sourceLocation: sourceLocation)
        for shard in self.shards {
            #expect(shard.claims.isEmpty, "shard \(shard.index)", sourceLocation: sourceLocation)
            #expect(shard.moved.isEmpty, "shard \(shard.index)", sourceLocation: sourceLocation)
            for session in shard.sessions.all {
                #expect(session.arrival == nil, sourceLocation: sourceLocation)
            }
        }
    }
}

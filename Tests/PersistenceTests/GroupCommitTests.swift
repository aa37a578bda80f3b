//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Dispatch
import MQTTCodec
import NIOCore
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import BrokerCore
@testable import Persistence

/// A backend in memory that a test can hold up and make fail.
final class TestBackend: StoreBackend {
    /// What a test sees and sets, from any thread.
    final class Control: Sendable {
        struct State {
            var failure: StoreError?
            var readFailure: StoreError?
            var sweepFailure: StoreError?
            /// The session whose messages alone can't be read; nil: nobody's can.
            var unreadable: StoreNumber?
            var isClosed = false
            var writes = 0
            /// Operations of each write: deliveries to be inserted.
            var inserted: [Int] = []
        }

        let state = Mutex(State())
        /// A write waits for it, if `isHeld`.
        let gate = DispatchSemaphore(value: 0)
        let isHeld: Bool
        /// Is told of each write when it begins.
        let (begun, beginning) = AsyncStream.makeStream(of: Int.self)
        /// Is told after each attempt to sweep whether anything is left.
        let (swept, sweeping) = AsyncStream.makeStream(of: Bool.self)

        init(isHeld: Bool) { self.isHeld = isHeld }
    }

    let control: Control
    let memory: MemoryBackend

    init(_ control: Control, clock: StoreClock) {
        self.control = control
        self.memory = MemoryBackend(clock: clock)
    }

    var lastNumber: StoreNumber { self.memory.lastNumber }
    var totals: StoreTotals { self.memory.totals }

    func write(_ changes: StoreChanges) throws(StoreError) {
        let (failure, count) = self.control.state.withLock { state in
            state.writes += 1
            if state.failure == nil { state.inserted.append(changes.deliveryCount) }
            return (state.failure, state.writes)
        }
        self.control.beginning.yield(count)
        if self.control.isHeld { self.control.gate.wait() }
        if let failure { throw failure }
        self.memory.write(changes)
    }

    func page(_ request: BacklogRequest) throws(StoreError) -> BacklogPage {
        let (failure, session) = self.control.state.withLock { ($0.readFailure, $0.unreadable) }
        if let failure, session ?? request.session == request.session { throw failure }
        return self.memory.page(request)
    }

    var hasLeft: Bool { self.memory.hasLeft }

    func sweep() throws(StoreError) -> Bool {
        defer { self.control.sweeping.yield(self.memory.hasLeft) }
        if let failure = self.control.state.withLock({ $0.sweepFailure }) { throw failure }
        return self.memory.sweep()
    }

    func loadRetained(_ body: ([Message]) -> Void) { self.memory.loadRetained(body) }
    func loadSessions(_ body: ([RestoredSession]) -> Void) { self.memory.loadSessions(body) }
    func close() { self.control.state.withLock { $0.isClosed = true } }
}

/// A store with what it says.
struct Rig {
    enum Word: Sendable {
        case committed(shard: Int, ticket: UInt64)
        case backlog(shard: Int, deliveries: [StoreNumber])
        case unreadable(shard: Int, StoreNumber)
        case event(StoreEvent)
    }

    let store: GroupCommitStore
    let control: TestBackend.Control
    let words: AsyncStream<Word>
    var iterator: AsyncStream<Word>.Iterator

    init(durability: Durability = .acknowledged, isHeld: Bool = false, maximumPendingBytes: Int = 64 << 20) {
        let control = TestBackend.Control(isHeld: isHeld)
        let (words, saying) = AsyncStream.makeStream(of: Word.self)
        self.control = control
        self.words = words
        self.iterator = words.makeAsyncIterator()
        self.store = GroupCommitStore(
            TestBackend(control, clock: TestClock().clock),
            settings: StoreSettings(
                directory: "",
                durability: durability,
                maximumPendingBytes: maximumPendingBytes
            ),
            events: { saying.yield(.event($0)) }
        )
        self.store.start { report, shard in
            switch report {
            case .committed(let ticket): saying.yield(.committed(shard: shard, ticket: ticket))
            case .backlog(let page): saying.yield(.backlog(shard: shard, deliveries: page.queuedNumbers))
            case .unreadable(let request): saying.yield(.unreadable(shard: shard, request.session))
            }
        }
    }

    mutating func next() async -> Word? { await self.iterator.next() }

    func fetch(_ session: StoreNumber, for shard: Int, after: StoreNumber = .none, includesInflight: Bool = false) {
        self.store.fetch(
            Self.request(session, for: shard, after: after, includesInflight: includesInflight),
            for: shard
        )
    }

    static func request(
        _ session: StoreNumber,
        for shard: Int,
        after: StoreNumber = .none,
        includesInflight: Bool = false
    ) -> BacklogRequest {
        BacklogRequest(
            reader: .session(SessionAddress(shard: UInt16(shard), slot: 0, generation: 0)),
            session: session,
            after: after,
            known: [.max],
            maximumCount: 100,
            maximumBytes: 1 << 20,
            includesInflight: includesInflight
        )
    }
}

@Suite("Commits in groups", .timeLimit(.minutes(1)))
struct GroupCommitTests {
    let session = number(1)

    private func delivery(_ count: Int64) -> StoreOperation {
        makeDelivery(number(count), of: makeMessage(1000 + count), to: self.session)
    }

    @Test("A ticket is safe only when its transaction is, and one transaction takes what came in meanwhile")
    func tickets() async {
        var rig = Rig(isHeld: true)
        var begun = rig.control.begun.makeAsyncIterator()
        rig.store.submit([.session(makeSession(self.session))], from: 0, ticket: 1)
        #expect(await begun.next() == 1)
        rig.store.submit([self.delivery(10)], from: 0, ticket: 2)
        rig.store.submit([self.delivery(11), self.delivery(12)], from: 1, ticket: 1)
        rig.store.submit([self.delivery(13)], from: 0, ticket: 3)
        rig.fetch(self.session, for: 1)
        #expect(rig.store.metrics.commits == 0)
        rig.control.gate.signal()
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "not the first ticket") }
        #expect(await begun.next() == 2)
        #expect(rig.store.messageCount == 0)
        rig.control.gate.signal()
        var tickets: [Int: UInt64] = [:]
        for _ in 0..<2 {
            guard case .committed(let shard, let ticket)? = await rig.next() else {
                return #expect(Bool(false), "no ticket")
            }
            tickets[shard] = ticket
        }
        #expect(tickets == [0: 3, 1: 1])
        guard case .backlog(1, let deliveries)? = await rig.next() else { return #expect(Bool(false), "no page") }
        #expect(deliveries == [10, 11, 12, 13].map { number($0) })
        #expect(rig.control.state.withLock { $0.inserted } == [0, 4])
        #expect(rig.store.messageCount == 4)
        #expect(rig.store.metrics.commits == 2)
        #expect(rig.store.metrics.operations == 5)
    }

    @Test("A page that no pending change concerns comes before they are written")
    func pageBeforeTheDisk() async {
        var rig = Rig(isHeld: true)
        var begun = rig.control.begun.makeAsyncIterator()
        rig.store.submit(
            [.session(makeSession(self.session)), self.delivery(10), self.delivery(11)],
            from: 0,
            ticket: 1
        )
        #expect(await begun.next() == 1)
        // While the first is written these gather; what has been acknowledged lies before what is asked for.
        rig.store.submit([.removed(session: self.session, delivery: number(10))], from: 0, ticket: 2)
        rig.fetch(self.session, for: 0, after: number(10))
        rig.control.gate.signal()
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        guard case .backlog(0, [number(11)])? = await rig.next() else { return #expect(Bool(false), "no page") }
        #expect(await begun.next() == 2)
        // A delivery that the page has to have does concern it.
        rig.store.submit([self.delivery(12)], from: 0, ticket: 3)
        rig.fetch(self.session, for: 0, after: number(10))
        rig.control.gate.signal()
        guard case .committed(0, 2)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(await begun.next() == 3)
        rig.control.gate.signal()
        guard case .committed(0, 3)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        guard case .backlog(0, [number(11), number(12)])? = await rig.next() else {
            return #expect(Bool(false), "no page")
        }
    }

    @Test("A delivery of QoS 1 that stays in flight is stored as such, though nothing else is written")
    func sentIsWritten() async {
        var rig = Rig()
        var begun = rig.control.begun.makeAsyncIterator()
        rig.store.submit([.session(makeSession(self.session)), self.delivery(10)], from: 0, ticket: 1)
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(await begun.next() == 1)
        let sent = StoreOperation.sent(
            session: self.session,
            delivery: number(10),
            packetIdentifier: 1,
            qos: .atLeastOnce
        )
        rig.store.submit([sent], from: 0, ticket: 2)
        guard case .committed(0, 2)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(await begun.next() == 2)
        rig.fetch(self.session, for: 0)
        guard case .backlog(0, [])? = await rig.next() else { return #expect(Bool(false), "not in flight") }
        #expect(rig.store.metrics.pendingBytes == 0)
    }

    @Test("What has just been sent is stored when it is closed")
    func sentAtTheEnd() async throws {
        let folder = try TemporaryFolder()
        let settings = StoreSettings(directory: folder.path.string)
        let clock = TestClock().clock
        for isFirst in [true, false] {
            let store = try GroupCommitStore.open(settings, clock: clock, events: { _ in })
            let (pages, giving) = AsyncStream.makeStream(of: BacklogPage.self)
            try store.loadSessions { _ in }
            store.start { report, _ in if case .backlog(let page) = report { giving.yield(page) } }
            if isFirst {
                store.submit([.session(makeSession(self.session)), self.delivery(10)], from: 0, ticket: 1)
                store.submit(
                    [
                        .sent(
                            session: self.session,
                            delivery: number(10),
                            packetIdentifier: 7,
                            qos: .atLeastOnce
                        )
                    ],
                    from: 0,
                    ticket: 2
                )
            } else {
                store.fetch(Rig.request(self.session, for: 0, includesInflight: true), for: 0)
                var iterator = pages.makeAsyncIterator()
                #expect(await iterator.next()?.inflight.map(\.packetIdentifier) == [7])
            }
            try await store.close()
        }
    }

    @Test("What cancels out costs no transaction, but its ticket is told")
    func empty() async {
        var rig = Rig()
        rig.store.submit([.session(makeSession(self.session))], from: 0, ticket: 1)
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        rig.store.submit(
            [self.delivery(10), .removed(session: self.session, delivery: number(10))],
            from: 0,
            ticket: 2
        )
        guard case .committed(0, 2)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(rig.control.state.withLock { $0.writes } == 1)
        #expect(rig.store.metrics.pendingBytes == 0)
    }

    @Test("A store that can't write says so once, loses nothing, and says when it can")
    func failure() async {
        var rig = Rig()
        rig.store.submit([.session(makeSession(self.session))], from: 0, ticket: 1)
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        rig.control.state.withLock { $0.failure = .full(path: "x") }
        rig.store.submit([self.delivery(10), self.delivery(11)], from: 0, ticket: 2)
        guard case .event(.unavailable(.full))? = await rig.next() else { return #expect(Bool(false), "no event") }
        #expect(!rig.store.isAvailable)
        rig.store.submit(
            [.removed(session: self.session, delivery: number(10)), self.delivery(12)],
            from: 0,
            ticket: 3
        )
        rig.fetch(self.session, for: 0)
        // At least two attempts more fail before the space returns.
        let before = rig.control.state.withLock { $0.writes }
        var begun = rig.control.begun.makeAsyncIterator()
        while let count = await begun.next(), count < before + 2 {}
        rig.control.state.withLock { $0.failure = nil }
        guard case .event(.available)? = await rig.next() else { return #expect(Bool(false), "no event") }
        guard case .committed(0, 3)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        guard case .backlog(0, let deliveries)? = await rig.next() else { return #expect(Bool(false), "no page") }
        #expect(deliveries == [number(11), number(12)])
        #expect(rig.store.isAvailable)
        #expect(rig.control.state.withLock { $0.inserted } == [0, 2])
        #expect(rig.store.metrics.failures >= 3)
        #expect(rig.store.metrics.pendingBytes == 0)
    }

    @Test("While it can't write, what is on disk and has not changed is read")
    func readingWhileWritingFails() async {
        var rig = Rig()
        let (other, ended) = (number(2), number(3))
        rig.store.submit(
            [
                .session(makeSession(self.session)), .session(makeSession(other)), self.delivery(10),
                makeDelivery(number(11), of: makeMessage(2), to: other),
                .session(makeSession(ended)), makeDelivery(number(12), of: makeMessage(3), to: ended),
            ],
            from: 0,
            ticket: 1
        )
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        rig.control.state.withLock { $0.failure = .full(path: "x") }
        rig.store.submit([self.delivery(20)], from: 0, ticket: 2)
        guard case .event(.unavailable(.full))? = await rig.next() else { return #expect(Bool(false), "no event") }
        // What comes and goes again changes nothing; nor does a client that comes back.
        rig.store.submit(
            [
                .session(makeSession(other)), makeDelivery(number(21), of: makeMessage(4), to: other),
                .removed(session: other, delivery: number(21)), .sessionEnded(ended),
            ],
            from: 0,
            ticket: 3
        )
        rig.fetch(self.session, for: 0)
        rig.fetch(other, for: 1)
        guard case .backlog(1, [number(11)])? = await rig.next() else { return #expect(Bool(false), "no page") }
        #expect(!rig.store.isAvailable)
        rig.control.state.withLock { $0.failure = nil }
        guard case .event(.available)? = await rig.next() else { return #expect(Bool(false), "no event") }
        guard case .committed(0, 3)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        guard case .backlog(0, [number(10), number(20)])? = await rig.next() else {
            return #expect(Bool(false), "no page")
        }
    }

    @Test("It comes back also when nothing is left to write")
    func failureOfNothing() async {
        var rig = Rig()
        rig.store.submit([.session(makeSession(self.session))], from: 0, ticket: 1)
        guard case .committed? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        rig.control.state.withLock { $0.failure = .readOnly(path: "x") }
        rig.store.submit([self.delivery(10)], from: 0, ticket: 2)
        guard case .event(.unavailable)? = await rig.next() else { return #expect(Bool(false), "no event") }
        rig.store.submit([.removed(session: self.session, delivery: number(10))], from: 0, ticket: 3)
        rig.control.state.withLock { $0.failure = nil }
        guard case .event(.available)? = await rig.next() else { return #expect(Bool(false), "no event") }
        guard case .committed(0, 3)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
    }

    @Test("What can't be read is tried again, and writing goes on meanwhile")
    func unreadable() async {
        var rig = Rig()
        rig.control.state.withLock { $0.readFailure = .corrupt(path: "x", detail: "y") }
        rig.store.submit([.session(makeSession(self.session)), self.delivery(10)], from: 0, ticket: 1)
        rig.fetch(self.session, for: 0)
        var hasTicket = false
        var hasEvent = false
        var hasReport = false
        while !(hasTicket && hasEvent && hasReport) {
            switch await rig.next() {
            case .committed: hasTicket = true
            case .event(.unreadable): hasEvent = true
            case .unreadable(0, self.session): hasReport = true
            default: return #expect(Bool(false), "something else")
            }
        }
        rig.store.submit([self.delivery(11)], from: 0, ticket: 2)
        guard case .committed(0, 2)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(rig.store.isAvailable)
        rig.control.state.withLock { $0.readFailure = nil }
        guard case .backlog(0, let deliveries)? = await rig.next() else { return #expect(Bool(false), "no page") }
        #expect(deliveries == [number(10), number(11)])
        guard case .event(.readable)? = await rig.next() else { return #expect(Bool(false), "no event") }
    }

    @Test("One session that can't be read holds up no other, and no clearing up")
    func unreadableSession() async {
        var rig = Rig()
        let (other, ended) = (number(2), number(3))
        rig.control.state.withLock {
            $0.readFailure = .corrupt(path: "x", detail: "y")
            $0.unreadable = self.session
        }
        rig.store.submit(
            [
                .session(makeSession(self.session)), .session(makeSession(other)), .session(makeSession(ended)),
                self.delivery(10), makeDelivery(number(11), of: makeMessage(2), to: other),
                makeDelivery(number(12), of: makeMessage(3), to: ended),
            ],
            from: 0,
            ticket: 1
        )
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        rig.fetch(self.session, for: 0)
        guard case .unreadable(0, self.session)? = await rig.next() else { return #expect(Bool(false), "no report") }
        guard case .event(.unreadable)? = await rig.next() else { return #expect(Bool(false), "no event") }
        // If they waited for the attempts at the first, that would take longer than there is time.
        for _ in 0..<50 {
            rig.fetch(other, for: 1)
            guard case .backlog(1, [number(11)])? = await rig.next() else { return #expect(Bool(false), "no page") }
        }
        rig.store.submit([.sessionEnded(ended)], from: 0, ticket: 2)
        guard case .committed(0, 2)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        var swept = rig.control.swept.makeAsyncIterator()
        #expect(await swept.next() == false)
        #expect(rig.store.metrics.failures < 20)
        rig.control.state.withLock { $0.readFailure = nil }
        guard case .backlog(0, [number(10)])? = await rig.next() else { return #expect(Bool(false), "no page") }
        guard case .event(.readable)? = await rig.next() else { return #expect(Bool(false), "no event") }
    }

    @Test(
        "Closing writes everything",
        arguments: [Durability.acknowledged, .periodic(interval: .seconds(3600)), .none]
    )
    func close(durability: Durability) async throws {
        let rig = Rig(durability: durability)
        rig.store.submit([.session(makeSession(self.session)), self.delivery(10)], from: 0, ticket: 1)
        rig.store.submit([self.delivery(11)], from: 1, ticket: 1)
        try await rig.store.close()
        #expect(rig.control.state.withLock { $0.inserted.reduce(0, +) } == 2)
        #expect(rig.control.state.withLock { $0.isClosed })
        // Too late.
        rig.store.submit([self.delivery(12)], from: 0, ticket: 2)
        try await rig.store.close()
    }

    @Test("Closing says what could not be written")
    func closeFails() async {
        let rig = Rig(durability: .periodic(interval: .seconds(3600)))
        rig.control.state.withLock { $0.failure = .full(path: "x") }
        rig.store.submit([.session(makeSession(self.session))], from: 0, ticket: 1)
        await #expect(throws: StoreError.full(path: "x")) { try await rig.store.close() }
        #expect(rig.control.state.withLock { $0.isClosed })
    }

    @Test("Periodic writing waits for its time, but a question does not")
    func periodic() async {
        var rig = Rig(durability: .periodic(interval: .seconds(3600)))
        rig.store.submit([.session(makeSession(self.session)), self.delivery(10)], from: 0, ticket: 1)
        rig.fetch(self.session, for: 0)
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        guard case .backlog(0, let deliveries)? = await rig.next() else { return #expect(Bool(false), "no page") }
        #expect(deliveries == [number(10)])
        #expect(rig.control.state.withLock { $0.writes } == 1)
    }

    @Test("After its time periodic writing comes by itself")
    func interval() async {
        var rig = Rig(durability: .periodic(interval: .milliseconds(10)))
        rig.store.submit([.session(makeSession(self.session))], from: 0, ticket: 1)
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
    }

    @Test("It is congested above its limit, until half of it is written")
    func congestion() async {
        var rig = Rig(isHeld: true, maximumPendingBytes: 10_000)
        var begun = rig.control.begun.makeAsyncIterator()
        rig.store.submit([.session(makeSession(self.session))], from: 0, ticket: 1)
        #expect(await begun.next() == 1)
        #expect(!rig.store.isCongested)
        let payload = String(repeating: "x", count: 10_000)
        rig.store.submit(
            [makeDelivery(number(10), of: makeMessage(2, payload: payload), to: self.session)],
            from: 0,
            ticket: 2
        )
        #expect(rig.store.isCongested)
        rig.control.gate.signal()
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(rig.store.isCongested)
        rig.control.gate.signal()
        guard case .committed(0, 2)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(!rig.store.isCongested)
    }
    @Test("A message to many sessions waits as so many deliveries, already before the writer has come to it")
    func congestionByFanOut() async throws {
        var rig = Rig(isHeld: true, maximumPendingBytes: 100_000)
        var begun = rig.control.begun.makeAsyncIterator()
        rig.store.submit([.session(makeSession(self.session))], from: 0, ticket: 1)
        #expect(await begun.next() == 1)
        let tree = SubscriptionTree(settings: BrokerSettings(), shardCount: 1)
        for count in 0..<1000 as Range<Int64> {
            _ = tree.subscribe(
                try TopicFilter("a/b"),
                SessionAddress(shard: 0, slot: UInt32(count), generation: 0),
                Subscription(
                    options: SubscriptionOptions(qos: .atLeastOnce),
                    identifier: 0,
                    account: SessionAccount(number: number(100 + count))
                ),
                isOnline: true
            )
        }
        let message = makeMessage(5000)
        let record = PublishRecord(
            message: message,
            number: message.number,
            route: tree.route(of: ByteBuffer(string: "a/b").readableBytesSpan, hash: 1),
            first: number(6000),
            origin: nil
        )
        rig.store.submit([.published(record)], from: 0, ticket: 2)
        #expect(rig.store.isCongested)
        rig.control.gate.signal()
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        // None of those sessions lasts, so there is nothing to write.
        guard case .committed(0, 2)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        #expect(rig.store.metrics.pendingBytes == 0)
        #expect(!rig.store.isCongested)
    }

    @Test("While it can't write, a client goes on getting what is on disk")
    func drainWhileWritingFails() async {
        var rig = Rig()
        rig.store.submit(
            [.session(makeSession(self.session)), self.delivery(10), self.delivery(11), self.delivery(12)],
            from: 0,
            ticket: 1
        )
        guard case .committed(0, 1)? = await rig.next() else { return #expect(Bool(false), "no ticket") }
        rig.control.state.withLock { $0.failure = .full(path: "x") }
        rig.store.submit([.removed(session: self.session, delivery: number(10))], from: 0, ticket: 2)
        guard case .event(.unavailable(.full))? = await rig.next() else { return #expect(Bool(false), "no event") }
        rig.fetch(self.session, for: 0, after: number(10))
        guard case .backlog(0, [number(11), number(12)])? = await rig.next() else {
            return #expect(Bool(false), "no page")
        }
        #expect(!rig.store.isAvailable)
    }
}

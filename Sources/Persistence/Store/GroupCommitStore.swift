//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

package import BrokerCore
import Dispatch
import Synchronization

/// A store with one writer, off the event loops, which writes in one transaction what has come in during the one
/// before.
///
/// The loops only leave what has changed in a box, behind a lock that is held for a moment.
package final class GroupCommitStore: BrokerStore {
    /// What waits in the box, in the order it came.
    enum Item: Sendable {
        case operations([StoreOperation], shard: Int, ticket: UInt64, cost: Int)
        case fetch(BacklogRequest, shard: Int)
    }

    struct Box {
        var items: [Item] = []
        /// Whether the writer has been told to come at once.
        var isCalled = false
        /// Whether it will come by itself.
        var isExpected = false
        var isStarted = false
        var isClosed = false
    }

    let box = Mutex(Box())
    let queue = DispatchQueue(label: "nanomq.store")
    let durability: Durability
    let maximumPendingBytes: Int
    let events: @Sendable (StoreEvent) -> Void
    /// Only `queue` touches it.
    private let writer: StoreWriter

    let pendingBytes = Atomic<Int>(0)
    let congested = Atomic<Bool>(false)
    let available = Atomic<Bool>(true)
    let messages: Atomic<Int>
    let bytes: Atomic<Int>
    let measured = Mutex(StoreMetrics())

    /// - Parameters:
    ///   - backend: nobody else uses it from now on.
    ///   - events: is told what an operator should know, on the writer's thread.
    package init(
        _ backend: sending any StoreBackend,
        settings: StoreSettings,
        events: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.durability = settings.durability
        self.maximumPendingBytes = settings.maximumPendingBytes
        self.events = events
        let totals = backend.totals
        self.messages = Atomic(totals.messages)
        self.bytes = Atomic(totals.bytes)
        self.writer = StoreWriter(backend)
        self.measured.withLock { $0.totals = totals }
    }

    /// Opens the database in the settings' folder.
    package static func open(
        _ settings: StoreSettings,
        clock: StoreClock,
        events: @escaping @Sendable (StoreEvent) -> Void
    ) throws(StoreError) -> GroupCommitStore {
        #if SQLite
            GroupCommitStore(try SQLiteBackend(settings, clock: clock), settings: settings, events: events)
        #else
            throw .unsupported
        #endif
    }

    // MARK: At start

    /// The highest number that has ever been in it.
    package var lastNumber: StoreNumber { self.queue.sync { self.writer.backend.lastNumber } }

    /// Reads the retained messages in batches, before it is started.
    package func loadRetained(_ body: ([Message]) -> Void) throws(StoreError) {
        try self.onQueue { writer throws(StoreError) in try writer.backend.loadRetained(body) }
    }

    /// Reads the sessions in batches, before it is started. Of those that expired while there was no broker it gives
    /// back those with a will, which is to be published at once, and those with messages for other members of shared
    /// groups; the others it ends.
    package func loadSessions(_ body: ([RestoredSession]) -> Void) throws(StoreError) {
        let events = self.events
        try self.onQueue { writer throws(StoreError) in
            var count = 0
            try writer.backend.loadSessions { sessions in
                for session in sessions { writer.changes.noteStored(session.record.number) }
                body(sessions)
                let before = count
                count += sessions.count
                if before / 10_000 < count / 10_000 { events(.loading(sessions: count)) }
            }
            writer.noteTotals(for: self)
            events(.opened(writer.backend.totals))
        }
    }

    private func onQueue(_ body: (StoreWriter) throws(StoreError) -> Void) throws(StoreError) {
        let result = self.queue.sync { () -> Result<Void, StoreError> in
            do throws(StoreError) { return .success(try body(self.writer)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Begins to write, and to tell the shards what is safe.
    ///
    /// - Parameter reporting: is called on the writer's thread; it must not wait.
    package func start(reporting: @escaping @Sendable (_ report: StoreReport, _ shard: Int) -> Void) {
        self.queue.sync { self.writer.report = reporting }
        self.box.withLock { $0.isStarted = true }
        // Once in any case: there may be something to clear up.
        self.call()
        self.scheduleHeartbeat()
    }

    // MARK: From the shards

    package func submit(_ operations: [StoreOperation], from shard: Int, ticket: UInt64) {
        var cost = 0
        for operation in operations { cost += operation.cost }
        self.addPending(cost)
        self.put(.operations(operations, shard: shard, ticket: ticket, cost: cost), isUrgent: false)
    }

    package func fetch(_ request: BacklogRequest, for shard: Int) {
        self.put(.fetch(request, shard: shard), isUrgent: true)
    }

    package var isAvailable: Bool { self.available.load(ordering: .relaxed) }
    package var isCongested: Bool { self.congested.load(ordering: .relaxed) }
    package var messageCount: Int { self.messages.load(ordering: .relaxed) }
    package var byteCount: Int { self.bytes.load(ordering: .relaxed) }

    /// What it has done and holds.
    package var metrics: StoreMetrics {
        var metrics = self.measured.withLock { $0 }
        metrics.pendingBytes = self.pendingBytes.load(ordering: .relaxed)
        return metrics
    }

    private func put(_ item: Item, isUrgent: Bool) {
        let isUrgent = isUrgent || self.durability == .acknowledged || self.hasMuch
        let (isCalling, isExpecting) = self.box.withLock { box -> (Bool, Bool) in
            guard !box.isClosed else { return (false, false) }
            box.items.append(item)
            guard box.isStarted, !box.isCalled else { return (false, false) }
            if isUrgent {
                box.isCalled = true
                return (true, false)
            }
            guard !box.isExpected else { return (false, false) }
            box.isExpected = true
            return (false, true)
        }
        if isCalling {
            self.queue.async { self.writer.work(for: self) }
        } else if isExpecting {
            self.queue.asyncAfter(deadline: .now() + self.patience) { self.writer.work(for: self) }
        }
    }

    /// Has the writer do another round.
    func call() {
        let isCalling = self.box.withLock { box in
            defer { box.isCalled = true }
            return !box.isCalled
        }
        if isCalling { self.queue.async { self.writer.work(for: self) } }
    }

    /// How long changes wait before they are written. Where nothing is promised many cancel out meanwhile.
    var patience: DispatchTimeInterval {
        switch self.durability {
        case .acknowledged: .nanoseconds(0)
        case .periodic(let interval): interval.dispatchInterval
        case .none: .milliseconds(100)
        }
    }

    /// Whether so much waits that it is time to write it.
    private var hasMuch: Bool { self.pendingBytes.load(ordering: .relaxed) > self.maximumPendingBytes / 4 }

    func addPending(_ bytes: Int) {
        let pending = self.pendingBytes.add(bytes, ordering: .relaxed).newValue
        if pending > self.maximumPendingBytes {
            self.congested.store(true, ordering: .relaxed)
        } else if pending < self.maximumPendingBytes / 2 {
            self.congested.store(false, ordering: .relaxed)
        }
    }

    // MARK: The end

    /// Writes everything that has been submitted, and closes the file. What is submitted from now on is lost.
    ///
    /// - Throws: why not everything could be written. The file is closed even so.
    package func close() async throws(StoreError) {
        self.box.withLock { $0.isClosed = true }
        let result = await withCheckedContinuation { continuation in
            self.queue.async { continuation.resume(returning: self.writer.close(for: self)) }
        }
        try result.get()
    }

    /// A broker that has nothing to write still has to be seen to live: its clients' sessions expire from when they
    /// lost their connections, which after a crash is within two minutes of when the broker last wrote
    /// (``SQLiteBackend/lostAt``).
    private func scheduleHeartbeat() {
        self.queue.asyncAfter(deadline: .now() + .seconds(60)) { [weak self] in
            guard let self, !self.box.withLock({ $0.isClosed }) else { return }
            self.writer.beat(for: self)
            self.scheduleHeartbeat()
        }
    }
}

extension StoreOperation {
    /// Bytes that it takes while it waits, about.
    fileprivate var cost: Int {
        switch self {
        case .published(let record): record.deliveryCount * StoreChanges.operationCost + record.message.byteCount
        case .queued(let record): StoreChanges.operationCost + record.message.byteCount
        case .session: StoreChanges.recordCost
        case .subscribed(_, let record): StoreChanges.operationCost + record.filter.utf8.count
        default: StoreChanges.operationCost
        }
    }
}

extension Duration {
    /// At most a day, at least a millisecond.
    var dispatchInterval: DispatchTimeInterval {
        let (seconds, attoseconds) = self.components
        guard seconds < 86_400 else { return .seconds(86_400) }
        return .milliseconds(Int(max(seconds * 1000 + attoseconds / 1_000_000_000_000_000, 1)))
    }
}

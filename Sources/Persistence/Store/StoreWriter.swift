//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore
import Dispatch
import Synchronization

/// The writer of a ``GroupCommitStore``: gathers what has come in, writes it, says so, and reads what is asked for.
///
/// `@unchecked Sendable` is sound because only blocks on the store's serial queue touch it.
final class StoreWriter: @unchecked Sendable {
    let backend: any StoreBackend
    var changes = StoreChanges()
    var report: (@Sendable (StoreReport, Int) -> Void)?

    /// By shard, the ticket that is safe when what has been gathered is.
    private var tickets: [Int: UInt64] = [:]
    private var operations = 0
    /// What is to be answered for the first time.
    private var fetches: [Fetch] = []
    /// What could not be read, and is tried again when `reading` says so.
    private var failedFetches: [Fetch] = []
    /// Whether what has been sent will be taken in by itself.
    private var isExpectingSent = false
    private var lastWrite = ContinuousClock.now
    private var writing = Trial()
    private var reading = Trial()
    private var sweeping = Trial()
    private var isClosed = false

    private struct Fetch {
        let request: BacklogRequest
        let shard: Int
    }

    init(_ backend: any StoreBackend) { self.backend = backend }

    // MARK: Working

    /// One round: takes what has come in, writes it, answers, and clears up a little.
    func work(for store: GroupCommitStore) {
        guard !self.isClosed, self.report != nil else { return }
        self.gather(from: store)
        // A page that does not depend on what is to be written need not wait for the disk. While it was read, more has
        // come in that this write can take along.
        if !self.writing.isFailing, self.answer(for: store, unless: { self.changes.concern($0) }) {
            self.gather(from: store)
        }
        // While it fails, what comes in is only put together with the rest: the next attempt has its time.
        let isWritten = self.writing.mayTry && self.write(for: store)
        // What was concerned by what has been written now. While that fails, what clients acknowledge meanwhile gathers
        // in memory, so not more than may wait.
        let mayGather = isWritten || !store.isCongested
        self.answer(
            for: store,
            unless: { mayGather ? self.changes.concern($0) : self.changes.hasEntries(of: $0.session) }
        )
        self.expectSent(for: store)
        // Where nothing can be written nothing can be removed.
        if isWritten { self.sweep(for: store) }
    }

    /// Takes what is in the box.
    private func gather(from store: GroupCommitStore) {
        let items = store.box.withLock { box in
            box.isCalled = false
            box.isExpected = false
            let items = box.items
            box.items = []
            return items
        }
        guard !items.isEmpty else { return }
        let before = self.changes.byteCount
        var cost = 0
        for item in items {
            switch item {
            case .operations(let operations, let shard, let ticket, let itemCost):
                cost += itemCost
                self.operations += operations.count
                for operation in operations { self.changes.add(operation) }
                self.tickets[shard] = max(self.tickets[shard] ?? 0, ticket)
            case .fetch(let request, let shard): self.fetches.append(Fetch(request: request, shard: shard))
            }
        }
        store.addPending(self.changes.byteCount - before - cost)
    }

    /// Writes what has been gathered, and tells the shards.
    ///
    /// - Returns: whether it is safe now.
    private func write(for store: GroupCommitStore, evenIfEmpty: Bool = false) -> Bool {
        self.changes.prepare()
        // After a failure something has to be written even so: nobody could know otherwise that it works again.
        if !self.changes.isEmpty || evenIfEmpty || self.writing.isFailing {
            let start = ContinuousClock.now
            do throws(StoreError) {
                try self.backend.write(self.changes)
            } catch {
                self.failed(error, for: store)
                return false
            }
            self.noteCommit(since: start, for: store)
            self.succeeded(for: store)
        }
        let before = self.changes.byteCount
        self.changes.didWrite()
        store.addPending(self.changes.byteCount - before)
        store.measured.withLock { $0.operations += self.operations }
        self.operations = 0
        for (shard, ticket) in self.tickets { self.report?(.committed(ticket: ticket), shard) }
        self.tickets.removeAll(keepingCapacity: true)
        return true
    }

    private func noteCommit(since start: ContinuousClock.Instant, for store: GroupCommitStore) {
        let duration = start.duration(to: .now)
        self.lastWrite = .now
        store.measured.withLock { metrics in
            metrics.commits += 1
            metrics.lastCommit = duration
            metrics.longestCommit = max(metrics.longestCommit, duration)
            metrics.totalCommit += duration
        }
        self.noteTotals(for: store)
    }

    func noteTotals(for store: GroupCommitStore) {
        let totals = self.backend.totals
        store.messages.store(totals.messages, ordering: .relaxed)
        store.bytes.store(totals.bytes, ordering: .relaxed)
        store.measured.withLock { $0.totals = totals }
    }

    /// Answers what has been asked for, as far as it can be read.
    ///
    /// What can't be may be one session's only. So it waits by itself, and new questions are answered even so.
    ///
    /// - Parameter hasToWait: whether an answer now would be wrong.
    /// - Returns: whether there was anything to answer.
    @discardableResult
    private func answer(for store: GroupCommitStore, unless hasToWait: (BacklogRequest) -> Bool) -> Bool {
        let isRetrying = self.reading.mayTry && self.failedFetches.contains { !hasToWait($0.request) }
        let retried = isRetrying ? self.failedFetches : []
        let fetches = retried + self.fetches
        if isRetrying { self.failedFetches = [] }
        self.fetches = []
        var failure: StoreError?
        for (index, fetch) in fetches.enumerated() {
            guard !hasToWait(fetch.request) else {
                self.fetches.append(fetch)
                continue
            }
            do throws(StoreError) {
                let page = try self.backend.page(fetch.request)
                self.report?(.backlog(page), fetch.shard)
            } catch {
                failure = error
                self.failedFetches.append(fetch)
                if index >= retried.count { self.report?(.unreadable(fetch.request), fetch.shard) }
            }
        }
        if let failure {
            store.measured.withLock { $0.failures += 1 }
            // Those that fail for the first time wait for the attempt that the others wait for, if there are any.
            guard isRetrying || !self.reading.isFailing else { return true }
            if self.reading.fail() { store.events(.unreadable(failure)) }
            self.workAgain(after: self.reading.pause, for: store)
        } else if isRetrying, let duration = self.reading.succeed() {
            store.events(.readable(after: duration))
        }
        return fetches.count > self.fetches.count
    }

    /// Sees to it that what has been sent is written after a while, if it is not acknowledged before.
    private func expectSent(for store: GroupCommitStore) {
        guard self.changes.hasSentLately, !self.isExpectingSent else { return }
        self.isExpectingSent = true
        // Where writing has an interval, it is not sooner than that.
        let pause = store.durability == .acknowledged ? .milliseconds(100) : store.patience
        store.queue.asyncAfter(deadline: .now() + pause) {
            self.isExpectingSent = false
            self.takeInSent(for: store)
            self.work(for: store)
        }
    }

    private func takeInSent(for store: GroupCommitStore) {
        let before = self.changes.byteCount
        self.changes.takeInSent()
        store.addPending(self.changes.byteCount - before)
    }

    /// Removes some of what sessions that have ended have left: a slice a round, so that neither this nor what comes in
    /// meanwhile has to wait for the end of the other.
    private func sweep(for store: GroupCommitStore) {
        guard self.backend.hasLeft, self.sweeping.mayTry else { return }
        do throws(StoreError) {
            let hasMore = try self.backend.sweep()
            self.noteTotals(for: store)
            if let duration = self.sweeping.succeed() { store.events(.sweepable(after: duration)) }
            if hasMore { store.call() }
        } catch {
            // Nobody waits for it, and whether anything else can be written is for writing to find out.
            store.measured.withLock { $0.failures += 1 }
            if self.sweeping.fail() { store.events(.unsweepable(error)) }
            self.workAgain(after: self.sweeping.pause, for: store)
        }
    }

    /// Shows that the broker lives, if nothing else has shown it lately.
    func beat(for store: GroupCommitStore) {
        guard !self.isClosed, self.changes.liveCount > 0, !self.writing.isFailing,
            self.lastWrite.duration(to: .now) > .seconds(50)
        else { return }
        _ = self.write(for: store, evenIfEmpty: true)
    }

    // MARK: Failing

    private func failed(_ error: StoreError, for store: GroupCommitStore) {
        store.measured.withLock { $0.failures += 1 }
        store.available.store(false, ordering: .relaxed)
        if self.writing.fail() { store.events(.unavailable(error)) }
        self.workAgain(after: self.writing.pause, for: store)
    }

    private func succeeded(for store: GroupCommitStore) {
        guard let duration = self.writing.succeed() else { return }
        store.available.store(true, ordering: .relaxed)
        store.events(.available(after: duration))
    }

    private func workAgain(after pause: Duration, for store: GroupCommitStore) {
        store.queue.asyncAfter(deadline: .now() + pause.dispatchInterval) { self.work(for: store) }
    }

    // MARK: The end

    /// Writes what is left, and closes.
    func close(for store: GroupCommitStore) -> Result<Void, StoreError> {
        guard !self.isClosed else { return .success(()) }
        self.gather(from: store)
        self.takeInSent(for: store)
        self.isClosed = true
        var result = Result<Void, StoreError>.success(())
        do throws(StoreError) {
            self.changes.prepare()
            if !self.changes.isEmpty || self.changes.liveCount > 0 { try self.backend.write(self.changes) }
            self.changes.didWrite()
            for (shard, ticket) in self.tickets { self.report?(.committed(ticket: ticket), shard) }
        } catch {
            result = .failure(error)
        }
        self.tickets = [:]
        self.fetches = []
        self.failedFetches = []
        do throws(StoreError) {
            try self.backend.close()
        } catch {
            if case .success = result { result = .failure(error) }
        }
        self.report = nil
        return result
    }
}

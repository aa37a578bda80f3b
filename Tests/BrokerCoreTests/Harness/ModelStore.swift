//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import Synchronization

@testable import BrokerCore

/// A store that writes nothing anywhere: what is submitted becomes safe, and what is asked for is answered, only when
/// the test says so. What it reports, ``TestBroker`` brings to the shards with their mail.
final class ModelStore: BrokerStore {
    private struct Submission {
        let operations: [StoreOperation]
        let shard: Int
        let ticket: UInt64
    }

    private struct State {
        var tables = ModelTables()
        /// Submitted and not safe.
        var pending: [Submission] = []
        /// What QoS 1 has been sent under, of what is safe otherwise: a store may take its time with that.
        var sent: [StoreOperation] = []
        /// Calls of `submit` so far, and how many of them are safe.
        var submitted = 0
        var committed = 0
        var fetches: [(request: BacklogRequest, shard: Int, behind: Int)] = []
        /// Those that could not be answered.
        var unread: [(request: BacklogRequest, shard: Int, behind: Int)] = []
        var fetchCount = 0
        var reports: [(shard: Int, report: StoreReport)] = []
        var lastTickets: [Int: UInt64] = [:]
        var isAvailable = true
        var isCongested = false
        var isFull = false
        var commitsAtOnce = false
        var unreadable: StoreNumber?
    }

    private let state = Mutex(State())

    /// A store in which everything is safe, and answered, as soon as the broker comes to rest.
    static func prompt() -> ModelStore {
        let store = ModelStore()
        store.commitsAtOnce = true
        return store
    }

    // MARK: As a shard sees it

    func submit(_ operations: [StoreOperation], from shard: Int, ticket: UInt64) {
        self.state.withLock { state in
            let last = state.lastTickets.updateValue(ticket, forKey: shard) ?? 0
            precondition(ticket == last + 1 && !operations.isEmpty, "a ticket grows by one from call to call")
            state.pending.append(Submission(operations: operations, shard: shard, ticket: ticket))
            state.submitted += 1
        }
    }

    func fetch(_ request: BacklogRequest, for shard: Int) {
        self.state.withLock { state in
            state.fetches.append((request, shard, state.submitted))
            state.fetchCount += 1
        }
    }

    var isAvailable: Bool {
        get { self.state.withLock { $0.isAvailable } }
        set { self.state.withLock { $0.isAvailable = newValue } }
    }

    var isCongested: Bool {
        get { self.state.withLock { $0.isCongested } }
        set { self.state.withLock { $0.isCongested = newValue } }
    }

    /// Whether it says that it holds more than it may.
    var isFull: Bool {
        get { self.state.withLock { $0.isFull } }
        set { self.state.withLock { $0.isFull = newValue } }
    }

    var messageCount: Int {
        self.state.withLock { $0.isFull ? Int.max : $0.tables.messageCount + $0.tables.retained.count }
    }

    var byteCount: Int { self.state.withLock { $0.tables.byteCount } }

    // MARK: As the test sees it

    /// Whether ``TestBroker/settle()`` makes everything safe.
    var commitsAtOnce: Bool {
        get { self.state.withLock { $0.commitsAtOnce } }
        set { self.state.withLock { $0.commitsAtOnce = newValue } }
    }

    /// The session whose messages can't be read; nil: all can.
    var unreadable: StoreNumber? {
        get { self.state.withLock { $0.unreadable } }
        set { self.state.withLock { $0.unreadable = newValue } }
    }

    /// What is safe.
    var tables: ModelTables { self.state.withLock { $0.tables } }

    /// Calls of `submit` that are not safe.
    var pendingCount: Int { self.state.withLock { $0.pending.count } }

    /// How often something has been submitted.
    var submissions: Int { self.state.withLock { $0.submitted } }

    /// What was submitted and is not safe.
    var pendingOperations: [StoreOperation] { self.state.withLock { $0.pending.flatMap(\.operations) } }

    /// Pages that have been asked for and not answered.
    var openFetches: Int { self.state.withLock { $0.fetches.count } }

    /// Pages that have ever been asked for.
    var fetchCount: Int { self.state.withLock { $0.fetchCount } }

    /// Whether there is something to commit or to answer that it may.
    var hasWork: Bool {
        self.state.withLock { $0.isAvailable && (!$0.pending.isEmpty || !$0.fetches.isEmpty) }
    }

    /// Makes the first `count` of what has been submitted safe, unless it can't; but for what QoS 1 has been sent under,
    /// which the next call does.
    func commit(_ count: Int = .max) {
        self.state.withLock { state in
            guard state.isAvailable else { return }
            for operation in state.sent { state.tables.apply(operation) }
            state.sent = []
            var tickets: [Int: UInt64] = [:]
            for submission in state.pending.prefix(count) {
                for operation in submission.operations {
                    if case .sent(_, _, _, .atLeastOnce) = operation {
                        state.sent.append(operation)
                    } else {
                        state.tables.apply(operation)
                    }
                }
                tickets[submission.shard] = submission.ticket
                state.committed += 1
            }
            state.pending.removeFirst(min(count, state.pending.count))
            for (shard, ticket) in tickets.sorted(by: { $0.key < $1.key }) {
                state.reports.append((shard, .committed(ticket: ticket)))
            }
        }
    }

    /// Answers the first `count` requests, as far as everything that came before them is safe.
    func answer(_ count: Int = .max) {
        self.state.withLock { state in
            guard state.isAvailable else { return }
            if state.unreadable == nil {
                state.fetches += state.unread
                state.unread = []
            }
            for _ in 0..<min(count, state.fetches.count) {
                guard let next = state.fetches.first, next.behind <= state.committed else { return }
                state.fetches.removeFirst()
                guard next.request.session != state.unreadable else {
                    state.unread.append(next)
                    state.reports.append((next.shard, .unreadable(next.request)))
                    continue
                }
                state.reports.append((next.shard, .backlog(state.tables.page(next.request))))
            }
        }
    }

    /// What it has to say since the last time.
    func takeReports() -> [(shard: Int, report: StoreReport)] {
        self.state.withLock { state in
            defer { state.reports = [] }
            return state.reports
        }
    }

    /// The broker is gone, and with it what was not safe.
    func crash() {
        self.state.withLock { state in
            state.pending = []
            state.sent = []
            state.fetches = []
            state.unread = []
            state.reports = []
            state.lastTickets = [:]
            state.submitted = 0
            state.committed = 0
        }
    }

    /// What a broker that starts gets.
    func restoredSessions(at now: MonotonicTime) -> [RestoredSession] {
        self.state.withLock { $0.tables.restore(at: now) }
    }
}

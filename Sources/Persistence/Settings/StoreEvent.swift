//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What an operator should know of a store.
public enum StoreEvent: Sendable {
    /// It has been opened and read.
    case opened(StoreTotals)
    /// So many sessions have been read so far.
    case loading(sessions: Int)
    /// It can't write: what changes stays in memory until it can, and nothing of it is acknowledged.
    case unavailable(StoreError)
    /// It can write again, after so long.
    case available(after: Duration)
    /// A session's messages can't be read; it is tried again and again.
    case unreadable(StoreError)
    /// They can be read again, after so long.
    case readable(after: Duration)
    /// What ended sessions have left can't be removed; it is tried again and again. Nothing else depends on it.
    case unsweepable(StoreError)
    /// It can be removed again, after so long.
    case sweepable(after: Duration)
}

/// How much a store holds.
public struct StoreTotals: Sendable, Equatable {
    /// Sessions.
    public var sessions: Int
    /// Messages, each counted once however many sessions wait for it.
    public var messages: Int
    /// Bytes of these messages: topics, properties and payloads.
    public var bytes: Int

    /// Totals.
    public init(sessions: Int = 0, messages: Int = 0, bytes: Int = 0) {
        self.sessions = sessions
        self.messages = messages
        self.bytes = bytes
    }
}

/// What a store has done and holds, for operators.
public struct StoreMetrics: Sendable, Equatable {
    /// What it held after it last wrote.
    public var totals = StoreTotals()
    /// Bytes that wait to be written, about.
    public var pendingBytes = 0
    /// Changes that shards have handed over and that have been written, or have cancelled each other out.
    public var operations = 0
    /// Transactions.
    public var commits = 0
    /// How long the last transaction took.
    public var lastCommit = Duration.zero
    /// How long the longest took since the store was opened: it never falls.
    public var longestCommit = Duration.zero
    /// How long all of them took.
    public var totalCommit = Duration.zero
    /// Attempts to write, to read or to clear up that failed.
    public var failures = 0

    /// Nothing so far.
    public init() {}
}

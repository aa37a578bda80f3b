//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Metrics
import Persistence

/// The gauges and counters of a broker's store in a metrics system.
struct StoreInstruments {
    private let sessions: Gauge
    private let messages: Gauge
    private let bytes: Gauge
    private let pendingBytes: Gauge
    private let longestCommit: Gauge
    private let operations: Counter
    private let commits: Counter
    private let failures: Counter
    private let commitMicroseconds: Counter
    /// What has been reported: a counter is told how much has been added.
    private var reported = StoreMetrics()

    init(factory: any MetricsFactory) {
        let gauge = { Gauge(label: "nanomq_store_" + $0, dimensions: [], factory: factory) }
        let counter = { Counter(label: "nanomq_store_" + $0, dimensions: [], factory: factory) }
        self.sessions = gauge("sessions")
        self.messages = gauge("messages")
        self.bytes = gauge("bytes")
        self.pendingBytes = gauge("pending_bytes")
        self.longestCommit = gauge("longest_commit_microseconds")
        self.operations = counter("operations_total")
        self.commits = counter("commits_total")
        self.failures = counter("failures_total")
        self.commitMicroseconds = counter("commit_microseconds_total")
    }

    mutating func report(_ metrics: StoreMetrics) {
        self.sessions.record(metrics.totals.sessions)
        self.messages.record(metrics.totals.messages)
        self.bytes.record(metrics.totals.bytes)
        self.pendingBytes.record(metrics.pendingBytes)
        self.longestCommit.record(metrics.longestCommit.microseconds)
        self.operations.increment(by: max(0, metrics.operations - self.reported.operations))
        self.commits.increment(by: max(0, metrics.commits - self.reported.commits))
        self.failures.increment(by: max(0, metrics.failures - self.reported.failures))
        self.commitMicroseconds.increment(
            by: max(0, metrics.totalCommit.microseconds - self.reported.totalCommit.microseconds)
        )
        self.reported = metrics
    }
}

extension Duration {
    /// Whole microseconds.
    fileprivate var microseconds: Int {
        let (seconds, attoseconds) = self.components
        return Int(clamping: seconds.multipliedReportingOverflow(by: 1_000_000).partialValue)
            + Int(attoseconds / 1_000_000_000_000)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization

/// What the shards of one broker share.
package final class BrokerState: Sendable {
    package let shardCount: Int
    let subscriptions: SubscriptionTree
    let retained: RetainedStore
    let directory = SessionDirectory()
    let extensions: [any BrokerExtension]
    private let sharedStore: Mutex<SharedStore?>
    /// Milliseconds since 1970, for what is shown to people.
    let wallClock: @Sendable () -> Int64
    let startedAt: Int64

    private let currentSettings: Mutex<BrokerSettings>
    private let connectionCount = Atomic<Int>(0)
    private let offlineSessionCount = Atomic<Int>(0)
    private let maximumOfflineSessions: Atomic<Int>
    private let maximumTransferBytes: Atomic<Int>
    private let shuttingDown = Atomic<Bool>(false)
    private let metricsByShard: Mutex<[BrokerMetrics]>
    private let admission: Mutex<Admission>
    private let transfers: Mutex<[Transfer]>

    /// What one more connection is judged by.
    private struct Admission {
        var maximumConnections: Int?
        var maximumRate: Int?
        var second: Int64 = .min
        var count = 0

        init(_ settings: BrokerSettings) {
            self.maximumConnections = settings.maximumConnections
            self.maximumRate = settings.maximumConnectRate
        }
    }

    private struct Transfer {
        var byteCount = 0
        var isAwaited = false
    }

    package init(
        settings: BrokerSettings,
        shardCount: Int,
        extensions: [any BrokerExtension],
        store: SharedStore? = nil,
        wallClock: @escaping @Sendable () -> Int64
    ) {
        self.sharedStore = Mutex(store)
        self.currentSettings = Mutex(settings)
        self.admission = Mutex(Admission(settings))
        self.maximumOfflineSessions = Atomic(settings.maximumSessions ?? .max)
        self.maximumTransferBytes = Atomic(settings.maximumTransferBytes)
        self.shardCount = shardCount
        self.subscriptions = SubscriptionTree(settings: settings, shardCount: shardCount)
        self.retained = RetainedStore(settings: settings)
        self.extensions = extensions
        self.wallClock = wallClock
        self.startedAt = wallClock()
        self.metricsByShard = Mutex(Array(repeating: BrokerMetrics(), count: shardCount))
        self.transfers = Mutex(Array(repeating: Transfer(), count: shardCount))
    }

    // MARK: Settings

    /// The settings in force.
    package var settings: BrokerSettings { self.currentSettings.withLock { $0 } }

    /// Replaces the settings, as far as what the shards share goes by them; each shard has to be told by
    /// ``Shard/apply(_:)``.
    ///
    /// - Returns: the settings in force: what can't change while the broker runs is as it was.
    @discardableResult
    package func apply(_ settings: BrokerSettings) -> BrokerSettings {
        let applied = self.currentSettings.withLock { current in
            var next = settings
            next.overlappingDelivery = current.overlappingDelivery
            next.sharedStrategy = current.sharedStrategy
            next.nodeName = current.nodeName
            next.version = current.version
            current = next
            return next
        }
        self.admission.withLock {
            $0.maximumConnections = applied.maximumConnections
            $0.maximumRate = applied.maximumConnectRate
        }
        self.maximumOfflineSessions.store(applied.maximumSessions ?? .max, ordering: .relaxed)
        self.maximumTransferBytes.store(applied.maximumTransferBytes, ordering: .relaxed)
        self.retained.apply(applied)
        return applied
    }

    // MARK: The store

    /// Where what has to outlive the broker is kept; nil: nowhere.
    var store: SharedStore? { self.sharedStore.withLock { $0 } }

    /// Has what has to outlive the broker kept, before there are shards.
    package func use(_ store: SharedStore) { self.sharedStore.withLock { $0 = store } }

    // MARK: Shutting down

    package var isShuttingDown: Bool { self.shuttingDown.load(ordering: .relaxed) }

    package func shutDown() { self.shuttingDown.store(true, ordering: .relaxed) }

    // MARK: Metrics

    /// The sum over all shards, at most a tick old.
    package var metrics: BrokerMetrics {
        self.metricsByShard.withLock { $0.reduce(BrokerMetrics(), +) }
    }

    package var subscriptionCount: Int { self.subscriptions.count }
    package var retainedCount: Int { self.retained.count }

    func publish(_ metrics: BrokerMetrics, of shard: Int) {
        self.metricsByShard.withLock { $0[shard] = metrics }
    }

    // MARK: Connection limits

    /// Whether one more connection may be let in now; if so, it counts.
    func admitConnection(at now: MonotonicTime) -> Bool {
        self.admission.withLock { admission in
            if let maximum = admission.maximumRate {
                let second = now.milliseconds / 1000
                if admission.second != second {
                    admission.second = second
                    admission.count = 0
                }
                admission.count += 1
                guard admission.count <= maximum else { return false }
            }
            let count = self.connectionCount.add(1, ordering: .relaxed).newValue
            guard count <= admission.maximumConnections ?? .max else {
                self.connectionCount.subtract(1, ordering: .relaxed)
                return false
            }
            return true
        }
    }

    /// A connection that was let in has closed.
    func releaseConnection() { self.connectionCount.subtract(1, ordering: .relaxed) }

    // MARK: Session limits

    /// Whether no further session may be begun that is to be kept without a connection.
    var hasAllSessions: Bool {
        self.offlineSessionCount.load(ordering: .relaxed) >= self.maximumOfflineSessions.load(ordering: .relaxed)
    }

    /// Sessions whose clients are away.
    package var sessionsOffline: Int { self.offlineSessionCount.load(ordering: .relaxed) }

    func countOffline(_ change: Int) { self.offlineSessionCount.add(change, ordering: .relaxed) }

    // MARK: Back-pressure between shards

    /// - Returns: whether `shard` has more to do than it should: whoever feeds it has to wait.
    func beginTransfer(of byteCount: Int, to shard: Int) -> Bool {
        let maximum = self.maximumTransferBytes.load(ordering: .relaxed)
        return self.transfers.withLock { transfers in
            transfers[shard].byteCount += byteCount
            guard transfers[shard].byteCount > maximum else { return false }
            transfers[shard].isAwaited = true
            return true
        }
    }

    /// - Returns: whether those that wait for `shard` can go on.
    func endTransfer(of byteCount: Int, to shard: Int) -> Bool {
        let maximum = self.maximumTransferBytes.load(ordering: .relaxed)
        return self.transfers.withLock { transfers in
            transfers[shard].byteCount -= byteCount
            guard transfers[shard].isAwaited, transfers[shard].byteCount <= maximum / 2 else { return false }
            transfers[shard].isAwaited = false
            return true
        }
    }
}

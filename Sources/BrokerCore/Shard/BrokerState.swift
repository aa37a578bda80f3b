//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization

/// What the shards of one broker share.
package final class BrokerState: Sendable {
    package let settings: BrokerSettings
    package let shardCount: Int
    let subscriptions: SubscriptionTree
    let retained: RetainedStore
    let directory = SessionDirectory()
    let extensions: ExtensionChain
    /// Milliseconds since 1970, for what is shown to people.
    let wallClock: @Sendable () -> Int64
    let startedAt: Int64

    private let connectionCount = Atomic<Int>(0)
    private let shuttingDown = Atomic<Bool>(false)
    private let metricsByShard: Mutex<[BrokerMetrics]>
    private let connectRate = Mutex(ConnectRate())
    private let transfers: Mutex<[Transfer]>

    private struct ConnectRate {
        var second: Int64 = .min
        var count = 0
    }

    private struct Transfer {
        var byteCount = 0
        var isAwaited = false
    }

    package init(
        settings: BrokerSettings,
        shardCount: Int,
        extensions: [any BrokerExtension],
        wallClock: @escaping @Sendable () -> Int64
    ) {
        self.settings = settings
        self.shardCount = shardCount
        self.subscriptions = SubscriptionTree(settings: settings, shardCount: shardCount)
        self.retained = RetainedStore(settings: settings)
        self.extensions = ExtensionChain(extensions)
        self.wallClock = wallClock
        self.startedAt = wallClock()
        self.metricsByShard = Mutex(Array(repeating: BrokerMetrics(), count: shardCount))
        self.transfers = Mutex(Array(repeating: Transfer(), count: shardCount))
    }

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
        if let maximum = self.settings.maximumConnectRate {
            let isWithin = self.connectRate.withLock { rate in
                let second = now.milliseconds / 1000
                if rate.second != second { rate = ConnectRate(second: second) }
                rate.count += 1
                return rate.count <= maximum
            }
            guard isWithin else { return false }
        }
        let count = self.connectionCount.add(1, ordering: .relaxed).newValue
        if let maximum = self.settings.maximumConnections, count > maximum {
            self.connectionCount.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// A connection that was let in has closed.
    func releaseConnection() { self.connectionCount.subtract(1, ordering: .relaxed) }

    // MARK: Back-pressure between shards

    /// - Returns: whether `shard` has more to do than it should: whoever feeds it has to wait.
    func beginTransfer(of byteCount: Int, to shard: Int) -> Bool {
        self.transfers.withLock { transfers in
            transfers[shard].byteCount += byteCount
            guard transfers[shard].byteCount > self.settings.maximumTransferBytes else { return false }
            transfers[shard].isAwaited = true
            return true
        }
    }

    /// - Returns: whether those that wait for `shard` can go on.
    func endTransfer(of byteCount: Int, to shard: Int) -> Bool {
        self.transfers.withLock { transfers in
            transfers[shard].byteCount -= byteCount
            guard transfers[shard].isAwaited,
                transfers[shard].byteCount <= self.settings.maximumTransferBytes / 2
            else { return false }
            transfers[shard].isAwaited = false
            return true
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import BrokerNetwork
import Logging
public import Persistence
import Synchronization

extension Broker {
    /// What has been written to disk and what is there; nil: nothing is, or the broker does not run.
    public var storeMetrics: StoreMetrics? { self.running.withLock { $0?.store?.metrics } }

    /// Opens the store, if there is to be one, before there are shards.
    func openStore() throws(StoreError) -> GroupCommitStore? {
        guard let storeSettings else { return nil }
        let logger = StoreLogger(self.logger)
        let store = try GroupCommitStore.open(
            storeSettings,
            clock: StoreClock(monotonic: MonotonicTime.uptime, wall: WallClock.milliseconds),
            events: logger.log
        )
        let shared = SharedStore(
            store,
            holdsAcknowledgements: storeSettings.durability == .acknowledged,
            lastNumber: store.lastNumber
        )
        self.state.use(shared)
        return store
    }

    /// Takes in what an earlier broker has left, before anybody can connect.
    func restore(from store: GroupCommitStore, to shards: ShardPeers) async throws {
        let state = self.state
        await shards.forEach { $0.prepareToRestore() }
        // Reading takes the thread that asks for it, so it is none that the caller's other tasks need.
        try await Task.detached {
            var refused = 0
            try store.loadRetained { messages in
                for message in messages where !state.restore(retained: message) { refused += 1 }
            }
            if refused > 0 {
                self.logger.warning(
                    """
                    \(refused) retained messages exceed the limits and are not loaded; the database keeps them until \
                    the limits are raised, or an empty retained message is published to their topics, which \
                    nanomq db export tells
                    """
                )
            }
            var next = 0
            try store.loadSessions { sessions in
                shards.restore(sessions, to: next % shards.count)
                next += 1
            }
        }.value
        // Behind what has been handed to each of them.
        await shards.forEach { _ in }
        store.start { report, shard in shards.post([.stored(report)], to: shard) }
    }

    /// Writes what has not been written yet.
    func close(_ store: GroupCommitStore?) async {
        guard let store else { return }
        do {
            try await store.close()
        } catch {
            self.logger.error("not everything could be written to disk: \(error)")
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import Logging
import NIOCore

/// Drives one shard on its event loop: turns, ticks, and messages to other shards.
///
/// Everything in it happens on its loop.
package final class ShardDriver: ShardHost {
    /// How often a shard looks for what has become due.
    private static let tick = TimeAmount.milliseconds(500)

    let eventLoop: any EventLoop
    private let logger: BrokerLogger
    private let peers: ShardPeers
    let shard: Shard
    private var isRunning = false
    /// Sockets that are open, those included whose client has been told goodbye.
    var socketCount = 0

    init(index: Int, broker: BrokerState, eventLoop: any EventLoop, peers: ShardPeers, logger: BrokerLogger) {
        self.eventLoop = eventLoop
        self.logger = logger
        self.peers = peers
        self.shard = Shard(index: index, broker: broker)
    }

    func start() {
        self.isRunning = true
        self.shard.host = self
        self.tickRegularly()
    }

    private func tickRegularly() {
        guard self.isRunning else { return }
        self.shard.tick()
        self.eventLoop.assumeIsolated().scheduleTask(in: Self.tick) { self.tickRegularly() }
    }

    /// Lets go of the shard, which holds on to its driver while it runs.
    func stop() {
        self.isRunning = false
        self.shard.host = nil
    }

    // MARK: ShardHost

    package var now: MonotonicTime {
        MonotonicTime(milliseconds: Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000))
    }

    package func endTurnSoon() {
        self.eventLoop.assumeIsolated().execute { self.shard.endTurn() }
    }

    package func post(_ messages: [ShardMessage], to shard: Int) {
        self.peers.post(messages, to: shard)
    }

    package func perform<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value,
        then completion: @escaping (Value) -> Void
    ) {
        let result = self.eventLoop.makePromise(of: Value.self)
        result.completeWithTask { await work() }
        result.futureResult.assumeIsolated().whenSuccess(completion)
    }

    package func log(_ event: BrokerEvent) {
        self.logger.log(event)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore

/// The drivers of all shards, each reachable from any thread by way of its event loop.
package final class ShardPeers: Sendable {
    private struct Peer: Sendable {
        let eventLoop: any EventLoop
        let driver: NIOLoopBoundBox<ShardDriver?>
    }

    private let peers: [Peer]

    /// Makes a shard on each event loop.
    package init(
        broker: BrokerState,
        eventLoops: [any EventLoop],
        logger: BrokerLogger
    ) async throws {
        self.peers = eventLoops.map {
            Peer(eventLoop: $0, driver: .makeBoxSendingValue(nil, eventLoop: $0))
        }
        for (index, peer) in self.peers.enumerated() {
            try await peer.eventLoop.submit {
                let driver = ShardDriver(
                    index: index,
                    broker: broker,
                    eventLoop: peer.eventLoop,
                    peers: self,
                    logger: logger
                )
                peer.driver.value = driver
                driver.start()
            }.get()
        }
    }

    package var count: Int { self.peers.count }

    package func post(_ messages: [ShardMessage], to shard: Int) {
        let peer = self.peers[shard]
        peer.eventLoop.execute { peer.driver.value?.shard.process(messages) }
    }

    /// Hands sessions that a store has kept to a shard, before anybody can connect.
    package func restore(_ sessions: [RestoredSession], to shard: Int) {
        let peer = self.peers[shard]
        peer.eventLoop.execute {
            for session in sessions { peer.driver.value?.shard.restore(session) }
        }
    }

    /// The driver of the loop that this is called on.
    func driver(on eventLoop: any EventLoop) -> ShardDriver? {
        self.peers.first { $0.eventLoop === eventLoop }?.driver.value
    }

    /// Runs something on a shard's loop.
    package func run<Value: Sendable>(
        on shard: Int,
        _ body: @escaping @Sendable (Shard) throws -> Value
    ) async throws -> Value? {
        let peer = self.peers[shard]
        return try await peer.eventLoop.submit {
            try (peer.driver.value?.shard).map(body)
        }.get()
    }

    /// Closes the connections of a listener that MQTT does not have yet.
    func closeHandshakes(of gauge: ListenerGauge) async {
        for peer in self.peers {
            try? await peer.eventLoop.submit { peer.driver.value?.closeHandshakes(of: gauge) }.get()
        }
    }

    /// Runs something on each shard's loop, and returns when it has been run on all.
    package func forEach(_ body: @escaping @Sendable (Shard) -> Void) async {
        for shard in self.peers.indices { _ = try? await self.run(on: shard, body) }
    }

    /// Replaces the settings of a running broker.
    ///
    /// - Returns: the settings in force: what can't change while it runs is as it was.
    @discardableResult
    package func apply(_ settings: BrokerSettings, to broker: BrokerState) async -> BrokerSettings {
        let applied = broker.apply(settings)
        await self.forEach { $0.apply(applied) }
        return applied
    }

    /// Has everything that clients have been allowed asked for again, since the rules have changed. Returns when every
    /// shard has begun: from then on new requests are judged by the new rules.
    package func recheckAccess() async {
        await self.forEach { $0.recheckAccess() }
    }

    /// Waits until every shard has looked at all that ``recheckAccess()`` has it look at, so that nothing is sent any
    /// more that is not allowed any more; or for as long as the limit, since a service that is asked may be slow.
    package func waitForRecheck(atMost limit: Duration = .seconds(2)) async {
        let end = ContinuousClock.now + limit
        for shard in self.peers.indices {
            while (try? await self.run(on: shard, { $0.hasRecheckedAccess })) == false, ContinuousClock.now < end {
                // A cancelled task would not wait, but ask again and again.
                guard (try? await Task.sleep(for: .milliseconds(1))) != nil else { return }
            }
        }
    }

    /// Disconnects the clients for which `condition` holds. Returns when every shard has begun.
    package func disconnectClients(
        where condition: @escaping @Sendable (ClientInfo) -> Bool,
        reason: ReasonCode
    ) async {
        await self.forEach { $0.disconnectClients(where: condition, reason: reason) }
    }

    /// Closes the connections for which `condition` holds, those included whose client has not been let in: of a
    /// listener that is gone. Returns when every shard has begun.
    package func closeConnections(
        where condition: @escaping @Sendable (ConnectionOrigin) -> Bool,
        reason: ReasonCode
    ) async {
        await self.forEach { $0.closeConnections(where: condition, reason: reason) }
    }

    /// Returns once every connection's socket is closed, or at the deadline.
    package func allClosed(or deadline: NIODeadline) async {
        for peer in self.peers {
            let closed = peer.eventLoop.flatSubmit {
                peer.driver.value?.whenAllClosed(or: deadline) ?? peer.eventLoop.makeSucceededVoidFuture()
            }
            try? await closed.get()
        }
    }

    /// Lets go of the shards; their loops may be stopped afterwards.
    package func stop() async {
        for peer in self.peers {
            try? await peer.eventLoop.submit {
                peer.driver.value?.stop()
                peer.driver.value = nil
            }.get()
        }
    }
}

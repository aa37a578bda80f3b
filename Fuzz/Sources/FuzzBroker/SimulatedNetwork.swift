//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

/// Shards, their mail and their clients, all in one thread, with a clock that moves only when told to.
///
/// Mail and ends of turns happen when the script says so: orders that event loops come to by chance come up here.
final class SimulatedNetwork {
    private let broker: BrokerState
    private let clock = SimulatedClock()
    private let shards: [Shard]
    private let hosts: [SimulatedHost]
    private var clients: [SimulatedClient?] = Array(repeating: nil, count: 8)

    init(shardCount: Int) {
        var settings = BrokerSettings()
        // Small limits are reached by small inputs.
        settings.maximumInflight = 4
        settings.maximumQueuedMessages = 8
        settings.maximumOutboundBytes = 16 * 1024
        settings.maximumTransferBytes = 16 * 1024
        settings.maximumRetainedMessages = 3
        settings.maximumPacketSize = 64 * 1024
        settings.receiveMaximum = 3
        settings.publishesPresence = true
        let broker = BrokerState(settings: settings, shardCount: shardCount, extensions: [], wallClock: { 0 })
        let clock = self.clock
        self.broker = broker
        self.shards = (0..<shardCount).map { Shard(index: $0, broker: broker) }
        self.hosts = self.shards.map { _ in SimulatedHost(clock: clock, shardCount: shardCount) }
        for (shard, host) in zip(self.shards, self.hosts) { shard.host = host }
    }

    // MARK: What clients do

    private func shard(of client: Int) -> Shard { self.shards[client % self.shards.count] }

    func version(of client: Int) -> ProtocolVersion { self.clients[client]?.connection?.version ?? .v3_1_1 }

    func open(_ client: Int) {
        self.disconnect(client)
        let transport = SimulatedClient()
        let peer = PeerAddress(host: "client\(client)", port: 0)
        transport.connection = self.shard(of: client).open(transport, peer: peer, origin: .embedded)
        self.clients[client] = transport
    }

    func connect(_ client: Int, with packet: ByteBuffer) {
        self.open(client)
        self.send(packet, from: client)
    }

    func subscribe(_ client: Int, _ packet: ByteBuffer) { self.send(packet, from: client) }

    func send(_ bytes: ByteBuffer, from client: Int) {
        guard let transport = self.clients[client], let connection = transport.connection, bytes.readableBytes > 0,
            !transport.isClosed
        else { return }
        self.shard(of: client).receive(bytes, on: connection)
    }

    func disconnect(_ client: Int) {
        guard let transport = self.clients[client], let connection = transport.connection else { return }
        self.clients[client] = nil
        if !transport.isClosed { self.shard(of: client).closed(connection) }
    }

    func toggleWritable(_ client: Int) {
        guard let transport = self.clients[client], let connection = transport.connection else { return }
        transport.isWritable.toggle()
        if transport.isWritable { self.shard(of: client).becameWritable(connection) }
    }

    /// The client answers every QoS 1 and 2 packet that it has been sent, as the standard wants it to.
    func acknowledgeAll(_ client: Int) {
        guard let transport = self.clients[client] else { return }
        let answers = transport.answers
        transport.answers = ByteBuffer()
        self.send(answers, from: client)
    }

    // MARK: What the system does

    func advance(milliseconds: Int64) {
        self.clock.now = MonotonicTime(milliseconds: self.clock.now.milliseconds + milliseconds)
        for shard in self.shards { shard.tick() }
    }

    func continueWork(of shard: Int) {
        guard self.hosts[shard].isContinuing else { return }
        self.hosts[shard].isContinuing = false
        self.shards[shard].continueWork()
    }

    func endTurn(of shard: Int) {
        guard self.hosts[shard].isTurnEnding else { return }
        self.hosts[shard].isTurnEnding = false
        self.shards[shard].endTurn()
    }

    /// Hands a shard the oldest mail of each other shard: order is kept between any two, and only there.
    func deliverMail(to shard: Int) {
        for host in self.hosts {
            if let batch = host.mail[shard].first {
                host.mail[shard].removeFirst()
                self.shards[shard].process(batch)
            }
        }
    }

    /// Until nothing is under way.
    func settle() {
        for _ in 0..<10_000 {
            guard self.hosts.contains(where: \.isBusy) else { return }
            for shard in self.shards.indices {
                self.continueWork(of: shard)
                self.endTurn(of: shard)
                self.deliverMail(to: shard)
            }
        }
        fail("the shards never come to rest")
    }

    // MARK: The end

    /// Ends all connections and holds the shared tables against those of the shards.
    func finish() {
        self.settle()
        for shard in self.shards {
            for (client, session) in shard.sessionsByClient {
                check(session.client == client, "a session under another name")
                check(session.inflight.onWire <= session.inflight.count, "more on the wire than in flight")
                check(session.queue.byteCount >= 0, "a queue of less than no bytes")
                if let connection = session.connection { check(connection.session === session, "a lost connection") }
            }
        }
        for client in self.clients.indices { self.disconnect(client) }
        self.settle()
        let sessions = self.shards.flatMap { $0.sessionsByClient.values }
        check(self.shards.allSatisfy { $0.connections.count == 0 }, "connections remain")
        check(self.shards.allSatisfy { $0.claims.isEmpty }, "claims remain")
        check(sessions.allSatisfy { $0.connection == nil }, "a session is connected to nobody")
        check(self.broker.directory.count == sessions.count, "the directory and the shards disagree")
        let entries = sessions.reduce(0) { $0 + $1.entries.count }
        check(self.broker.subscriptionCount == entries, "\(self.broker.subscriptionCount) for \(entries) subscriptions")
        check(self.broker.retainedCount <= 3, "more retained messages than allowed")
        for shard in self.shards { shard.host = nil }
    }
}

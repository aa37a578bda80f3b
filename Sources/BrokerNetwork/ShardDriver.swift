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

    /// Between two parts of long work, so that clients are served.
    private static let pause = TimeAmount.milliseconds(1)

    let eventLoop: any EventLoop
    private let logger: BrokerLogger
    private let peers: ShardPeers
    private let broker: BrokerState
    let shard: Shard
    private var isRunning = false
    /// Connections whose sockets are open.
    private var openConnections = 0
    private var allClosed: EventLoopPromise<Void>?
    /// Connections that MQTT does not have yet.
    private var handshakes: [ObjectIdentifier: HandshakeHandler] = [:]
    /// Whether the broker goes and takes nobody any more.
    private(set) var isClosing = false

    init(index: Int, broker: BrokerState, eventLoop: any EventLoop, peers: ShardPeers, logger: BrokerLogger) {
        self.eventLoop = eventLoop
        self.logger = logger
        self.peers = peers
        self.broker = broker
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

    // MARK: Connections

    func connectionOpened() { self.openConnections += 1 }

    func connectionClosed() {
        self.openConnections -= 1
        if self.openConnections == 0 { self.endWait() }
    }

    /// Milliseconds from accept to a complete CONNECT.
    var connectTimeout: Int64 { self.broker.settings.connectTimeout }

    /// Bytes of the largest packet.
    var maximumPacketSize: Int { self.broker.settings.maximumPacketSize }

    func handshakeBegan(_ handshake: HandshakeHandler) { self.handshakes[ObjectIdentifier(handshake)] = handshake }

    func handshakeEnded(_ handshake: HandshakeHandler) { self.handshakes[ObjectIdentifier(handshake)] = nil }

    /// Closes the connections of a listener that MQTT does not have yet; nil: of all.
    func closeHandshakes(of gauge: ListenerGauge?) {
        for handshake in Array(self.handshakes.values) where gauge == nil || handshake.terms.gauge === gauge {
            handshake.close()
        }
    }

    /// Succeeds once no socket is open any more, or at the deadline. No connection is taken from now on.
    func whenAllClosed(or deadline: NIODeadline) -> EventLoopFuture<Void> {
        self.isClosing = true
        self.closeHandshakes(of: nil)
        guard self.openConnections > 0 else { return self.eventLoop.makeSucceededVoidFuture() }
        let promise = self.eventLoop.makePromise(of: Void.self)
        self.endWait()
        self.allClosed = promise
        self.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.endWait() }
        return promise.futureResult
    }

    private func endWait() {
        self.allClosed?.succeed()
        self.allClosed = nil
    }

    // MARK: ShardHost

    package var now: MonotonicTime { MonotonicTime.uptime() }

    package func endTurnSoon() {
        self.eventLoop.assumeIsolated().execute { self.shard.endTurn() }
    }

    package func continueSoon() {
        // A task for now would be run before the loop looks at its sockets again.
        self.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.shard.continueWork() }
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

extension MonotonicTime {
    /// The time as event loops know it, on any thread.
    @Sendable package static func uptime() -> MonotonicTime {
        MonotonicTime(milliseconds: Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000))
    }
}

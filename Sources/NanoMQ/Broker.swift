//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import BrokerNetwork
import Logging
import MQTTCodec
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// An MQTT broker: a `Service` that a program runs alone or among others.
///
/// ```swift
/// let broker = Broker(listeners: [.tcp(host: "127.0.0.1", port: 1883)])
/// try await broker.run()
/// ```
public final class Broker: Service {
    /// Where clients may connect.
    public struct Listener: Sendable, Hashable {
        /// An address or a host name.
        public var host: String
        /// A port; 0 for any free one.
        public var port: Int
        /// A socket that listens already, and is now the broker's.
        var descriptor: Int32?

        /// MQTT over TCP.
        public static func tcp(host: String, port: Int) -> Self { Self(host: host, port: port) }

        /// MQTT over TCP, on a listening socket which somebody else has opened, as by socket activation.
        ///
        /// - Parameter name: stands for the address in messages.
        public static func inherited(descriptor: Int32, name: String) -> Self {
            Self(host: name, port: 0, descriptor: descriptor)
        }
    }

    /// What the broker is told to be.
    public let settings: BrokerSettings
    private let listeners: [Listener]
    private let threads: Int
    private let shutdownTimeout: Duration
    private let logger: Logger
    let state: BrokerState
    let running = Mutex<Running?>(nil)
    private let startup = Startup()

    struct Running: Sendable {
        let shards: ShardPeers
        let addresses: [SocketAddress]
        /// The program's own subscriptions.
        var streams: [Int: AsyncStream<Message>.Continuation] = [:]
        var nextStream = 0
    }

    /// - Parameters:
    ///   - listeners: where clients may connect; none for a broker that is used from inside the program only.
    ///   - threads: event loops, 1 or more; nil: ``defaultThreads``.
    ///   - extensions: what takes part in the broker's decisions, in this order.
    ///   - shutdownTimeout: how long clients may take to go at shutdown.
    public init(
        listeners: [Listener],
        settings: BrokerSettings = BrokerSettings(),
        threads: Int? = nil,
        extensions: [any BrokerExtension] = [],
        shutdownTimeout: Duration = .seconds(5),
        logger: Logger = Logger(label: "nanomq")
    ) {
        self.listeners = listeners
        self.settings = settings
        self.threads = max(1, threads ?? Self.defaultThreads)
        self.shutdownTimeout = shutdownTimeout
        self.logger = logger
        self.state = BrokerState(
            settings: settings,
            shardCount: self.threads,
            extensions: extensions,
            wallClock: WallClock.milliseconds
        )
    }

    /// Event loops when nobody says how many: one for two cores. A broker's work is mostly the kernel's, which needs
    /// its own share of the machine, and a message that stays on one loop costs least.
    public static var defaultThreads: Int { max(1, System.coreCount / 2) }

    // MARK: Running

    /// Runs until the task is cancelled or a graceful shutdown is asked for: then listeners close, v5 clients get
    /// DISCONNECT 0x8B, wills are kept back, and it returns once all have gone or the timeout is over.
    ///
    /// - Throws: when a listener can't be bound.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: self.threads)
        do {
            try await self.serve(on: group)
        } catch {
            self.startup.fail(error)
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func serve(on group: MultiThreadedEventLoopGroup) async throws {
        let shards = try await ShardPeers(
            broker: self.state,
            eventLoops: Array(group.makeIterator()),
            logger: BrokerLogger(self.logger)
        )
        var bound: [TCPListener] = []
        for listener in self.listeners {
            do {
                let tcp = try await TCPListener(
                    host: listener.host,
                    port: listener.port,
                    descriptor: listener.descriptor,
                    shards: shards,
                    acceptGroup: group,
                    childGroup: group
                )
                bound.append(tcp)
                let address = tcp.address.map { "\($0.peerAddress)" } ?? listener.host
                self.logger.info("listening", metadata: ["tcp": "\(address)"])
            } catch {
                await shards.stop()
                throw BrokerError(listener: listener, cause: "\(error)")
            }
        }
        self.running.withLock {
            $0 = Running(shards: shards, addresses: bound.compactMap(\.address))
        }
        self.startup.succeed()
        try? await gracefulShutdown()
        self.logger.info("shutting down")
        for listener in bound { await listener.close() }
        await self.disconnectAll(shards)
        let streams = self.running.withLock { running in
            defer { running = nil }
            return running?.streams ?? [:]
        }
        for stream in streams.values { stream.finish() }
        await shards.stop()
        self.logger.info("stopped")
    }

    private func disconnectAll(_ shards: ShardPeers) async {
        self.state.shutDown()
        for shard in 0..<shards.count {
            _ = try? await shards.run(on: shard) { $0.shutDown() }
        }
        await shards.allClosed(or: .now() + TimeAmount(self.shutdownTimeout))
    }

    /// Returns once all listeners are bound.
    ///
    /// - Throws: what made the broker fail to start.
    public func waitUntilReady() async throws {
        try await self.startup.wait()
    }

    /// The addresses that are listened on, in the order of the listeners; empty unless it runs.
    public var addresses: [SocketAddress] {
        self.running.withLock { $0?.addresses ?? [] }
    }

    /// What it has counted, at most half a second ago.
    public var metrics: BrokerMetrics { self.state.metrics }
}

/// Why a broker does not run.
public struct BrokerError: Error, CustomStringConvertible, Equatable {
    /// For people.
    public let description: String

    init(listener: Broker.Listener, cause: String) {
        self.description = "cannot listen on \(listener.host):\(listener.port): \(cause)"
    }

    private init(_ description: String) {
        self.description = description
    }

    /// The broker is not running, or not any more.
    public static let notRunning = BrokerError("the broker is not running")
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
// Its settings of listeners are part of this library's face.
@_exported import BrokerNetwork
import Logging
import MQTTCodec
import NIOCore
import NIOPosix
// Its settings, too.
@_exported import Persistence
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
    public typealias Listener = ListenerSettings

    /// What the broker is told to be.
    public let settings: BrokerSettings
    private let listeners: [Listener]
    private let threads: Int
    private let shutdownTimeout: Duration
    let logger: Logger
    /// What is kept on disk, and how; nil: nothing is.
    let storeSettings: StoreSettings?
    let state: BrokerState
    let running = Mutex<Running?>(nil)
    /// The change of plan that was asked for last.
    let lastChange = Mutex<Task<Void, Never>?>(nil)
    /// nil: everybody may do everything, as far as the extensions have nothing against it.
    let access: AccessGuard?
    /// What access control is to go by when the broker starts.
    private let accessPlan: BrokerPlan?
    private let startup = Startup()

    struct Running: Sendable {
        let shards: ShardPeers
        let listeners: ListenerSet
        let store: GroupCommitStore?
        /// The program's own subscriptions.
        var streams: [Int: AsyncStream<Message>.Continuation] = [:]
        var nextStream = 0
    }

    /// - Parameters:
    ///   - listeners: where clients may connect; none for a broker that is used from inside the program only.
    ///   - threads: event loops, 1 or more; nil: ``defaultThreads``.
    ///   - extensions: what takes part in the broker's decisions, in this order.
    ///   - shutdownTimeout: how long clients may take to go at shutdown.
    ///   - store: what is kept on disk, and how: sessions with all that belongs to them, and retained messages; nil:
    ///     they end with the broker.
    public convenience init(
        listeners: [Listener],
        settings: BrokerSettings = BrokerSettings(),
        threads: Int? = nil,
        extensions: [any BrokerExtension] = [],
        shutdownTimeout: Duration = .seconds(5),
        store: StoreSettings? = nil,
        logger: Logger = Logger(label: "nanomq")
    ) {
        self.init(
            listeners: listeners,
            settings: settings,
            threads: threads,
            extensions: extensions,
            shutdownTimeout: shutdownTimeout,
            store: store,
            access: nil,
            logger: logger
        )
    }

    init(
        listeners: [Listener],
        settings: BrokerSettings,
        threads: Int?,
        extensions: [any BrokerExtension],
        shutdownTimeout: Duration,
        store: StoreSettings?,
        access: (guard: AccessGuard, plan: BrokerPlan)?,
        logger: Logger
    ) {
        self.access = access?.guard
        self.accessPlan = access?.plan
        self.listeners = listeners
        self.settings = settings
        // As many as a number of the store has room for.
        self.threads = min(1024, max(1, threads ?? Self.defaultThreads))
        self.shutdownTimeout = shutdownTimeout
        self.logger = logger
        self.storeSettings = store
        self.state = BrokerState(
            settings: settings,
            shardCount: self.threads,
            extensions: (access.map { [$0.guard.control] } ?? []) + extensions,
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
            let store = try self.openStore()
            do {
                try await self.serve(on: group, store)
            } catch {
                await self.close(store)
                throw error
            }
        } catch {
            self.startup.fail(error)
            await self.access?.shutDown()
            try? await group.shutdownGracefully()
            throw error
        }
        await self.access?.shutDown()
        try await group.shutdownGracefully()
    }

    private func serve(on group: MultiThreadedEventLoopGroup, _ store: GroupCommitStore?) async throws {
        // Before there are shards, so that they see whether there is anything to ask.
        if let access, let accessPlan { await access.use(try await access.prepare(accessPlan)) }
        let watch = Task { await self.recheckRegularly() }
        defer { watch.cancel() }
        let shards = try await ShardPeers(
            broker: self.state,
            eventLoops: Array(group.makeIterator()),
            logger: BrokerLogger(self.logger)
        )
        let listeners = ListenerSet(shards: shards, group: group)
        do {
            if let store { try await self.restore(from: store, to: shards) }
            try await listeners.open(self.listeners)
        } catch {
            await shards.stop()
            throw (error as? ListenerError).map(BrokerError.init) ?? error
        }
        await shards.forEach { $0.begin() }
        for listener in listeners.status { self.logListening(listener) }
        self.running.withLock {
            $0 = Running(shards: shards, listeners: listeners, store: store)
        }
        self.startup.succeed()
        try? await gracefulShutdown()
        self.logger.info("shutting down")
        await listeners.close()
        await self.disconnectAll(shards)
        let streams = self.running.withLock { running in
            defer { running = nil }
            return running?.streams ?? [:]
        }
        for stream in streams.values { stream.finish() }
        // The connections have gone, so what their sessions are left with is known.
        await self.close(store)
        await shards.stop()
        self.logger.info("stopped")
    }

    private func logListening(_ listener: ListenerStatus) {
        let address = listener.address.map { "\($0.peerAddress)" } ?? listener.settings.address
        self.logger.info("listening", metadata: ["listener": "\(listener.settings.label)", "address": "\(address)"])
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

    // MARK: Listeners

    /// The addresses that are listened on, in the order of the listeners; empty unless it runs.
    public var addresses: [SocketAddress] { self.listenerStatus.compactMap(\.address) }

    /// The listeners as they are now, in their order; empty unless it runs.
    public var listenerStatus: [ListenerStatus] { self.running.withLock { $0?.listeners }?.status ?? [] }

    /// Makes the listeners those that are asked for, while clients of all that stay notice nothing.
    ///
    /// A listener is known by transport and name. One with another address is opened there and closed where it was;
    /// one with other limits, certificates or paths keeps its socket, and those who come from now on get the new ones.
    /// Certificates, keys and revocation lists are read again in any case. Clients of a listener that is removed or
    /// moved are disconnected (0x98).
    ///
    /// - Returns: what has changed, and what could not be and why: the rest is done all the same.
    /// - Throws: ``BrokerError`` when the broker does not run.
    @discardableResult
    public func apply(listeners: [Listener]) async throws -> [ListenerChange] {
        guard let set = self.running.withLock({ $0?.listeners }), let changes = await set.apply(listeners) else {
            throw BrokerError.notRunning
        }
        for change in changes {
            let metadata: Logger.Metadata = ["listener": "\(change.listener)"]
            if let error = change.error {
                self.logger.error("listener not \(change.action.rawValue): \(error)", metadata: metadata)
            } else {
                self.logger.info("listener \(change.action.rawValue)", metadata: metadata)
            }
        }
        return changes
    }

    /// What it has counted, at most half a second ago.
    public var metrics: BrokerMetrics { self.state.metrics }
}

/// Why a broker does not run.
public struct BrokerError: Error, CustomStringConvertible, Equatable {
    /// For people.
    public let description: String

    init(_ error: ListenerError) {
        self.description = error.description
    }

    private init(_ description: String) {
        self.description = description
    }

    /// The broker is not running, or not any more.
    public static let notRunning = BrokerError("the broker is not running")
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import NanoConfiguration
import NanoMQ
import ServiceControl
import ServiceLifecycle

/// The broker as a service: with its PID file, its control socket, its signals, and its word to the service manager.
struct BrokerService {
    /// With absolute paths.
    let options: StartOptions

    /// Runs until it is told to end.
    ///
    /// - Parameter whenReady: called when the listeners are up.
    /// - Throws: what kept it from starting.
    func run(as daemon: Daemon?, whenReady: @escaping @Sendable () -> Void = {}) async throws {
        MemoryPolicy.apply()
        // First of all, before there are threads that read the environment, or descriptors with these numbers.
        let notifier = ServiceNotifier.inherited()
        let sockets = SocketActivation.inherited()
        let loaded = try self.options.load()
        let logger = Self.logger(loaded.configuration)
        let pidFile = try self.acquirePIDFile(daemon: daemon, logger)
        defer { pidFile?.release() }
        let loop = ServiceLoop()
        do {
            try await self.serve(loaded, sockets, daemon, notifier, loop, hasPIDFile: pidFile != nil, logger, whenReady)
            await loop.stop()
        } catch {
            await loop.stop()
            throw error
        }
    }

    private func serve(
        _ loaded: LoadedConfiguration,
        _ sockets: [SocketActivation.Socket],
        _ daemon: Daemon?,
        _ notifier: ServiceNotifier,
        _ loop: ServiceLoop,
        hasPIDFile: Bool,
        _ logger: Logger,
        _ whenReady: @escaping @Sendable () -> Void
    ) async throws {
        let signals = try await ServiceSignal.listen(on: loop)
        self.warn(loaded, sockets, logger)
        let broker = Broker(configuration: loaded.configuration, sockets: sockets, logger: logger)
        let reloader = Reloader(
            options: self.options,
            handler: InertReload(running: loaded.configuration),
            notifier: notifier,
            readyStatus: "Running"
        )
        let control = BrokerControl(broker: broker, reloader: reloader)
        let socket = try await self.startControl(control, loop, hasPIDFile: hasPIDFile)
        let group = ServiceGroup(
            services: [broker],
            logger: Logger(label: "nanomq.service") { _ in SwiftLogNoOpLogHandler() }
        )
        let listening = Task {
            for await signal in signals {
                await Self.act(on: signal, control, group, notifier, logger)
            }
        }
        let announcing = Task {
            guard (try? await broker.waitUntilReady()) != nil else { return }
            control.enter(.running)
            // A daemon's terminal is gone after this: the one who started it says that it runs.
            if let daemon {
                try daemon.ready()
            } else {
                Console.print(DaemonStart.success)
            }
            notifier.ready("Running")
            whenReady()
            await Self.keepWatchdogQuiet(broker, notifier)
        }
        let result = await Task { try await group.run() }.result
        listening.cancel()
        announcing.cancel()
        await socket?.stop()
        try result.get()
    }

    private static func act(
        on signal: ServiceSignal,
        _ control: BrokerControl,
        _ group: ServiceGroup,
        _ notifier: ServiceNotifier,
        _ logger: Logger
    ) async {
        switch signal {
        case .stop:
            control.enter(.stopping)
            notifier.stopping()
            await group.triggerGracefulShutdown()
        case .reload:
            // Not awaited: a signal to stop must not wait for it.
            Task {
                let reply = await control.reload(configuration: nil)
                if reply.head == ControlMessage.ok {
                    logger.info("configuration reloaded", metadata: reply.metadata)
                } else {
                    logger.error("reload failed, nothing has changed", metadata: reply.metadata)
                }
            }
        case .reopenLogs:
            logger.info("there are no log files to open anew")
        }
    }

    /// A sign of life as often as the service manager wants one, as long as all event loops do their work.
    private static func keepWatchdogQuiet(_ broker: Broker, _ notifier: ServiceNotifier) async {
        guard let interval = notifier.watchdogInterval else { return }
        while !Task.isCancelled {
            try? await broker.waitForEventLoops()
            notifier.alive()
            try? await Task.sleep(for: interval)
        }
    }

    private func acquirePIDFile(daemon: Daemon?, _ logger: Logger) throws -> PIDFile? {
        let paths = self.options.service.paths
        guard let path = paths.pidFile else { return nil }
        do {
            return try PIDFile.acquire(path)
        } catch {
            // In a container, with a read-only root: nobody asked for the file, and nobody needs it there.
            guard error.isPlaceUnusable, !paths.isExplicit, daemon == nil else { throw error }
            logger.warning("no PID file, and no control socket beside it", metadata: ["cause": "\(error)"])
            return nil
        }
    }

    private func startControl(
        _ control: BrokerControl,
        _ loop: ServiceLoop,
        hasPIDFile: Bool
    ) async throws -> ControlServer? {
        let paths = self.options.service.paths
        guard let path = paths.controlSocket, hasPIDFile || paths.isSocketExplicit else { return nil }
        return try await ControlServer.start(at: path, on: loop, handler: control)
    }

    private func warn(_ loaded: LoadedConfiguration, _ sockets: [SocketActivation.Socket], _ logger: Logger) {
        for warning in loaded.warnings { logger.warning("\(warning)") }
        guard sockets.isEmpty else { return }
        for listener in loaded.configuration.listeners where !listener.isLoopback {
            logger.warning(
                "anybody who reaches this listener may publish and subscribe: there is no access control yet",
                metadata: ["tcp": "\(listener.host):\(listener.port)"]
            )
        }
    }

    private static func logger(_ configuration: NanoConfiguration) -> Logger {
        let level = Logger.Level(configuration.log.level)
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        return Logger(label: "nanomq")
    }
}

extension ControlMessage {
    fileprivate var metadata: Logger.Metadata {
        Dictionary(grouping: self.fields, by: \.name).mapValues { fields in
            .array(fields.map { .string($0.value) })
        }
    }
}

extension Listener {
    fileprivate var isLoopback: Bool {
        self.host == "localhost" || self.host == "::1" || self.host.hasPrefix("127.")
    }
}

extension Logger.Level {
    fileprivate init(_ level: LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            case .fatal: .critical
            }
    }
}

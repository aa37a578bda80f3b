//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import NanoConfiguration
import NanoMQ
import ServiceControl
import ServiceLifecycle
import SystemPackage

/// The broker as a service: with its PID file, its control socket, its signals, and its word to the service manager.
struct BrokerService {
    /// With absolute paths.
    let options: StartOptions

    /// Runs until it is told to end.
    ///
    /// - Throws: what kept it from starting.
    func run(as daemon: Daemon?) async throws {
        MemoryPolicy.apply()
        // First of all, before there are threads that read the environment, or descriptors with these numbers.
        let notifier = ServiceNotifier.inherited()
        let sockets = SocketActivation.inherited()
        let loaded = try self.options.load()
        let plan = try BrokerPlan(loaded.configuration)
        let paths = ServicePaths(loaded)
        let log = try ServiceLog(loaded.configuration.log)
        defer { log.close() }
        let pidFile = try self.acquirePIDFile(paths, daemon: daemon, log.logger)
        defer { pidFile?.release() }
        let loop = ServiceLoop()
        do {
            let socket = pidFile != nil || paths.isSocketExplicit ? paths.controlSocket : nil
            try await self.serve(loaded, plan, sockets, daemon, notifier, loop, controlSocket: socket, log)
            await loop.stop()
        } catch {
            await loop.stop()
            throw error
        }
    }

    private func serve(
        _ loaded: LoadedConfiguration,
        _ plan: BrokerPlan,
        _ sockets: [SocketActivation.Socket],
        _ daemon: Daemon?,
        _ notifier: ServiceNotifier,
        _ loop: ServiceLoop,
        controlSocket: FilePath?,
        _ log: ServiceLog
    ) async throws {
        let logger = log.logger
        let signals = try await ServiceSignal.listen(on: loop)
        for note in loaded.notes { logger.info("\(note)") }
        for warning in loaded.warnings { logger.warning("\(warning)") }
        for warning in plan.warnings { logger.warning("\(warning)") }
        let plan = plan.with(sockets)
        plan.warnOfOpenListeners(logger)
        let broker = Broker(plan: plan, logger: logger)
        let reloader = Reloader(
            options: self.options,
            handler: BrokerReload(of: broker, running: loaded.configuration, sockets: sockets, log: log),
            notifier: notifier,
            readyStatus: "Running"
        )
        let control = BrokerControl(broker: broker, reloader: reloader)
        let socket = try await self.startControl(control, loop, at: controlSocket)
        let group = ServiceGroup(
            services: [broker],
            logger: Logger(label: "nanomq.service") { _ in SwiftLogNoOpLogHandler() }
        )
        let listening = Task {
            for await signal in signals {
                await Self.act(on: signal, control, group, notifier, log)
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
        _ log: ServiceLog
    ) async {
        let logger = log.logger
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
            log.reopen()
            logger.info("log files opened anew")
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

    private func acquirePIDFile(_ paths: ServicePaths, daemon: Daemon?, _ logger: Logger) throws -> PIDFile? {
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
        at path: FilePath?
    ) async throws -> ControlServer? {
        guard let path else { return nil }
        return try await ControlServer.start(at: path, on: loop, handler: control)
    }
}

extension ControlMessage {
    fileprivate var metadata: Logger.Metadata {
        Dictionary(grouping: self.fields, by: \.name).mapValues { fields in
            .array(fields.map { .string($0.value) })
        }
    }
}

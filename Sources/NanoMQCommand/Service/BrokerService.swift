//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import NanoConfiguration
import NanoMQ
import ServiceControl
import SystemPackage

/// The start of a broker: what it is told, what it has to hold before it may listen, and the order of all that.
struct BrokerService {
    /// With absolute paths.
    let options: StartOptions

    /// Runs until it is told to end.
    ///
    /// - Parameters:
    ///   - daemon: nil in the foreground.
    ///   - whenReady: called when the listeners are up.
    /// - Throws: what kept it from starting.
    func run(as daemon: Daemon?, whenReady: @escaping @Sendable () -> Void = {}) async throws {
        MemoryPolicy.apply()
        // First of all, before there are threads that read the environment, or descriptors with these numbers.
        let notifier = ServiceNotifier.inherited()
        let sockets = SocketActivation.inherited()
        let loaded = try self.options.load()
        let plan = try BrokerPlan(loaded.configuration).with(sockets)
        let paths = ServicePaths(loaded)
        let log = try ServiceLog(loaded.configuration.log)
        var pidFile: PIDFile?
        // The PID file last: as long as it is held, nobody else writes to the log file.
        defer {
            log.close()
            pidFile?.release()
        }
        pidFile = try self.acquirePIDFile(paths, mustHave: daemon != nil, log.logger)
        self.warn(loaded, plan, log.logger)

        let broker = Broker(plan: plan, logger: log.logger)
        let handler = BrokerReload(of: broker, running: loaded.configuration, sockets: sockets, log: log)
        let reloader = Reloader(options: self.options, handler: handler, notifier: notifier)
        let control = BrokerControl(broker: broker, reloader: reloader)
        let running = RunningBroker(broker: broker, control: control, notifier: notifier, log: log)

        let loop = ServiceLoop()
        let result: Result<Void, any Error>
        do {
            let signals = try await ServiceSignal.listen(on: loop)
            let path = pidFile != nil || paths.isSocketExplicit ? paths.controlSocket : nil
            let socket = try await self.startControl(control, on: loop, at: path)
            result = await running.run(signals: signals, daemon: daemon, whenReady: whenReady)
            await socket?.stop()
        } catch {
            result = .failure(error)
        }
        await loop.stop()
        try result.get()
    }

    private func acquirePIDFile(_ paths: ServicePaths, mustHave: Bool, _ logger: Logger) throws -> PIDFile? {
        guard let path = paths.pidFile else { return nil }
        do {
            return try PIDFile.acquire(path)
        } catch {
            // In a container, with a read-only root or another user: nobody asked for the file, or needs it there.
            guard error.isPlaceUnusable, !paths.isExplicit, !mustHave else { throw error }
            logger.warning("no PID file, and no control socket beside it", metadata: ["cause": "\(error)"])
            return nil
        }
    }

    private func startControl(
        _ control: BrokerControl,
        on loop: ServiceLoop,
        at path: FilePath?
    ) async throws -> ControlServer? {
        guard let path else { return nil }
        return try await ControlServer.start(at: path, on: loop, handler: control)
    }

    private func warn(_ loaded: LoadedConfiguration, _ plan: BrokerPlan, _ logger: Logger) {
        for note in loaded.notes { logger.info("\(note)") }
        for warning in loaded.warnings { logger.warning("\(warning)") }
        for warning in plan.warnings { logger.warning("\(warning)") }
        plan.warnOfOpenListeners(logger)
    }
}

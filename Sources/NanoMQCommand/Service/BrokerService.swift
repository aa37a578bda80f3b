//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import NanoConfiguration
import NanoMQ
import ServiceControl

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
        let logger = BrokerLog.start(loaded.configuration)
        let pidFile = try self.acquirePIDFile(mustHave: daemon != nil, logger)
        defer { pidFile?.release() }
        self.warn(loaded, isActivated: !sockets.isEmpty, logger)

        let broker = Broker(configuration: loaded.configuration, sockets: sockets, logger: logger)
        let handler = InertReload(running: loaded.configuration)
        let reloader = Reloader(options: self.options, handler: handler, notifier: notifier)
        let control = BrokerControl(broker: broker, reloader: reloader)
        let running = RunningBroker(broker: broker, control: control, notifier: notifier, logger: logger)

        let loop = ServiceLoop()
        let result: Result<Void, any Error>
        do {
            let signals = try await ServiceSignal.listen(on: loop)
            let socket = try await self.startControl(control, on: loop, hasPIDFile: pidFile != nil)
            result = await running.run(signals: signals, daemon: daemon, whenReady: whenReady)
            await socket?.stop()
        } catch {
            result = .failure(error)
        }
        await loop.stop()
        try result.get()
    }

    private func acquirePIDFile(mustHave: Bool, _ logger: Logger) throws -> PIDFile? {
        let paths = self.options.service.paths
        guard let path = paths.pidFile else { return nil }
        do {
            return try PIDFile.acquire(path)
        } catch {
            // In a container, with a read-only root: nobody asked for the file, and nobody needs it there.
            guard error.isPlaceUnusable, !paths.isExplicit, !mustHave else { throw error }
            logger.warning("no PID file, and no control socket beside it", metadata: ["cause": "\(error)"])
            return nil
        }
    }

    private func startControl(
        _ control: BrokerControl,
        on loop: ServiceLoop,
        hasPIDFile: Bool
    ) async throws -> ControlServer? {
        let paths = self.options.service.paths
        guard let path = paths.controlSocket, hasPIDFile || paths.isSocketExplicit else { return nil }
        return try await ControlServer.start(at: path, on: loop, handler: control)
    }

    private func warn(_ loaded: LoadedConfiguration, isActivated: Bool, _ logger: Logger) {
        for warning in loaded.warnings { logger.warning("\(warning)") }
        guard !isActivated else { return }
        for listener in loaded.configuration.listeners where !listener.isLoopback {
            logger.warning(
                "anybody who reaches this listener may publish and subscribe: there is no access control yet",
                metadata: ["tcp": "\(listener.host):\(listener.port)"]
            )
        }
    }
}

extension Listener {
    fileprivate var isLoopback: Bool {
        self.host == "localhost" || self.host == "::1" || self.host.hasPrefix("127.")
    }
}

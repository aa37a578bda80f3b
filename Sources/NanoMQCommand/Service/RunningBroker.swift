//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import NanoMQ
import ServiceControl
import ServiceLifecycle

/// A broker between the start and the end of its process: hears signals, and tells those who wait for it.
struct RunningBroker {
    private let broker: Broker
    private let control: BrokerControl
    private let notifier: ServiceNotifier
    private let serviceLog: ServiceLog
    private let group: ServiceGroup

    init(broker: Broker, control: BrokerControl, notifier: ServiceNotifier, log: ServiceLog) {
        self.broker = broker
        self.control = control
        self.notifier = notifier
        self.serviceLog = log
        self.group = ServiceGroup(
            services: [broker],
            logger: Logger(label: "nanomq.service") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private var logger: Logger { self.serviceLog.logger }

    /// Returns when the broker has ended.
    func run(
        signals: AsyncStream<ServiceSignal>,
        daemon: Daemon?,
        whenReady: @escaping @Sendable () -> Void
    ) async -> Result<Void, any Error> {
        let listening = Task {
            for await signal in signals { await self.act(on: signal) }
        }
        let announcing = Task {
            guard (try? await self.broker.waitUntilReady()) != nil else { return }
            self.control.enter(.running)
            guard await self.announce(daemon) else { return }
            whenReady()
            await self.keepWatchdogQuiet()
        }
        let result = await Task { try await self.group.run() }.result
        listening.cancel()
        announcing.cancel()
        return result
    }

    private func announce(_ daemon: Daemon?) async -> Bool {
        do {
            // A daemon's terminal is gone after this: the one who started it says that it runs.
            if let daemon {
                try daemon.ready()
                self.serviceLog.leaveTerminal()
            } else {
                Console.print(DaemonStart.success)
            }
            self.notifier.ready()
            MemoryPolicy.forgetStart()
            return true
        } catch {
            // Nobody would hear of a daemon that has come up halfway.
            self.logger.critical("cannot leave the terminal", metadata: ["cause": "\(error)"])
            await self.group.triggerGracefulShutdown()
            return false
        }
    }

    private func act(on signal: ServiceSignal) async {
        switch signal {
        case .stop:
            self.control.enter(.stopping)
            self.notifier.stopping()
            await self.group.triggerGracefulShutdown()
        case .reload:
            // Not awaited: a signal to stop must not wait for it.
            Task { self.log(await self.control.reload(configuration: nil)) }
        case .reopenLogs:
            self.serviceLog.reopen()
            self.logger.info("log files opened anew")
        }
    }

    /// A line for each thing: the fields of one line have room for few.
    private func log(_ reply: ControlMessage) {
        guard reply.head == ControlMessage.ok else {
            // In the text of the line, which may be longer than a field of it.
            self.logger.error("reload failed, nothing has changed: \(reply["message"] ?? "no reason given")")
            return
        }
        for warning in reply.values("warning") { self.logger.warning("reload: \(warning)") }
        for change in reply.values("applied") { self.logger.info("reload: applied", metadata: ["key": "\(change)"]) }
        for change in reply.values("restart") {
            self.logger.warning("reload: needs a restart", metadata: ["key": "\(change)"])
        }
        for note in reply.values("note") { self.logger.info("reload: \(note)") }
        self.logger.info(
            "configuration reloaded",
            metadata: [
                "applied": "\(reply.values("applied").count)",
                "restart": "\(reply.values("restart").count)",
                "warnings": "\(reply.values("warning").count)",
            ]
        )
    }

    /// A sign of life as often as the service manager wants one, as long as all event loops do their work.
    private func keepWatchdogQuiet() async {
        guard let interval = self.notifier.watchdogInterval else { return }
        while !Task.isCancelled {
            try? await self.broker.waitForEventLoops()
            self.notifier.alive()
            try? await Task.sleep(for: interval)
        }
    }
}

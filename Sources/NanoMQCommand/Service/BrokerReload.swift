//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import NanoConfiguration
import NanoMQ
import ServiceControl

/// Takes a configuration over into the broker and its log.
actor BrokerReload: ReloadHandler {
    private let broker: Broker
    private let log: ServiceLog
    private let sockets: [SocketActivation.Socket]
    /// What holds: of what takes a restart, the values at the start.
    private var running: NanoConfiguration

    init(of broker: Broker, running: NanoConfiguration, sockets: [SocketActivation.Socket], log: ServiceLog) {
        self.broker = broker
        self.running = running
        self.sockets = sockets
        self.log = log
    }

    func apply(_ loaded: LoadedConfiguration) async throws -> ReloadReport {
        // All that can be wrong with it is found here, before anything changes.
        let plan = try BrokerPlan(loaded.configuration).with(self.sockets)
        try await plan.check()
        try self.log.update(loaded.configuration.log)
        let listeners: [ListenerChange]
        do {
            listeners = try await self.broker.apply(plan)
        } catch {
            try? self.log.update(self.running.log)
            throw error
        }
        var report = ReloadReport()
        // What holds from now on: a listener that could not be had is tried again with the next reload.
        let failed = Set(listeners.filter { $0.error != nil }.map(\.listener))
        let next = loaded.configuration.keepingWhatTakesRestart(of: self.running, andListeners: failed)
        report.applied = self.running.changes(to: next).map(\.description)
        report.needsRestart = next.changes(to: loaded.configuration).filter { !$0.reloads }.map(\.description)
        report.warnings = loaded.warnings.map(\.description) + plan.warnings
        report.warnings += listeners.compactMap { change in
            change.error.map { "listener \(change.listener) not \(change.action.rawValue): \($0)" }
        }
        report.notes = loaded.notes.map(\.description)
        report.notes += listeners.filter { $0.error == nil }.map { "listener \($0.listener): \($0.action.rawValue)" }
        if report.applied.isEmpty, report.needsRestart.isEmpty {
            report.notes.append("no key has changed; files that the configuration names have been read again")
        }
        self.running = next
        plan.warnOfOpenListeners(self.log.logger)
        return report
    }
}

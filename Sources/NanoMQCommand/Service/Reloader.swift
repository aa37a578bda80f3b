//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ServiceControl

/// Reloads one at a time, whoever asks for it: the control socket or SIGHUP.
actor Reloader {
    /// What the broker runs with: after a reload from another file, that file is the one.
    private(set) var options: StartOptions
    private let handler: any ReloadHandler
    private let notifier: ServiceNotifier
    private var last: Task<ControlMessage, Never>?

    init(options: StartOptions, handler: any ReloadHandler, notifier: ServiceNotifier) {
        self.options = options
        self.handler = handler
        self.notifier = notifier
    }

    /// - Parameter file: nil for the one it has.
    func reload(_ file: String?) async -> ControlMessage {
        let previous = self.last
        let task = Task {
            _ = await previous?.value
            return await self.perform(file)
        }
        self.last = task
        return await task.value
    }

    private func perform(_ file: String?) async -> ControlMessage {
        self.notifier.reloading()
        defer { self.notifier.ready() }
        var options = self.options
        if let file {
            options.conf = file
            options.oldConf = nil
        }
        do {
            let report = try await self.handler.apply(try options.load())
            self.options = options
            return ControlMessage(ControlMessage.ok, report.fields)
        } catch {
            return .failure("\(error)")
        }
    }
}

extension ReloadReport {
    fileprivate var fields: [ControlMessage.Field] {
        let lists = [
            ("applied", self.applied), ("restart", self.needsRestart), ("warning", self.warnings), ("note", self.notes),
        ]
        return lists.flatMap { name, values in values.map { ControlMessage.Field(name, $0) } }
    }
}

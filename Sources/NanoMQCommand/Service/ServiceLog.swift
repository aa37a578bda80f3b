//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import NanoConfiguration
import OperatorLog
import Synchronization

/// The process's log, by its configuration.
final class ServiceLog: Sendable {
    private let log: OperatorLog
    private let settings: Mutex<LogSettings>
    /// For the broker.
    let logger: Logger

    /// Opens what the configuration names; to be called once in a process.
    init(_ configuration: NanoConfiguration.Log) throws {
        let settings = LogSettings(configuration)
        let log = try OperatorLog(settings)
        LoggingSystem.bootstrap { log.handler(label: $0) }
        self.log = log
        self.settings = Mutex(settings)
        self.logger = Logger(label: "nanomq")
    }

    /// Goes on by another configuration.
    ///
    /// - Throws: when its file cannot be opened; then all is as it was.
    func update(_ configuration: NanoConfiguration.Log) throws {
        let settings = LogSettings(configuration)
        try self.settings.withLock { current in
            try self.log.update(settings)
            current = settings
        }
    }

    /// Standard output is another file than it was.
    func leaveTerminal() {
        do {
            try self.settings.withLock { try self.log.update($0) }
        } catch {
            self.logger.error("the log cannot leave the terminal", metadata: ["cause": "\(error)"])
        }
    }

    /// Opens the file anew.
    func reopen() { self.log.reopen() }

    /// Writes what there is, and ends.
    func close() { self.log.shutdown() }
}

extension LogSettings {
    fileprivate init(_ log: NanoConfiguration.Log) {
        self.init()
        self.level =
            switch log.level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .warn: .warn
            case .error: .error
            case .fatal: .fatal
            }
        self.format = log.format == .json ? .json : .text
        self.console = log.destinations.contains(.console) ? .standardOutput : nil
        if log.destinations.contains(.file) {
            var file = LogSettings.File(directory: log.directory, name: log.file)
            file.maximumSize = log.rotation.size.map(Int64.init)
            file.interval = log.rotation.interval
            file.keptFiles = log.rotation.count
            file.maximumAge = log.rotation.maximumAge
            self.file = file
        }
        if log.destinations.contains(.syslog) {
            var syslog = LogSettings.Syslog()
            syslog.facility = LogSettings.Syslog.Facility(log.syslog.facility)
            syslog.identifier = log.syslog.identifier
            self.syslog = syslog
        }
    }
}

extension LogSettings.Syslog.Facility {
    fileprivate init(_ facility: SyslogFacility) {
        self =
            switch facility {
            case .user: .user
            case .daemon: .daemon
            case .local0: .local0
            case .local1: .local1
            case .local2: .local2
            case .local3: .local3
            case .local4: .local4
            case .local5: .local5
            case .local6: .local6
            case .local7: .local7
            }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension NanoConfiguration {
    /// The log.
    public struct Log: Sendable, Equatable {
        /// How serious a message must be to be written.
        public var level: LogLevel = .info
        /// Where messages are written; empty for nowhere.
        public var destinations: [LogDestination] = [.console]
        /// How a message is written.
        public var format: LogFormat = .text
        /// The directory of the log file.
        public var directory = "."
        /// The name of the log file in its directory.
        public var file = "nanomq.log"
        /// When the log file is put aside, and what becomes of it.
        public var rotation = LogRotation()
        /// The system's log.
        public var syslog = SystemLog()

        /// The defaults.
        public init() {}
    }

    /// When the log file is put aside, and what becomes of it.
    public struct LogRotation: Sendable, Equatable {
        /// The size in bytes at which the file is put aside; `nil` for never.
        public var size: Int? = 10 << 20
        /// How many files that were put aside are kept.
        public var count = 5
        /// The time after which the file is put aside; `nil` for never.
        public var interval: Duration?
        /// The age at which a file that was put aside is removed; `nil` for never.
        public var maximumAge: Duration?

        /// The defaults.
        public init() {}
    }

    /// The system's log, RFC 3164.
    public struct SystemLog: Sendable, Equatable {
        /// Which part of the system speaks.
        public var facility: SyslogFacility = .daemon
        /// The name messages come under.
        public var identifier = "nanomq"

        /// The defaults.
        public init() {}
    }
}

/// How serious a log message is, least serious first.
public enum LogLevel: String, ConfigurationChoice {
    /// Every step.
    case trace
    /// For finding faults.
    case debug
    /// What normally happens.
    case info
    /// What should not happen, but is coped with.
    case warn
    /// What failed.
    case error
    /// What ends the process.
    case fatal
}

/// Where log messages are written.
public enum LogDestination: String, ConfigurationChoice {
    /// The console of the process.
    case console
    /// A file.
    case file
    /// The system's log.
    case syslog
}

/// How a log message is written.
public enum LogFormat: String, ConfigurationChoice {
    /// A line for people.
    case text
    /// A JSON object a line.
    case json
}

/// Which part of a system speaks in its log, RFC 3164 section 4.1.1.
public enum SyslogFacility: String, ConfigurationChoice {
    /// Programs of users.
    case user
    /// Services.
    case daemon
    /// For local use.
    case local0
    /// For local use.
    case local1
    /// For local use.
    case local2
    /// For local use.
    case local3
    /// For local use.
    case local4
    /// For local use.
    case local5
    /// For local use.
    case local6
    /// For local use.
    case local7
}

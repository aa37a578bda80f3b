//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What is logged, where to, and in which form.
package struct LogSettings: Sendable, Equatable {
    /// How a line looks.
    package enum Format: String, Sendable, CaseIterable {
        /// For people: time, level, message, `key=value`.
        case text
        /// For programs: one JSON object a line.
        case json
    }

    /// A stream of the process.
    package enum Console: String, Sendable, CaseIterable {
        /// Standard output, as the original does and containers expect.
        case standardOutput
        /// Standard error.
        case standardError
    }

    /// How serious a message must be to be written.
    package var level: LogSettings.Level = .info
    /// How lines look, on all targets.
    package var format = Format.text
    /// The stream that lines are written to; nil: none.
    package var console: Console? = .standardOutput
    /// The file that lines are written to; nil: none.
    package var file: LogSettings.File?
    /// The system's log; nil: it is not written to.
    package var syslog: LogSettings.Syslog?
    /// How repeated lines are summed; nil: each is written.
    package var rateLimit: LogSettings.RateLimit? = LogSettings.RateLimit()

    /// The defaults: text from level info on standard output.
    package init() {}
}

extension LogSettings {
    /// A log file, and what becomes of it when it has grown or aged.
    package struct File: Sendable, Equatable {
        /// The directory; it is made if it is missing.
        package var directory: String
        /// The file's name in the directory.
        package var name: String
        /// The size in bytes from which on the file is put aside; nil: any.
        package var maximumSize: Int64? = 10 << 20
        /// The period after which the file is put aside, in whole seconds: periods are counted from midnight UTC of
        /// 1970-01-01, so a day begins at midnight. nil: none.
        package var interval: Duration?
        /// How many old files are kept beside the current one, 0 to 1000.
        package var keptFiles = 5
        /// The age from which on old files are removed; nil: any.
        package var maximumAge: Duration?

        /// A file that is put aside at 10 MiB, with 5 old ones.
        package init(directory: String, name: String = "nanomq.log") {
            self.directory = directory
            self.name = name
        }
    }

    /// How lines go to the system's log.
    package struct Syslog: Sendable, Equatable {
        /// What kind of program speaks, by the codes of RFC 3164, section 4.1.1.
        package enum Facility: Int, Sendable, CaseIterable {
            case user = 1
            case daemon = 3
            case local0 = 16
            case local1 = 17
            case local2 = 18
            case local3 = 19
            case local4 = 20
            case local5 = 21
            case local6 = 22
            case local7 = 23
        }

        /// What kind of program speaks.
        package var facility = Facility.daemon
        /// The program's name in each line: 1 to 32 characters of ASCII, without a space, `[` and `:`.
        package var identifier = "nanomq"
        /// The datagram socket of the system's log.
        package var path = "/dev/log"

        /// The system's log at its usual place.
        package init() {}
    }

    /// How many lines of one kind are written before the rest is only counted.
    ///
    /// Lines of level debug and trace are never held back: who asks for them wants them all.
    package struct RateLimit: Sendable, Equatable {
        /// How many equal lines are written in a window; the rest is summed in one line at its end. Lines are equal when
        /// level, message and metadata are, but for the port in `peer`.
        package var equalLines = 3
        /// How long a window lasts.
        package var window = Duration.seconds(10)
        /// How many lines with the same message, whatever their metadata, are written in a second; the rest is summed.
        /// It does not hold back level error and above. nil: any number.
        package var linesPerSecond: Int? = 500

        /// The defaults.
        package init() {}
    }
}

/// How much the log may hold before lines are dropped.
package struct LogCapacity: Sendable, Equatable {
    /// Lines that wait to be written.
    package var lines = 8192
    /// Bytes that they hold, about.
    package var bytes = 2 << 20

    /// The defaults.
    package init() {}
}

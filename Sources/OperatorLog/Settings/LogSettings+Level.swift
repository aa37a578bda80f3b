//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging

extension LogSettings {
    /// How serious a message is, by the names of the original, least serious first.
    ///
    /// swift-log has a seventh level, `notice`. It is written, and let through, as `warn`.
    package enum Level: String, Sendable, CaseIterable {
        /// Every step.
        case trace
        /// For finding faults.
        case debug
        /// What normally happens.
        case info
        /// What should not happen, but is coped with.
        case warn
        /// What could not be done.
        case error
        /// Why the broker ends.
        case fatal

        /// What a message of swift-log counts as.
        package init(_ level: Logger.Level) {
            self =
                switch level {
                case .trace: .trace
                case .debug: .debug
                case .info: .info
                case .notice, .warning: .warn
                case .error: .error
                case .critical: .fatal
                }
        }

        /// The least serious of swift-log's levels that is let through.
        package var threshold: Logger.Level {
            switch self {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .warn: .notice
            case .error: .error
            case .fatal: .critical
            }
        }

        /// The name in a line, all of one width.
        var label: StaticString {
            switch self {
            case .trace: "TRACE"
            case .debug: "DEBUG"
            case .info: "INFO "
            case .warn: "WARN "
            case .error: "ERROR"
            case .fatal: "FATAL"
            }
        }

        /// The severity in the system's log (RFC 3164, section 4.1.1).
        var severity: Int {
            switch self {
            case .trace, .debug: 7
            case .info: 6
            case .warn: 4
            case .error: 3
            case .fatal: 2
            }
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import NanoConfiguration

/// The log of the process.
enum BrokerLog {
    /// From now on it is written. Once in a process.
    static func start(_ configuration: NanoConfiguration) -> Logger {
        let level = Logger.Level(configuration.log.level)
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        return Logger(label: "nanomq")
    }
}

extension Logger.Level {
    fileprivate init(_ level: LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            case .fatal: .critical
            }
    }
}

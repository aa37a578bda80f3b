//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging

/// Hands what a logger says to the log.
struct OperatorLogHandler: LogHandler {
    private let log: OperatorLog
    private let label: String
    /// A level that this logger alone has.
    private var ownLevel: Logger.Level?
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(log: OperatorLog, label: String, metadataProvider: Logger.MetadataProvider?) {
        self.log = log
        self.label = label
        self.metadataProvider = metadataProvider
    }

    /// The log's level, which may change at any time, unless this logger was given one of its own.
    var logLevel: Logger.Level {
        get { self.ownLevel ?? self.log.level }
        set { self.ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        self.log.add(event, label: self.label, metadata: self.metadata, provided: self.metadataProvider?.get())
    }
}

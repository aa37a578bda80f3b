//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging

/// One message on its way to the writer, as it was given: it is the writer that makes text of it.
struct LogRecord: Sendable {
    /// Milliseconds since 1970.
    let time: Int64
    let level: LogSettings.Level
    /// Who speaks.
    let label: String
    let message: String
    /// Metadata of the logger, of its provider and of the message; the later wins.
    let metadata: (Logger.Metadata, Logger.Metadata?, Logger.Metadata?)
    let error: (any Error)?

    init(
        time: Int64,
        level: LogSettings.Level,
        label: String,
        message: String,
        metadata: (Logger.Metadata, Logger.Metadata?, Logger.Metadata?) = ([:], nil, nil),
        error: (any Error)? = nil
    ) {
        self.time = time
        self.level = level
        self.label = label
        self.message = SafeText.cut(message, to: SafeText.maximumMessage)
        self.metadata = metadata
        self.error = error
    }

    /// The bytes that it keeps in memory, about.
    var size: Int {
        var size = 128 + self.message.utf8.count + Self.size(self.metadata.0)
        if let provided = self.metadata.1 { size += Self.size(provided) }
        if let explicit = self.metadata.2 { size += Self.size(explicit) }
        return size
    }

    private static func size(_ metadata: Logger.Metadata) -> Int {
        guard !metadata.isEmpty else { return 0 }
        return metadata.reduce(64) { $0 + $1.key.utf8.count + self.size($1.value) }
    }

    private static func size(_ value: Logger.MetadataValue) -> Int {
        switch value {
        case .string(let text): 32 + text.utf8.count
        case .stringConvertible: 96
        case .dictionary(let values): 32 + self.size(values)
        case .array(let values): values.reduce(64) { $0 + self.size($1) }
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging

/// A message taken apart: what the forms write and the limits compare.
struct LogLine {
    /// A name and its value, as they were given but for their length.
    struct Field: Equatable {
        let key: String
        let value: String

        init(_ key: String, _ value: String) {
            self.key = SafeText.cut(key, to: SafeText.maximumKey)
            self.value = SafeText.cut(value, to: SafeText.maximumValue)
        }
    }

    /// No more are written.
    static let maximumFields = 64

    /// Milliseconds since 1970.
    let time: Int64
    let level: LogSettings.Level
    let label: String
    let message: String
    /// What says whom it is about comes first, the rest by name.
    let fields: [Field]
}

extension LogLine {
    init(_ record: LogRecord) {
        self.time = record.time
        self.level = record.level
        self.label = record.label
        self.message = record.message

        var metadata = record.metadata.2 ?? [:]
        if let provided = record.metadata.1 { metadata.merge(provided) { explicit, _ in explicit } }
        if !record.metadata.0.isEmpty { metadata.merge(record.metadata.0) { later, _ in later } }
        if let error = record.error { metadata["error"] = "\(error)" }
        var fields: [Field] = []
        fields.reserveCapacity(metadata.count)
        for (key, value) in metadata { Self.append(key, value, depth: 0, to: &fields) }
        fields.sort {
            let (left, right) = (Self.rank($0.key), Self.rank($1.key))
            return left == right ? $0.key < $1.key : left < right
        }
        if fields.count > Self.maximumFields { fields.removeLast(fields.count - Self.maximumFields) }
        self.fields = fields
    }

    /// Nested metadata becomes flat: `outer.inner`.
    private static func append(_ key: String, _ value: Logger.MetadataValue, depth: Int, to fields: inout [Field]) {
        switch value {
        case .string(let text): fields.append(Field(key, text))
        case .stringConvertible(let value): fields.append(Field(key, value.description))
        case .array: fields.append(Field(key, value.description))
        case .dictionary(let values):
            guard depth < 4 else { return fields.append(Field(key, value.description)) }
            for (inner, value) in values { self.append("\(key).\(inner)", value, depth: depth + 1, to: &fields) }
        }
    }

    private static func rank(_ key: String) -> Int {
        switch key {
        case "client": 0
        case "peer": 1
        case "listener": 2
        default: 3
        }
    }
}

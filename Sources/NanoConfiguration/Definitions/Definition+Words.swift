//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// Definitions of words and texts.
extension Definition {
    /// `true` or `false`.
    static func boolean(_ path: String, _ property: Property<Root, Bool>, _ meaning: String) -> Definition {
        .property(path, property, accepted: "boolean", meaning: meaning, text: { "\($0)" }) {
            setting,
            _ throws(ConfigurationError) in
            try setting.boolean()
        }
    }

    /// One of a few words.
    static func choice<Choice: ConfigurationChoice>(
        _ path: String,
        _ property: Property<Root, Choice>,
        _ meaning: String
    ) -> Definition {
        let accepted = Format.words(Choice.self, quote: "`")
        return .property(path, property, accepted: accepted, meaning: meaning, text: { Format.word($0.rawValue) }) {
            setting,
            _ throws(ConfigurationError) in
            try setting.choice()
        }
    }

    /// A text which is always there.
    static func text(
        _ path: String,
        _ property: Property<Root, String>,
        accepted: String = "string",
        _ meaning: String
    ) -> Definition {
        .property(path, property, accepted: accepted, meaning: meaning, text: { Format.string($0) }) {
            setting,
            _ throws(ConfigurationError) in
            try setting.text()
        }
    }

    /// A text which need not be there.
    static func text(
        _ path: String,
        _ property: Property<Root, String?>,
        accepted: String = "string",
        _ meaning: String
    ) -> Definition {
        .property(path, property, accepted: accepted, meaning: meaning, text: { $0.map(Format.string) }) {
            setting,
            _ throws(ConfigurationError) in
            try setting.text()
        }
    }

    /// The path of a file, or of a directory.
    static func file(_ path: String, _ property: Property<Root, String?>, _ meaning: String) -> Definition {
        .text(path, property, accepted: "path", meaning)
    }

    /// A text which nobody may see.
    static func secret(_ path: String, _ property: Property<Root, Secret?>, _ meaning: String) -> Definition {
        .property(
            path,
            property,
            accepted: "string, secret",
            meaning: meaning,
            text: { $0.map { _ in Format.string(Secret.mask) } },
            read: { setting, _ throws(ConfigurationError) in Secret(try setting.text()) }
        )
    }

    /// A key which is accepted for the original's sake, checked, and not kept.
    static func ignored(
        _ path: String,
        accepted: String,
        _ meaning: String,
        _ check: @escaping @Sendable (Setting) throws(ConfigurationError) -> Void = { _ in }
    ) -> Definition {
        Definition(
            path: path,
            accepted: accepted,
            meaning: meaning,
            read: { setting, _, _ throws(ConfigurationError) in try check(setting) },
            text: { _ in nil },
            summary: { _ in nil },
            isEqual: { _, _ in true },
            copy: { _, _ in }
        )
        .withoutEffect()
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What has defaults, and is described by definitions.
protocol Defaulted: Sendable {
    static var defaults: Self { get }
}

extension NanoConfiguration: Defaulted {
    static var defaults: NanoConfiguration { NanoConfiguration() }
}

extension Listener: Defaulted {
    static var defaults: Listener { standard }
}

/// A property of what is configured, as a definition names it.
typealias Property<Root, Value> = any WritableKeyPath<Root, Value> & Sendable

/// The definition of one key: how it is read, how it is shown, and what is said about it, once for all.
///
/// A default is not part of a definition: it is taken from ``Defaulted/defaults``.
struct Definition<Root: Defaulted>: Sendable {
    typealias Reader = @Sendable (Setting, inout Root, inout Findings) throws(ConfigurationError) -> Void

    /// The path of the key.
    let path: String
    /// What is accepted: the type, with the range.
    let accepted: String
    /// What the key sets.
    let meaning: String
    /// Whether a change takes effect while the broker runs.
    var reloads = true
    /// Whether the key does anything at all, other than being accepted.
    var hasEffect = true
    /// Stores a value.
    let read: Reader
    /// The value as it would be written in the file, a secret masked; `nil` if there is none.
    let text: @Sendable (Root) -> String?
    /// The value in few words, for telling changes.
    let summary: @Sendable (Root) -> String?
    /// Whether two configurations have the same value.
    let isEqual: @Sendable (Root, Root) -> Bool
    /// Gives the second configuration the value of the first.
    let copy: @Sendable (Root, inout Root) -> Void

    /// The default.
    var standard: String { text(Root.defaults) ?? "–" }
}

extension Definition {
    /// A definition of a property.
    static func property<Value: Equatable & Sendable>(
        _ path: String,
        _ property: Property<Root, Value>,
        accepted: String,
        meaning: String,
        text: @escaping @Sendable (Value) -> String?,
        summary: (@Sendable (Value) -> String?)? = nil,
        read: @escaping @Sendable (Setting, inout Findings) throws(ConfigurationError) -> Value
    ) -> Definition {
        let summary = summary ?? text
        return Definition(
            path: path,
            accepted: accepted,
            meaning: meaning,
            read: { setting, root, findings throws(ConfigurationError) in
                root[keyPath: property] = try read(setting, &findings)
            },
            text: { text($0[keyPath: property]) },
            summary: { summary($0[keyPath: property]) },
            isEqual: { $0[keyPath: property] == $1[keyPath: property] },
            copy: { $1[keyPath: property] = $0[keyPath: property] }
        )
    }

    /// The same definition of a key whose change takes a restart.
    func needingRestart() -> Definition {
        var definition = self
        definition.reloads = false
        return definition
    }

    /// The same definition of a key which is accepted for the original's sake and does nothing.
    func withoutEffect() -> Definition {
        let read = self.read
        var definition = with { setting, root, findings throws(ConfigurationError) in
            try read(setting, &root, &findings)
            findings.note(.noEffect, setting)
        }
        definition.hasEffect = false
        return definition
    }

    /// The same definition with one more check of what was read.
    func checked(_ expected: String, _ isValid: @escaping @Sendable (Root) -> Bool) -> Definition {
        let read = self.read
        return with { setting, root, findings throws(ConfigurationError) in
            try read(setting, &root, &findings)
            guard isValid(root) else { throw setting.error(.expected(expected)) }
        }
    }

    private func with(_ read: @escaping Reader) -> Definition {
        Definition(
            path: path,
            accepted: accepted,
            meaning: meaning,
            reloads: reloads,
            hasEffect: hasEffect,
            read: read,
            text: text,
            summary: summary,
            isEqual: isEqual,
            copy: copy
        )
    }
}

/// What was found on the way that is no error.
struct Findings: Sendable {
    var warnings: [ConfigurationWarning] = []
    var notes: [ConfigurationWarning] = []

    mutating func warn(_ kind: ConfigurationWarning.Kind, _ setting: Setting) {
        warnings.append(ConfigurationWarning(kind, key: setting.key, source: setting.source))
    }

    mutating func note(_ kind: ConfigurationWarning.Kind, _ setting: Setting) {
        notes.append(ConfigurationWarning(kind, key: setting.key, source: setting.source))
    }

    static func += (left: inout Findings, right: Findings) {
        left.warnings += right.warnings
        left.notes += right.notes
    }
}

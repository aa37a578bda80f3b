//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// One key of the file as the documents tell it.
public struct ConfigurationKey: Sendable {
    /// The path in the file, its elements separated by dots; `<kind>` stands for a kind of listener.
    public let path: String

    /// What is accepted: the type, with the range.
    public let accepted: String

    /// The default, as it would be written in the file; a dash if there is none.
    public let standard: String

    /// Whether a change takes effect when the file is read again while the broker runs.
    public let reloads: Bool

    /// Whether the key does anything; others are accepted for the original's sake.
    public let hasEffect: Bool

    /// What the key sets.
    public let meaning: String

    private init<Root>(
        _ definition: Definition<Root>,
        prefix: String = "",
        standard: String? = nil,
        meaning: String? = nil
    ) {
        self.path = prefix + definition.path
        self.accepted = definition.accepted
        self.standard = standard ?? definition.standard
        self.reloads = definition.reloads
        self.hasEffect = definition.hasEffect
        self.meaning = meaning ?? definition.meaning
    }

    /// All keys, block by block.
    public static let all: [ConfigurationKey] = listeners + Definitions.all.map { ConfigurationKey($0) }

    /// Those of listeners.
    static let listeners: [ConfigurationKey] = ListenerKey.all.map { key in
        let definition = key.definition
        let isGeneral = key.kinds.count == Listener.Kind.allCases.count
        let kinds = key.kinds.map { "`\($0.rawValue)`" }.joined(separator: " and ")
        return ConfigurationKey(
            definition,
            prefix: "listeners.<kind>.",
            standard: definition.path == "bind" ? "see above" : nil,
            meaning: isGeneral ? definition.meaning : "\(definition.meaning) (\(kinds))"
        )
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What differs between two configurations, for one key. Secrets are masked.
public struct ConfigurationChange: Sendable, Equatable, CustomStringConvertible {
    /// The key; of a listener, that of its block.
    public var key: String
    /// What it was; `nil` if there was nothing.
    public var old: String?
    /// What it is to be; `nil` for nothing.
    public var new: String?
    /// Whether a running broker takes it over; otherwise it takes a restart.
    public var reloads: Bool

    /// Makes a change from its parts.
    public init(key: String, old: String?, new: String?, reloads: Bool) {
        self.key = key
        self.old = old
        self.new = new
        self.reloads = reloads
    }

    /// `key: old -> new`, with the word that it takes a restart.
    public var description: String {
        let restart = reloads ? "" : " (takes a restart)"
        return switch (old, new) {
        case (let old?, let new?): "\(key): \(old) -> \(new)\(restart)"
        case (nil, let new?): "\(key): added, \(new)\(restart)"
        case (let old?, nil): "\(key): removed, \(old)\(restart)"
        case (nil, nil): "\(key): changed\(restart)"
        }
    }
}

extension NanoConfiguration {
    /// What is different in another configuration, key by key, the listeners first.
    public func changes(to other: NanoConfiguration) -> [ConfigurationChange] {
        listenerChanges(to: other)
            + Definitions.all.compactMap { definition in
                guard !definition.isEqual(self, other) else { return nil }
                let (old, new) = Self.texts(definition.summary(self), definition.summary(other))
                return ConfigurationChange(key: definition.path, old: old, new: new, reloads: definition.reloads)
            }
    }

    /// Takes over the values of another configuration for the keys whose change takes a restart: those for which
    /// ``ConfigurationChange/reloads`` is false.
    public mutating func keepWhatTakesRestart(of running: NanoConfiguration) {
        for definition in Definitions.all where !definition.reloads { definition.copy(running, &self) }
    }

    private func listenerChanges(to other: NanoConfiguration) -> [ConfigurationChange] {
        var changes: [ConfigurationChange] = []
        for listener in listeners {
            let next = other.listeners.first { $0.key == listener.key }
            guard let next else {
                changes.append(.init(key: listener.key, old: listener.address, new: nil, reloads: true))
                continue
            }
            guard next != listener else { continue }
            let keys = ListenerKey.all.map(\.definition).filter { !$0.isEqual(listener, next) }
            let texts = keys.map { key in
                let (old, new) = Self.texts(key.summary(listener), key.summary(next))
                return (old: "\(key.path) = \(old ?? "none")", new: "\(key.path) = \(new ?? "none")")
            }
            changes.append(
                ConfigurationChange(
                    key: listener.key,
                    old: texts.map(\.old).joined(separator: ", "),
                    new: texts.map(\.new).joined(separator: ", "),
                    reloads: true
                )
            )
        }
        for listener in other.listeners where !listeners.contains(where: { $0.key == listener.key }) {
            changes.append(.init(key: listener.key, old: nil, new: listener.address, reloads: true))
        }
        return changes
    }

    /// Two texts that look the same, because a secret is masked or because only a number is told, are told apart.
    private static func texts(_ old: String?, _ new: String?) -> (String?, String?) {
        guard let old, let new, old == new else { return (old, new) }
        return (old, "\(new) (changed)")
    }
}

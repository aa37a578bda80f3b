//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import HOCON

extension NanoConfiguration {
    /// Reads a configuration from the tree of its file.
    ///
    /// - Returns: the configuration, and what in the file has no effect.
    /// - Throws: the first value of a wrong type or out of range, and the first key whose ignoring would be dangerous:
    ///   access control, and listeners of a kind that there is not yet.
    public static func load(
        hocon root: HOCONObject
    ) throws(ConfigurationError) -> (NanoConfiguration, warnings: [ConfigurationWarning]) {
        var loader = ConfigurationLoader()
        try loader.load(root, path: [])
        return (loader.configuration, loader.warnings)
    }
}

/// Walks the tree of a file and hands each value to the definition of its key.
struct ConfigurationLoader {
    private(set) var configuration = NanoConfiguration()
    private(set) var warnings: [ConfigurationWarning] = []

    private static let definitions: [[String]: ConfigurationKey] = {
        let readable = ConfigurationKey.all.filter { $0.read != nil }
        return Dictionary(readable.map { ($0.elements, $0) }) { first, _ in first }
    }()

    private static let blocks: Set<[String]> = Set(
        ConfigurationKey.all.flatMap { key in key.elements.indices.map { Array(key.elements[..<$0]) } }
    )

    private static let future: [[String]: FutureKey.Treatment] = Dictionary(
        FutureKey.all.map { ($0.path, $0.treatment) }
    ) { first, _ in first }

    static let knownKeys: [String] =
        ConfigurationKey.all.map(\.path).filter { !$0.contains("<") }
        + FutureKey.all.map { $0.path.joined(separator: ".") }
        + Set(ConfigurationKey.all.compactMap(\.elements.first)).sorted()

    mutating func load(_ object: HOCONObject, path: [String]) throws(ConfigurationError) {
        for member in object.members {
            let path = path + [member.key]
            let key = path.joined(separator: ".")
            let setting = Setting(key: key, value: member.value)
            if path == ["listeners"] {
                var reader = ListenerReader()
                try reader.read(setting)
                configuration.listeners = reader.listeners
                warnings += reader.warnings
            } else if let read = Self.definitions[path]?.read {
                try read(setting, &configuration, &warnings)
            } else if Self.blocks.contains(path) {
                try load(try setting.block(), path: path)
            } else if let treatment = Self.future[path] {
                if case .accessControl = treatment, !setting.isSwitchedOff {
                    throw setting.error(.accessControlUnavailable)
                }
                warnings.append(ConfigurationWarning(.notSupportedYet, key: key, at: member.keyLocation))
            } else {
                try loadUnknown(member, key: key)
            }
        }
    }

    private mutating func loadUnknown(_ member: HOCONObject.Member, key: String) throws(ConfigurationError) {
        let nearest = NearestKey.find(key, among: Self.knownKeys)
        // A slip of the pen in the block which protects the broker must not open it; nor must a key with quoted dots.
        if key.hasPrefix("auth.") {
            throw ConfigurationError(.unknownAccessKey(nearest: nearest), key: key, at: member.keyLocation)
        }
        warnings.append(ConfigurationWarning(.unknownKey(nearest: nearest), key: key, at: member.keyLocation))
    }
}

extension ConfigurationKey {
    fileprivate var elements: [String] {
        path.split(separator: ".").map(String.init)
    }
}

extension Setting {
    /// The value as a block of keys.
    func block() throws(ConfigurationError) -> HOCONObject {
        try read("a block { ... }") { value throws(HOCONError) in try value.object() }
    }

    /// Whether the value is a block which says `enable = false`. A quoted "false" does not count: in a list of
    /// passwords, it would be one.
    var isSwitchedOff: Bool {
        guard case .object(let object) = value.content else { return false }
        return object["enable"]?.content == .boolean(false)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import HOCON

extension NanoConfiguration {
    /// What gives the tree of a file which the configuration names: `auth.acl.file`.
    public typealias FileReader =
        (_ path: String, _ key: String, _ source: ConfigurationSource) throws(ConfigurationError) -> HOCONObject

    /// Reads a configuration: defaults, then the tree of a file, the environment, and the command line.
    ///
    /// - Parameters:
    ///   - root: the tree of the file; an empty one if there is none.
    ///   - environment: the variables of the process; those named `NANOMQ_*` are looked at.
    ///   - overrides: what the command line says.
    ///   - readFile: gives the tree of a file that the configuration names.
    /// - Throws: the first value of a wrong type or out of range, and the first key whose ignoring would be dangerous.
    public static func load(
        hocon root: HOCONObject,
        environment: [String: String] = [:],
        overrides: CommandLineOverrides = CommandLineOverrides(),
        readFile: FileReader = { _, key, source throws(ConfigurationError) in
            throw ConfigurationError(.unreadable(reason: "no files here"), key: key, source: source)
        }
    ) throws(ConfigurationError) -> LoadedConfiguration {
        var tree = ConfigurationTree(root)
        var findings = try EnvironmentVariable.apply(environment, to: &tree)
        findings += overrides.apply(to: &tree)
        var loader = ConfigurationLoader(origins: tree.origins)
        loader.findings = findings
        try loader.load(tree.root, path: [])
        try loader.readRules(readFile)
        try loader.check(tree.root)
        return loader.result
    }
}

/// Walks the tree and hands each value to the definition of its key.
struct ConfigurationLoader {
    let origins: [String: ConfigurationSource]
    var findings = Findings()
    private var loaded = LoadedConfiguration()

    init(origins: [String: ConfigurationSource]) {
        self.origins = origins
    }

    var result: LoadedConfiguration {
        var result = loaded
        result.warnings = findings.warnings
        result.notes = findings.notes
        return result
    }

    private static let definitions: [[String]: Definition<NanoConfiguration>] = Dictionary(
        Definitions.all.map { ($0.elements, $0) }
    ) { first, _ in first }

    private static let blocks: Set<[String]> = Set(
        Definitions.all.map(\.elements).flatMap { path in path.indices.dropFirst().map { Array(path[..<$0]) } }
    )

    private static let future = Set(FutureKey.all.map(\.path))

    static let knownKeys: [String] =
        Definitions.all.map(\.path)
        + FutureKey.all.map { $0.path.joined(separator: ".") }
        + ["listeners"] + blocks.map { $0.joined(separator: ".") }.sorted()

    mutating func load(_ object: HOCONObject, path: [String]) throws(ConfigurationError) {
        for member in object.members {
            let path = path + [member.key]
            let setting = Setting(key: path.joined(separator: "."), value: member.value, origins: origins)
            if path == ["listeners"] {
                try loadListeners(setting)
            } else if let definition = Self.definitions[path] {
                try definition.read(setting, &loaded.configuration, &findings)
                loaded.sources[setting.key] = setting.source
            } else if Self.blocks.contains(path) {
                let block = try setting.block()
                enter(path)
                try load(block, path: path)
            } else if Self.future.contains(path) {
                if !setting.isSwitchedOff { warn(.notSupportedYet, member, setting) }
            } else {
                try loadUnknown(member, setting)
            }
        }
    }

    private mutating func loadListeners(_ setting: Setting) throws(ConfigurationError) {
        var reader = ListenerReader()
        try reader.read(setting)
        loaded.configuration.listeners = reader.listeners
        loaded.sources.merge(reader.sources) { first, _ in first }
        findings += reader.findings
    }

    /// What a block means by being there. Its key `enable`, if there is one, is read after that.
    private mutating func enter(_ path: [String]) {
        switch path {
        case ["auth", "acl"]: loaded.configuration.auth.rules.isEnabled = true
        case ["auth", "http_auth"]: loaded.configuration.auth.http.isEnabled = true
        case ["auth", "jwt"]: loaded.configuration.auth.tokens.isEnabled = true
        case ["sqlite"]: loaded.configuration.isStored = true
        default: break
        }
    }

    private mutating func loadUnknown(_ member: HOCONObject.Member, _ setting: Setting) throws(ConfigurationError) {
        let nearest = NearestKey.find(setting.key, among: Self.knownKeys)
        // A slip of the pen in the block which protects the broker must not open it; nor must a key with quoted dots.
        if setting.key.hasPrefix("auth.") {
            throw ConfigurationError(
                .unknownAccessKey(nearest: nearest),
                key: setting.key,
                source: origins[setting.key] ?? .file(member.keyLocation)
            )
        }
        warn(.unknownKey(nearest: nearest), member, setting)
    }

    private mutating func warn(
        _ kind: ConfigurationWarning.Kind,
        _ member: HOCONObject.Member,
        _ setting: Setting
    ) {
        let source = origins[setting.key] ?? .file(member.keyLocation)
        findings.warnings.append(ConfigurationWarning(kind, key: setting.key, source: source))
    }

    /// Adds the rules of `auth.acl.file`.
    mutating func readRules(_ readFile: NanoConfiguration.FileReader) throws(ConfigurationError) {
        let key = "auth.acl.file"
        guard let path = loaded.configuration.auth.rules.file, loaded.configuration.auth.rules.isEnabled else { return }
        let root = try readFile(path, key, loaded.sources[key] ?? .standard)
        for member in root.members {
            let setting = Setting(key: "auth.acl.\(member.key)", value: member.value)
            guard member.key == "rules" else {
                let nearest = NearestKey.find(setting.key, among: ["auth.acl.rules"])
                throw ConfigurationError(
                    .unknownAccessKey(nearest: nearest),
                    key: setting.key,
                    source: .file(member.keyLocation)
                )
            }
            loaded.configuration.auth.rules.rules += try setting.accessRules()
        }
    }
}

extension Definition {
    fileprivate var elements: [String] {
        path.split(separator: ".").map(String.init)
    }
}

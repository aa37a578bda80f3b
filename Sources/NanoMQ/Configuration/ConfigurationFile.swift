//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
public import NanoConfiguration
import SystemPackage

/// Reads a configuration from files: the only place where they are opened.
public enum ConfigurationFile {
    /// Where the file is if nobody says another one, and there is none beside the executable.
    public static let systemPath = "/etc/nanomq.conf"

    /// The name of the file which is looked for beside the executable.
    public static let name = "nanomq.conf"

    /// The variable of the environment which names the file.
    public static let variable = "NANOMQ_CONF_PATH"

    /// A file, and the form it is written in.
    public enum Choice: Sendable, Equatable {
        /// HOCON: `--conf`.
        case hocon(String)
        /// The original's flat form: `--old_conf`.
        case old(String)

        /// The path of the file.
        public var path: String {
            switch self {
            case .hocon(let path), .old(let path): path
            }
        }
    }

    /// Finds the file of a broker that is not told which to read: the one which the environment names, else
    /// `nanomq.conf` in the directory of the executable, else `/etc/nanomq.conf`.
    ///
    /// - Returns: the file; `nil` if there is none, so that the defaults apply. One that is named is returned even if it
    ///   is not there, for then it is an error to be told.
    public static func find(
        environment: [String: String] = ProcessEnvironment.variables,
        executable: String? = ProcessEnvironment.executablePath
    ) -> Choice? {
        if let named = environment[Self.variable], !named.isEmpty { return .hocon(named) }
        let beside = executable.map { FilePath($0).removingLastComponent().appending(Self.name).string }
        return [beside, Self.systemPath].compactMap(\.self).first(where: self.exists).map { .hocon($0) }
    }

    /// Reads a file and all it includes, and lays the environment and the command line over it.
    ///
    /// - Parameters:
    ///   - choice: the file; `nil` for none, then a note says that the defaults apply.
    ///   - environment: its `NANOMQ_*` variables set keys, and substitutions fall back to all of them.
    ///   - overrides: what the command line says.
    /// - Throws: ``ConfigurationFileError``; a broker is not started on half a configuration.
    public static func load(
        _ choice: Choice?,
        environment: [String: String] = ProcessEnvironment.variables,
        overrides: CommandLineOverrides = CommandLineOverrides()
    ) throws(ConfigurationFileError) -> LoadedConfiguration {
        let tree = try choice.map { choice throws(ConfigurationFileError) in
            switch choice {
            case .hocon(let path): try FileTree.hocon(path, environment: environment)
            case .old(let path): try FileTree.old(path)
            }
        }
        do throws(ConfigurationError) {
            let root = tree?.root ?? HOCONObject(at: SourceLocation(file: "", line: 1, column: 1))
            var loaded = try NanoConfiguration.load(hocon: root, environment: environment, overrides: overrides) {
                path,
                key,
                source throws(ConfigurationError) in
                try self.rules(path, key, source, environment: environment)
            }
            loaded.warnings = (tree?.warnings ?? []) + loaded.warnings
            loaded.notes = (tree?.notes ?? []) + loaded.notes
            loaded.file = choice?.path
            if choice == nil { loaded.notes.append(ConfigurationWarning(.noFile, key: "", source: .standard)) }
            return loaded
        } catch {
            throw ConfigurationFileError(description: "\(error)")
        }
    }

    /// Reads the file that `auth.acl.file` names. A relative name is relative to the file which names it.
    private static func rules(
        _ path: String,
        _ key: String,
        _ source: ConfigurationSource,
        environment: [String: String]
    ) throws(ConfigurationError) -> HOCONObject {
        var path = path
        if case .file(let location) = source {
            path =
                IncludeRequest(name: path, includingFile: location.file, isRequired: true, location: location).path
        }
        do throws(ConfigurationFileError) {
            return try FileTree.hocon(path, environment: environment, requiresIncludes: true).root
        } catch {
            throw ConfigurationError(.unreadable(reason: "\(error)"), key: key, source: source)
        }
    }

    private static func exists(_ path: String) -> Bool {
        // One that cannot be opened is there all the same, and is an error when it is read.
        do {
            try FileDescriptor.open(FilePath(path), .readOnly).close()
            return true
        } catch {
            return (error as? Errno) != .noSuchFileOrDirectory && (error as? Errno) != .notDirectory
        }
    }
}

/// What is wrong with a configuration file: the place, the key and what was expected.
public struct ConfigurationFileError: Error, CustomStringConvertible, Equatable {
    /// For people.
    public let description: String
}

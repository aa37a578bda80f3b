//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoConfiguration
import NanoMQ
import SystemPackage

/// Which broker is meant.
struct ServiceOptions: ParsableArguments {
    @Option(
        name: .customLong("pid_file"),
        help: ArgumentHelp(
            "PID file; default: NANOMQ_PID_FILE, else system.pid_file of the configuration.",
            discussion: "A broker holds a lock on it for as long as it lives. none: no PID file.",
            valueName: "file"
        )
    )
    var pidFile: String?

    @Option(
        name: .customLong("control_socket"),
        help: ArgumentHelp(
            "Control socket; default: NANOMQ_CONTROL_SOCKET, else system.control_socket of the configuration.",
            discussion: "auto: beside the PID file, as without any of these. none: no socket.",
            valueName: "file"
        )
    )
    var controlSocket: String?

    /// Where they are: as said here, or in the environment, or in the configuration file that a broker would find.
    var paths: ServicePaths {
        var overrides = CommandLineOverrides()
        overrides.pidFile = self.pidFile
        overrides.controlSocket = self.controlSocket
        // A broker that runs can be told to stop whatever has become of its file meanwhile.
        let loaded =
            (try? ConfigurationFile.load(ConfigurationFile.find(), overrides: overrides))
            ?? (try? ConfigurationFile.load(nil, overrides: overrides))
        return ServicePaths(loaded ?? LoadedConfiguration())
    }
}

/// Where PID file and control socket of a broker are.
struct ServicePaths {
    /// Instead of a path: there is to be none.
    static let none = "none"
    /// Instead of a path of the control socket: beside the PID file.
    static let auto = "auto"

    /// Nil if there is to be none.
    let pidFile: FilePath?
    /// Nil if there is to be none.
    let controlSocket: FilePath?
    /// Somebody asked for this PID file, so it has to be had.
    let isExplicit: Bool

    /// The same for the control socket.
    let isSocketExplicit: Bool

    /// What a configuration says: the command line and the environment are in it.
    init(_ loaded: LoadedConfiguration) {
        let system = loaded.configuration.system
        self.pidFile = system.pidFile.map { FilePath($0.absolutePath) }
        self.controlSocket = system.controlSocketPath.map { FilePath($0.absolutePath) }
        self.isExplicit = loaded.source(of: "system.pid_file") != .standard
        self.isSocketExplicit = loaded.source(of: "system.control_socket") != .standard
    }

    /// Whether a running broker leaves anything by which it can be found.
    var areFindable: Bool { self.pidFile != nil || self.controlSocket != nil }

    /// For a command that has to find one.
    func requireFindable() throws {
        guard self.areFindable else {
            throw Failure("Without a PID file and a control socket a running broker cannot be found.")
        }
    }
}

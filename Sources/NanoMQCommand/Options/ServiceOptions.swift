//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoMQ
import SystemPackage

/// Which broker is meant.
struct ServiceOptions: ParsableArguments {
    @Option(
        name: .customLong("pid_file"),
        help: ArgumentHelp(
            "PID file; default: NANOMQ_PID_FILE, else \(ServicePaths.defaultPIDFile).",
            discussion: "A broker holds a lock on it for as long as it lives. none: no PID file.",
            valueName: "file"
        )
    )
    var pidFile: String?

    @Option(
        name: .customLong("control_socket"),
        help: ArgumentHelp(
            "Control socket; default: NANOMQ_CONTROL_SOCKET, else beside the PID file. none: no socket.",
            valueName: "file"
        )
    )
    var controlSocket: String?

    /// Where they are.
    var paths: ServicePaths {
        ServicePaths(pidFile: self.pidFile, controlSocket: self.controlSocket)
    }
}

/// Where PID file and control socket of a broker are.
struct ServicePaths {
    /// That of the original.
    static let defaultPIDFile = "/tmp/nanomq/nanomq.pid"
    /// Instead of a path.
    static let none = "none"

    /// Nil if there is to be none.
    let pidFile: FilePath?
    /// Nil if there is to be none.
    let controlSocket: FilePath?
    /// Somebody asked for this PID file, so it has to be had.
    let isExplicit: Bool

    /// The same for the control socket.
    let isSocketExplicit: Bool

    /// The command line goes before the environment.
    init(
        pidFile: String?,
        controlSocket: String?,
        environment: [String: String] = ProcessEnvironment.variables
    ) {
        let file = pidFile ?? environment["NANOMQ_PID_FILE"].nonEmpty
        let socket = controlSocket ?? environment["NANOMQ_CONTROL_SOCKET"].nonEmpty
        self.isExplicit = file != nil
        self.isSocketExplicit = socket != nil
        self.pidFile = Self.path(file ?? Self.defaultPIDFile)
        if let socket {
            self.controlSocket = Self.path(socket)
        } else {
            var path = self.pidFile
            path?.extension = "sock"
            self.controlSocket = path
        }
    }

    private static func path(_ text: String) -> FilePath? {
        text == self.none ? nil : FilePath(text.absolutePath)
    }

    /// The PID file of a command that needs one.
    func requirePIDFile() throws -> FilePath {
        guard let pidFile else { throw Failure("Without a PID file a running broker cannot be found.") }
        return pidFile
    }
}

extension Optional<String> {
    /// A variable that is set to nothing counts as not set.
    fileprivate var nonEmpty: String? { self?.isEmpty == false ? self : nil }
}

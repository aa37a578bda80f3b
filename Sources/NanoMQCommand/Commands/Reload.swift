//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import ServiceControl
import SystemPackage

/// `nanomq reload`: has the running broker take over its configuration, and says what came of it.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have the running broker take over its configuration.",
        discussion: """
            The whole of the new configuration is checked first; if anything is wrong, nothing changes and the exit \
            code is 1. Else each key that has changed is named, with whether it holds now or after a restart.
            """
    )

    @Option(help: ArgumentHelp("Another configuration file, from now on.", valueName: "file"))
    var conf: String?

    @OptionGroup
    var service: ServiceOptions

    func run() throws {
        let paths = self.service.paths
        let socket = try paths.runningControlSocket()
        let file = self.conf.map { [ControlMessage.Field("file", $0.absolutePath)] } ?? []
        let reply = try ControlClient.send(ControlMessage("reload", file), to: socket)
        for warning in reply.values("warning") { Console.error("warning: \(warning)") }
        guard reply.head == ControlMessage.ok else {
            throw Failure("reload failed, nothing has changed: \(reply["message"] ?? "no reason given")")
        }
        for key in reply.values("applied") { Console.print("applied: \(key)") }
        for key in reply.values("restart") { Console.print("needs a restart: \(key)") }
        for note in reply.values("note") { Console.print("note: \(note)") }
        Console.print("reload succeed!")
    }
}

extension ServicePaths {
    /// The control socket of a broker that runs.
    func runningControlSocket() throws -> FilePath {
        if self.areFindable {
            guard case .running = try BrokerPresence(at: self) else {
                throw Failure("There is no running NanoMQ instance.")
            }
        }
        guard let controlSocket else { throw Failure("Without a control socket the broker cannot be asked.") }
        return controlSocket
    }
}

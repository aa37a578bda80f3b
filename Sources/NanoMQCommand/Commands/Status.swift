//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import ServiceControl
import SystemPackage

/// `nanomq status`: whether a broker runs, which, since when, and where it listens.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether the broker runs, and where it listens.",
        discussion: "The exit code is 0 if it runs, 3 if not, and 4 if that cannot be told."
    )

    /// Linux Standard Base, exit codes of `status`.
    private enum Code {
        static let notRunning = ExitCode(3)
        static let unknown = ExitCode(4)
    }

    @OptionGroup
    var service: ServiceOptions

    func run() throws {
        let paths = self.service.paths
        try paths.requireFindable()
        let presence: BrokerPresence
        do {
            presence = try BrokerPresence(at: paths)
        } catch {
            Console.error("\(error)")
            throw Code.unknown
        }
        switch presence {
        case .none:
            Console.print("NanoMQ is not running.")
            throw Code.notRunning
        case .stale(let file):
            Console.print("NanoMQ is not running; \(file) is left from one that was.")
            throw Code.notRunning
        case .running(let pid, let file):
            if file == nil, let lost = paths.pidFile {
                Console.error("\(lost): not the PID file of the running broker any more; its control socket answers.")
            }
            self.describe(pid, file: file, paths)
        }
    }

    private func describe(_ pid: Int32?, file: FilePath?, _ paths: ServicePaths) {
        var lines = ["NanoMQ is running.", "pid: \(pid.map(String.init) ?? "not visible from here")"]
        var trouble: String?
        if let socket = paths.controlSocket {
            do {
                let reply = try ControlClient.send(ControlMessage("status"), to: socket, timeout: .seconds(2))
                lines += reply.fields.filter { $0.name != "pid" }.map { "\($0.name): \($0.value)" }
            } catch {
                trouble = "\(error)"
            }
        } else {
            trouble = "there is no control socket to ask for more"
        }
        if let trouble {
            if let age = file.flatMap(PIDFile.age(of:)) { lines.append("uptime: \(age) s") }
            Console.error(trouble)
        }
        Console.print(lines.joined(separator: "\n"))
    }
}

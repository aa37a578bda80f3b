//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoConfiguration
import ServiceControl

/// `nanomq start`: runs the broker, in the foreground or as a daemon.
struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the broker, in the foreground unless told otherwise.",
        discussion: """
            SIGINT and SIGTERM end it gracefully: clients are told, wills are kept back; the second one ends it at \
            once. SIGHUP reloads the configuration, SIGUSR1 opens log files anew.
            """
    )

    @OptionGroup
    var options: StartOptions

    func run() async throws {
        var options = self.options.withAbsolutePaths()
        if let daemon = Daemon.inherited() {
            try await BrokerService(options: options).run(as: daemon)
            return
        }
        // The file and the environment may say so too.
        options.daemon = try options.load().configuration.system.daemon
        if options.daemon {
            try DaemonStart.run(options)
        } else {
            try await BrokerService(options: options).run(as: nil)
        }
    }
}

/// The start of a daemon, seen from the command that waits for it.
enum DaemonStart {
    static let success = "NanoMQ Broker is started successfully!"

    /// - Throws: when it did not become ready; it has said why itself.
    static func run(_ options: StartOptions) throws {
        switch try Daemon.start(arguments: ["start"] + options.arguments) {
        case .ready: Console.print(self.success)
        case .exited(let code):
            throw Failure("NanoMQ Broker was not started: it ended with code \(code) before it was ready.")
        case .signalled(let number):
            throw Failure("NanoMQ Broker was not started: signal \(number) ended it before it was ready.")
        }
    }
}

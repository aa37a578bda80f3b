//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import BrokerCore
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// `nanomq`, the broker's command.
@main
struct NanoMQCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nanomq",
        abstract: "A fast and safe MQTT broker for the edge.",
        version: "NanoMQ \(BrokerSettings().version)",
        subcommands: [
            Start.self, Stop.self, Restart.self, Reload.self, Status.self, Check.self, Passwd.self,
            Database.self,
        ]
    )

    /// The exit code of everything that did not work and has no code of its own, as in the original.
    private static let failure: Int32 = 1

    /// Without a sub-command: what there is, and exit code 1.
    func run() async throws {
        Console.error(Self.helpMessage() + "\n" + Self.configuration.version)
        throw ExitCode(Self.failure)
    }

    static func main() async {
        do {
            var command = try self.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            self.end(error)
        }
    }

    private static func end(_ error: any Error) -> Never {
        let code = self.exitCode(for: error)
        let message = self.fullMessage(for: error)
        if code.isSuccess {
            Console.print(message)
        } else if !message.isEmpty {
            Console.error(message)
        }
        // The parser's own code for a wrong option is 64.
        Glue.exit(code == .validationFailure ? self.failure : code.rawValue)
    }
}

private enum Glue {
    static func exit(_ code: Int32) -> Never {
        #if canImport(Glibc)
            Glibc.exit(code)
        #elseif canImport(Musl)
            Musl.exit(code)
        #else
            Darwin.exit(code)
        #endif
    }
}

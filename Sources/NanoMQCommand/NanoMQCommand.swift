//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import BrokerCore

/// `nanomq`, the broker's command.
@main
struct NanoMQCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nanomq",
        abstract: "A fast and safe MQTT broker for the edge.",
        version: "NanoMQ \(BrokerSettings().version)",
        subcommands: [Start.self]
    )
}

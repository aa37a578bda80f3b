//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import Logging
import NIOCore
import NanoMQ
import ServiceLifecycle

/// Listens to `sensors/<name>/temperature` inside the process, and publishes on `alarms/<name>` what is too hot.
struct TemperatureAlarm: Service {
    let broker: Broker
    let threshold: Double
    let logger: Logger

    func run() async throws {
        try await self.broker.waitUntilReady()
        let readings = try await self.broker.messages(matching: "sensors/+/temperature")
        for await reading in readings.cancelOnGracefulShutdown() {
            let sensor = reading.topic.split(separator: "/")[1]
            guard let temperature = Double(String(buffer: reading.payload)), temperature > self.threshold else {
                continue
            }
            self.logger.notice("too hot", metadata: ["sensor": "\(sensor)"])
            // Retained, so that whoever looks later sees it too.
            try self.broker.publish(
                Message(
                    topic: "alarms/\(sensor)",
                    payload: ByteBuffer(string: "\(temperature)"),
                    qos: .atLeastOnce,
                    isRetained: true
                )
            )
        }
    }
}

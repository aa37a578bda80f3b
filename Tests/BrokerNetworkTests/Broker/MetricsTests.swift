//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import Metrics
import MetricsTestKit
import NIOCore
import ServiceLifecycle
import Testing

@testable import NanoMQ

extension NetworkTests {
    @Suite struct MetricsTests {
        /// A counter is told what has been added since the last report, a gauge what there is.
        @Test func countersGetDifferences() throws {
            let system = TestMetrics()
            var instruments = MetricsInstruments(factory: system)
            var metrics = BrokerMetrics()
            metrics.clientsConnected = 3
            metrics.bytesReceived = 100
            metrics.droppedExpired = 1
            instruments.report(metrics, subscriptions: 7, retained: 9)
            metrics.clientsConnected = 2
            metrics.bytesReceived = 150
            instruments.report(metrics, subscriptions: 6, retained: 8)

            #expect(try system.expectGauge("nanomq_clients_connected").lastValue == 2)
            #expect(try system.expectGauge("nanomq_subscriptions").lastValue == 6)
            #expect(try system.expectGauge("nanomq_retained_messages").lastValue == 8)
            let received = try system.expectCounter("nanomq_bytes_total", [("direction", "received")])
            #expect(received.values == [100, 50])
            let expired = try system.expectCounter("nanomq_messages_dropped_total", [("cause", "expired")])
            #expect(expired.values == [1])
            #expect(try system.expectCounter("nanomq_protocol_errors_total").values.isEmpty)
        }

        @Test func whatTheBrokerCountsIsReported() async throws {
            let system = TestMetrics()
            try await RunningBroker.with { running in
                let subscriber = try await running.connected("subscriber", clean: false)
                try await subscriber.subscribe("a", "b")
                for qos in [QoS.atMostOnce, .atLeastOnce, .atLeastOnce, .exactlyOnce] {
                    subscriber.publish("a", "x", qos: qos, isRetained: true)
                }
                try await subscriber.ping()
                while running.broker.metrics.messagesReceived < 4, !Task.isCancelled { await Task.yield() }

                // Ended before it begins, it still makes its first report and its last.
                let reporter = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    try await MetricsReporter(broker: running.broker, factory: system).run()
                }
                try await reporter.value
                #expect(try system.expectGauge("nanomq_clients_connected").lastValue == 1)
                #expect(try system.expectGauge("nanomq_sessions").lastValue == 1)
                #expect(try system.expectGauge("nanomq_subscriptions").values == [2, 2])
                #expect(try system.expectGauge("nanomq_retained_messages").lastValue == 1)
                for (qos, count) in [("0", 1), ("1", 2), ("2", 1)] {
                    let counter = try system.expectCounter("nanomq_messages_received_total", [("qos", qos)])
                    #expect(counter.totalValue == Int64(count))
                }
            }
        }

        @Test func itEndsWithTheServicesAroundIt() async throws {
            let system = TestMetrics()
            let broker = Broker(listeners: [], logger: .silent)
            let reporter = MetricsReporter(broker: broker, interval: .seconds(3600), factory: system)
            let group = ServiceGroup(services: [broker, reporter], logger: .silent)
            let running = Task { try await group.run() }
            try await broker.waitUntilReady()
            await group.triggerGracefulShutdown()
            try await running.value
            #expect(try system.expectGauge("nanomq_sessions").lastValue == 0)
        }
    }
}

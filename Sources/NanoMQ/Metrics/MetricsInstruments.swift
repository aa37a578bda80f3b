//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import Metrics

/// The gauges and counters of one broker in a metrics system.
struct MetricsInstruments {
    private typealias Value = @Sendable (BrokerMetrics) -> Int

    private static let counters: [(name: String, dimension: (String, String)?, value: Value)] = [
        ("connections_total", ("result", "accepted"), { $0.connectionsAccepted }),
        ("connections_total", ("result", "refused"), { $0.connectionsRefused }),
        ("bytes_total", ("direction", "received"), { $0.bytesReceived }),
        ("bytes_total", ("direction", "sent"), { $0.bytesSent }),
        ("messages_received_total", ("qos", "0"), { $0.messagesReceivedByQoS.atMostOnce }),
        ("messages_received_total", ("qos", "1"), { $0.messagesReceivedByQoS.atLeastOnce }),
        ("messages_received_total", ("qos", "2"), { $0.messagesReceivedByQoS.exactlyOnce }),
        ("messages_sent_total", nil, { $0.messagesSent }),
        ("messages_acknowledged_total", nil, { $0.messagesAcknowledged }),
        ("messages_without_subscriber_total", nil, { $0.messagesWithoutSubscriber }),
        ("messages_dropped_total", ("cause", DropCause.queueFull.rawValue), { $0.droppedQueueFull }),
        ("messages_dropped_total", ("cause", DropCause.slowReader.rawValue), { $0.droppedSlowReader }),
        ("messages_dropped_total", ("cause", DropCause.expired.rawValue), { $0.droppedExpired }),
        ("messages_dropped_total", ("cause", DropCause.tooLarge.rawValue), { $0.droppedTooLarge }),
        ("messages_dropped_total", ("cause", DropCause.notAuthorized.rawValue), { $0.droppedNotAuthorized }),
        ("refused_total", ("kind", "client"), { $0.clientsRefused }),
        ("refused_total", ("kind", "subscription"), { $0.subscriptionsRefused }),
        ("refused_total", ("kind", "publish"), { $0.publishesRefused }),
        ("refused_total", ("kind", "retained"), { $0.retainedRefused }),
        ("protocol_errors_total", nil, { $0.protocolErrors }),
        ("stuck_readers_total", nil, { $0.stuckReaders }),
        ("keep_alive_timeouts_total", nil, { $0.keepAliveTimeouts }),
        ("subscriptions_revoked_total", nil, { $0.subscriptionsRevoked }),
        ("clients_expelled_total", nil, { $0.clientsExpelled }),
    ]

    private let clientsConnected: Gauge
    private let sessions: Gauge
    private let subscriptions: Gauge
    private let retained: Gauge
    private let counters: [(counter: Counter, value: Value)]
    /// What has been reported: a counter is told how much has been added.
    private var reported = BrokerMetrics()

    init(factory: any MetricsFactory) {
        let gauge = { Gauge(label: "nanomq_" + $0, dimensions: [], factory: factory) }
        self.clientsConnected = gauge("clients_connected")
        self.sessions = gauge("sessions")
        self.subscriptions = gauge("subscriptions")
        self.retained = gauge("retained_messages")
        self.counters = Self.counters.map { name, dimension, value in
            let dimensions = dimension.map { [$0] } ?? []
            return (Counter(label: "nanomq_" + name, dimensions: dimensions, factory: factory), value)
        }
    }

    mutating func report(_ metrics: BrokerMetrics, subscriptions: Int, retained: Int) {
        self.clientsConnected.record(metrics.clientsConnected)
        self.sessions.record(metrics.sessions)
        self.subscriptions.record(subscriptions)
        self.retained.record(retained)
        for (counter, value) in self.counters {
            let added = value(metrics) - value(self.reported)
            if added > 0 { counter.increment(by: added) }
        }
        self.reported = metrics
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
public import Metrics
public import ServiceLifecycle

/// Hands what a broker counts to the program's metrics system (swift-metrics): a `Service` to run beside the broker.
///
/// It reads the broker's sums at an interval, off the event loops: no message costs anything more. Names:
///
/// | Name | Kind | Dimensions |
/// |---|---|---|
/// | `nanomq_clients_connected` | gauge | |
/// | `nanomq_sessions` | gauge | |
/// | `nanomq_subscriptions` | gauge | |
/// | `nanomq_retained_messages` | gauge | |
/// | `nanomq_connections_total` | counter | `result`: accepted, refused |
/// | `nanomq_bytes_total` | counter | `direction`: received, sent |
/// | `nanomq_messages_received_total` | counter | `qos`: 0, 1, 2 |
/// | `nanomq_messages_sent_total` | counter | |
/// | `nanomq_messages_acknowledged_total` | counter | |
/// | `nanomq_messages_without_subscriber_total` | counter | |
/// | `nanomq_messages_dropped_total` | counter | `cause`: queue_full, slow_reader, expired, too_large |
/// | `nanomq_refused_total` | counter | `kind`: client, subscription, publish, retained |
/// | `nanomq_protocol_errors_total` | counter | |
/// | `nanomq_stuck_readers_total` | counter | |
/// | `nanomq_keep_alive_timeouts_total` | counter | |
///
/// And of a broker with a store:
///
/// | Name | Kind |
/// |---|---|
/// | `nanomq_store_sessions`, `nanomq_store_messages`, `nanomq_store_bytes` | gauge |
/// | `nanomq_store_pending_bytes` | gauge |
/// | `nanomq_store_operations_total` | counter |
/// | `nanomq_store_commits_total`, `nanomq_store_commit_microseconds_total` | counter |
/// | `nanomq_store_longest_commit_microseconds`, since the start of the broker | gauge |
/// | `nanomq_store_failures_total` | counter |
public final class MetricsReporter: Service {
    private let broker: Broker
    private let interval: Duration
    private let factory: any MetricsFactory

    /// - Parameters:
    ///   - interval: the time between two reports. The broker's sums are up to half a second old.
    ///   - factory: where they go; nil: the system that the program has bootstrapped.
    public init(broker: Broker, interval: Duration = .seconds(10), factory: (any MetricsFactory)? = nil) {
        self.broker = broker
        self.interval = interval
        self.factory = factory ?? MetricsSystem.factory
    }

    /// Reports at once and then at every interval, until it is cancelled or a graceful shutdown is asked for; then
    /// once more.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var instruments = MetricsInstruments(factory: self.factory)
            var storeInstruments: StoreInstruments?
            repeat {
                self.report(to: &instruments)
                self.report(to: &storeInstruments)
                try? await Task.sleep(for: self.interval)
            } while !Task.isCancelled
            self.report(to: &instruments)
            self.report(to: &storeInstruments)
        }
    }

    private func report(to instruments: inout StoreInstruments?) {
        guard let metrics = self.broker.storeMetrics else { return }
        var reporting = instruments ?? StoreInstruments(factory: self.factory)
        reporting.report(metrics)
        instruments = reporting
    }

    private func report(to instruments: inout MetricsInstruments) {
        instruments.report(
            self.broker.metrics,
            subscriptions: self.broker.state.subscriptionCount,
            retained: self.broker.state.retainedCount
        )
    }
}

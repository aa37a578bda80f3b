//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore

/// What holds for the connections that a listener accepts from now on. An object, which connections in their handshake
/// share; another takes its place when the listener changes.
final class ListenerTerms: Sendable {
    let settings: ListenerSettings
    /// The origin of all connections that prove nothing of their client.
    let origin: ConnectionOrigin
    let gauge: ListenerGauge
    /// nil: no TLS.
    let tls: TLSContext?

    init(_ settings: ListenerSettings, port: UInt16, gauge: ListenerGauge, tls: TLSContext?) {
        self.settings = settings
        self.origin = ConnectionOrigin(
            transport: settings.kind,
            listener: settings.name,
            port: port,
            listenerNumber: gauge.listenerNumber
        )
        self.gauge = gauge
        self.tls = tls
    }

    /// Whether there is nothing between the socket and MQTT.
    var isPlain: Bool { self.settings.transport == .tcp && !self.settings.requiresProxyHeader }

    /// Tells the operator, rarely, that a connection is closed at once because of a limit of the listener.
    func logLimit(refusing channel: any Channel, by driver: ShardDriver) {
        guard self.gauge.mayLog(at: driver.now) else { return }
        let peer = channel.remoteAddress?.peerAddress ?? "unknown"
        driver.log(.connectionLimit(peer: peer, listener: self.settings.label))
    }
}

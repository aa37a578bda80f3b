//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import Logging
import NIOCore
import NanoConfiguration
import NanoMQ
import ServiceControl

extension Broker {
    /// A broker as a configuration describes it. Sockets that the service manager has opened take the place of the
    /// configured TCP listeners.
    convenience init(configuration: NanoConfiguration, sockets: [SocketActivation.Socket], logger: Logger) {
        let configured = configuration.listeners.map { Broker.Listener.tcp(host: $0.host, port: $0.port) }
        let inherited = sockets.map { Broker.Listener.inherited(descriptor: $0.descriptor, name: $0.name) }
        self.init(
            listeners: inherited.isEmpty ? configured : inherited,
            settings: BrokerSettings(configuration),
            threads: configuration.system.threads,
            shutdownTimeout: configuration.limits.shutdownTimeout,
            logger: logger
        )
    }

    /// Where it listens, for people.
    var listenerNames: [String] {
        self.addresses.map { address in
            let host = address.ipAddress ?? "?"
            return "tcp \(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
        }
    }
}

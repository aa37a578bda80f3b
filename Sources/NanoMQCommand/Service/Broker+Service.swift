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

extension BrokerPlan {
    /// Sockets that the service manager has opened take the place of the configured TCP listeners, and with it their
    /// terms: of the one with the socket's name, else the one without a name, else the first.
    func with(_ sockets: [SocketActivation.Socket]) -> BrokerPlan {
        guard !sockets.isEmpty else { return self }
        var plan = self
        let configured = self.listeners.filter { $0.kind == .tcp }
        plan.listeners.removeAll { $0.kind == .tcp }
        if configured.isEmpty {
            plan.warnings.append(
                "no TCP listener is configured: sockets of the service manager have no limits of their own"
            )
        }
        var names: Set<String> = []
        for socket in sockets {
            // Names tell listeners apart, and a service manager's need not differ.
            var name = socket.name
            var number = 1
            while !names.insert(name).inserted {
                number += 1
                name = "\(socket.name)-\(number)"
            }
            var listener =
                configured.first { $0.name == socket.name } ?? configured.first { $0.name == "default" }
                ?? configured.first ?? Broker.Listener(host: socket.name, port: 0)
            // Its address is the socket's: what is configured must not stand for it.
            listener.name = name
            listener.host = socket.name
            listener.port = 0
            listener.inheritedDescriptor = socket.descriptor
            plan.listeners.append(listener)
        }
        return plan
    }

    /// Says so where strangers may do everything.
    func warnOfOpenListeners(_ logger: Logger) {
        guard self.isOpen else { return }
        for listener in self.listeners where !listener.isLoopback {
            logger.warning(
                "anybody who reaches this listener may publish and subscribe: see auth in the configuration",
                metadata: ["listener": "\(listener.label)", "address": "\(listener.address)"]
            )
        }
    }
}

extension Broker.Listener {
    fileprivate var isLoopback: Bool {
        self.host == "localhost" || self.host == "::1" || self.host.hasPrefix("127.")
    }
}

extension Broker {
    /// Where it listens, for people.
    var listenerNames: [String] {
        self.listenerStatus.map { status in
            guard let address = status.address, let host = address.ipAddress else { return status.settings.label }
            let shown = host.contains(":") ? "[\(host)]" : host
            return "\(status.settings.label) \(shown):\(address.port ?? 0)"
        }
    }
}

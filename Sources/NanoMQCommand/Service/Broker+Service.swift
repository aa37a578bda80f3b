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
    /// Sockets that the service manager has opened take the place of the configured TCP listeners.
    func with(_ sockets: [SocketActivation.Socket]) -> BrokerPlan {
        guard !sockets.isEmpty else { return self }
        var plan = self
        plan.listeners.removeAll { $0.kind == .tcp }
        plan.listeners += sockets.enumerated().map { index, socket in
            // Names tell listeners apart, and a service manager's need not differ.
            let isNameTaken = sockets[..<index].contains { $0.name == socket.name }
            let name = isNameTaken ? "\(socket.name)-\(index + 1)" : socket.name
            var listener = Broker.Listener(name: name, host: socket.name, port: 0)
            listener.inheritedDescriptor = socket.descriptor
            return listener
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

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// An address at which the broker listens, and how it speaks there. Only listeners which are enabled become one.
public struct Listener: Sendable, Equatable {
    /// How clients speak to a listener.
    public enum Kind: String, ConfigurationChoice {
        /// MQTT over TCP.
        case tcp
        /// MQTT over TLS.
        case ssl
        /// MQTT over WebSocket.
        case ws
        /// MQTT over WebSocket over TLS.
        case wss
    }

    /// The name of the listener that has none in the file.
    public static let defaultName = "default"

    /// The path of a WebSocket listener whose address has none.
    public static let standardPath = "/mqtt"

    /// The listener which a broker has if its file speaks of none: TCP, 0.0.0.0:1883.
    public static let standard = Listener(name: defaultName, host: "0.0.0.0", port: Kind.tcp.standardPort)

    /// How clients speak to it.
    public var kind: Kind

    /// The name in the file; `default` for the one without a name. Unique among the listeners of a kind.
    public var name: String

    /// The host name or address, an IPv6 address without its brackets.
    public var host: String

    /// The port, 0...65535; with 0 the system chooses one.
    public var port: Int

    /// The path at which WebSocket clients are taken, from `/`; `nil` for the other kinds.
    public var path: String?

    /// Connections at one time; `nil` means unlimited. `limits.max_connections` applies to all listeners together.
    public var maximumConnections: Int?

    /// New connections per second; `nil` means unlimited.
    public var maximumConnectRate: Int?

    /// Whether each connection must begin with a header of the PROXY protocol, version 1 or 2.
    public var proxyProtocol = false

    /// The values of the header `Origin` that are taken; `nil` takes any, and none. Only for WebSocket.
    public var origins: [String]?

    /// Certificates and all about TLS; `nil` for the kinds without it.
    public var tls: ListenerTLS?

    /// Makes a listener from its parts. The path of a WebSocket listener is `/mqtt` unless it is said.
    public init(kind: Kind = .tcp, name: String, host: String, port: Int, path: String? = nil) {
        self.kind = kind
        self.name = name
        self.host = host
        self.port = port
        self.path = kind.isWebSocket ? path ?? Self.standardPath : nil
        self.tls = kind.isSecure ? ListenerTLS() : nil
    }
}

extension Listener.Kind {
    /// The port of a listener whose block has no address. 1883 and 8883 are assigned to MQTT by IANA, the others are
    /// the original's.
    public var standardPort: Int {
        switch self {
        case .tcp: 1_883
        case .ssl: 8_883
        case .ws: 8_083
        case .wss: 8_086
        }
    }

    /// Whether there is TLS below MQTT.
    public var isSecure: Bool { self == .ssl || self == .wss }

    /// Whether there is WebSocket below MQTT.
    public var isWebSocket: Bool { self == .ws || self == .wss }
}

extension Listener {
    /// The key of the listener's block in the file: `listeners.tcp`, or `listeners.tcp.<name>`.
    public var key: String {
        let block = "listeners.\(kind.rawValue)"
        return name == Self.defaultName ? block : "\(block).\(Format.string(name))"
    }

    /// The address as it is written in the file: `host:port`, `[IPv6]:port`, with the path of a WebSocket.
    public var address: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(host):\(port)\(path ?? "")"
    }
}

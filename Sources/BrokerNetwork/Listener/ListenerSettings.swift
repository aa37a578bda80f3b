//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore

/// Where clients may connect, and on what terms.
public struct ListenerSettings: Sendable, Hashable {
    /// What carries the MQTT packets, with what it needs to be told.
    public enum Transport: Sendable, Hashable {
        /// MQTT over TCP.
        case tcp
        /// MQTT over TLS.
        case tls(TLSSettings)
        /// MQTT over WebSocket.
        case webSocket(WebSocketSettings)
        /// MQTT over WebSocket over TLS.
        case secureWebSocket(WebSocketSettings, TLSSettings)
    }

    /// The name that tells it from the others of its transport.
    public var name: String
    /// An address or a host name; an IPv6 address without brackets.
    public var host: String
    /// A port, 0...65535; 0 for any free one.
    public var port: Int
    /// What carries the packets.
    public var transport: Transport
    /// Open connections, those in their handshake included; nil: any number. More are closed at once.
    public var maximumConnections: Int?
    /// Accepted connections a second; nil: any number. More are closed at once.
    public var maximumConnectRate: Int?
    /// Connections that may be in their handshake (PROXY header, TLS, WebSocket) at once. More are closed at once.
    /// A handshake holds some 20 KB, and for moments more.
    public var maximumHandshakes = 2048
    /// Whether each connection begins with a header of the PROXY protocol, version 1 or 2, which says where the
    /// client is. Without one it is closed. Only for listeners that nobody but the proxy can reach.
    public var requiresProxyHeader = false
    /// A descriptor that is bound already (socket activation); it belongs to the listener from then on. `host` and
    /// `port` are for people only.
    public var inheritedDescriptor: Int32?
    /// Whether it leaves IPv4 clients of its port to another listener; see ``separated(_:)``.
    private(set) var isIPv6Only = false

    /// Puts settings together.
    public init(name: String = "default", host: String, port: Int, transport: Transport = .tcp) {
        self.name = name
        self.host = host
        self.port = port
        self.transport = transport
    }

    /// MQTT over TCP.
    public static func tcp(host: String, port: Int) -> Self { Self(host: host, port: port) }

    /// MQTT over TLS.
    public static func tls(host: String, port: Int, _ settings: TLSSettings) -> Self {
        Self(host: host, port: port, transport: .tls(settings))
    }

    /// Transport and name as operators write them: `tcp:default`.
    public var label: String { "\(self.kind.rawValue):\(self.name)" }

    /// What carries the packets, as clients' ``ConnectionOrigin`` says it.
    public var kind: ConnectionOrigin.Transport {
        switch self.transport {
        case .tcp: .tcp
        case .tls: .tls
        case .webSocket: .webSocket
        case .secureWebSocket: .secureWebSocket
        }
    }

    /// What its TLS is told; nil: none.
    public var tls: TLSSettings? {
        switch self.transport {
        case .tls(let settings), .secureWebSocket(_, let settings): settings
        case .tcp, .webSocket: nil
        }
    }

    /// What its WebSocket is told; nil: none.
    public var webSocket: WebSocketSettings? {
        switch self.transport {
        case .webSocket(let settings), .secureWebSocket(let settings, _): settings
        case .tcp, .tls: nil
        }
    }

    /// The address as operators write it: `0.0.0.0:1883`, `[::1]:1883`.
    public var address: String {
        self.isIPv6 ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }

    /// Reads the files that it names; blocks while it does.
    ///
    /// - Throws: ``ListenerError`` when a listener could not be opened with them.
    package func check() throws(ListenerError) {
        guard let tls else { return }
        do throws(ListenerError) {
            _ = try TLSContext(tls, for: self.kind)
        } catch {
            throw ListenerError("\(self.label): \(error.description)")
        }
    }

    /// Whether the two listen at the same place.
    func isBound(like other: Self) -> Bool {
        self.host == other.host && self.port == other.port && self.inheritedDescriptor == other.inheritedDescriptor
            && self.isIPv6Only == other.isIPv6Only
    }

    /// The same listeners, of which those on all IPv6 addresses take no IPv4 clients where another one listens on their
    /// port for these: the system lets only one of the two have them.
    static func separated(_ listeners: [Self]) -> [Self] {
        listeners.map { listener in
            var listener = listener
            listener.isIPv6Only =
                listener.isOnAllIPv6Addresses && listener.port != 0
                && listeners.contains { $0.port == listener.port && !$0.isIPv6 && $0.inheritedDescriptor == nil }
            return listener
        }
    }

    private var isIPv6: Bool { self.host.utf8.contains(UInt8(ascii: ":")) }

    /// `::`, however it is written.
    private var isOnAllIPv6Addresses: Bool {
        self.isIPv6 && self.inheritedDescriptor == nil
            && self.host.utf8.allSatisfy { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "0") }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// How a client's connection came to the broker, and what the connection itself proves of the client.
///
/// An object, because all plain connections of a listener share one.
public final class ConnectionOrigin: Sendable, Hashable, CustomStringConvertible {
    /// What carries the MQTT packets.
    public enum Transport: String, Sendable {
        /// TCP.
        case tcp
        /// TLS over TCP.
        case tls = "ssl"
        /// WebSocket.
        case webSocket = "ws"
        /// WebSocket over TLS.
        case secureWebSocket = "wss"
        /// None: the program that embeds the broker.
        case embedded
    }

    /// What carries the packets.
    public let transport: Transport
    /// The listener's name in the configuration.
    public let listener: String
    /// The port the listener is bound to; 0 where there is none.
    public let port: UInt16
    /// The certificate that the client has proved to own; nil: none.
    public let certificate: CertificateIdentity?
    /// The user name that the connection proves, by a certificate or a shared key; it stands in for the one in
    /// CONNECT. nil: none.
    public let userName: String?
    /// Tells the listener from all others of this process, also from one that has its name and port before or after it.
    /// 0: of no listener.
    package let listenerNumber: UInt64

    /// Puts an origin together.
    public convenience init(
        transport: Transport,
        listener: String,
        port: UInt16 = 0,
        certificate: CertificateIdentity? = nil,
        userName: String? = nil
    ) {
        self.init(
            transport: transport,
            listener: listener,
            port: port,
            certificate: certificate,
            userName: userName,
            listenerNumber: 0
        )
    }

    /// Puts the origin of a listener's clients together.
    package init(
        transport: Transport,
        listener: String,
        port: UInt16,
        certificate: CertificateIdentity? = nil,
        userName: String? = nil,
        listenerNumber: UInt64
    ) {
        self.transport = transport
        self.listener = listener
        self.port = port
        self.certificate = certificate
        self.userName = userName
        self.listenerNumber = listenerNumber
    }

    /// Transport and listener as operators write them: `tcp:default`.
    public var description: String { "\(self.transport.rawValue):\(self.listener)" }

    /// The program that embeds the broker.
    public static let embedded = ConnectionOrigin(transport: .embedded, listener: "embedded")

    /// Whether all their public parts are equal.
    public static func == (left: ConnectionOrigin, right: ConnectionOrigin) -> Bool {
        left === right
            || left.transport == right.transport && left.listener == right.listener && left.port == right.port
                && left.certificate == right.certificate && left.userName == right.userName
    }

    /// Feeds the parts that tell origins apart.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.transport)
        hasher.combine(self.listener)
        hasher.combine(self.userName)
    }
}

/// Whom a client's certificate names.
public struct CertificateIdentity: Sendable, Hashable {
    /// The subject's common name; empty if it has none.
    public let commonName: String
    /// The whole subject, as RFC 4514 writes it: `CN=sensor-7,O=Example`.
    public let subject: String

    /// Puts an identity together.
    public init(commonName: String, subject: String) {
        self.commonName = commonName
        self.subject = subject
    }
}

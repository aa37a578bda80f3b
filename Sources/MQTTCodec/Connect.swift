//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// CONNECT: the first packet of a client (section 3.1).
public struct Connect: Equatable, Sendable {
    /// The version the connection is to speak.
    public var version: ProtocolVersion
    /// True when the protocol level has bit 0x80 set, by which bridges between brokers tell that they are one. The
    /// bit is a custom of brokers, not part of the standard.
    public var isBridge: Bool
    /// True: forget an older session of this client. Before MQTT 5.0 it also ends the session with the connection.
    public var cleanStart: Bool
    /// Seconds between packets of the client; 0 turns the check off.
    public var keepAlive: UInt16
    /// The client's name, possibly empty: whether that is accepted is the server's decision.
    public var clientIdentifier: String
    /// The message to publish when the client goes away.
    public var will: Will?
    /// The user name.
    public var userName: String?
    /// The password, any bytes. Without a user name only in MQTT 5.0 [MQTT-3.1.2-22].
    public var password: ByteBuffer?
    /// The properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts a CONNECT together; nothing is checked before it is encoded.
    public init(
        version: ProtocolVersion = .v5,
        isBridge: Bool = false,
        cleanStart: Bool = true,
        keepAlive: UInt16 = 60,
        clientIdentifier: String,
        will: Will? = nil,
        userName: String? = nil,
        password: ByteBuffer? = nil,
        properties: Properties = []
    ) {
        self.version = version
        self.isBridge = isBridge
        self.cleanStart = cleanStart
        self.keepAlive = keepAlive
        self.clientIdentifier = clientIdentifier
        self.will = will
        self.userName = userName
        self.password = password
        self.properties = properties
    }
}

/// Why a CONNECT is refused, and whether the client would understand an answer.
public struct ConnectError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let error: MQTTError
    /// The form of CONNACK that the client understands; nil: close without an answer. Malformed packets of MQTT 3.1
    /// and 3.1.1 get none [MQTT-3.1.4-1].
    public let version: ProtocolVersion?

    /// Puts an error together.
    public init(error: MQTTError, version: ProtocolVersion?) {
        self.error = error
        self.version = version
    }

    /// What is wrong, in words.
    public var description: String { error.description }
}

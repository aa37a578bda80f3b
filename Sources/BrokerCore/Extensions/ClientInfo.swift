//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// What an extension is told about a client.
public struct ClientInfo: Sendable, Hashable {
    /// The client identifier.
    public let clientIdentifier: String
    /// The user name that its connection proves, or else the one it gave.
    public let userName: String?
    /// Where it connects from.
    public let peer: PeerAddress
    /// How it connects.
    public let origin: ConnectionOrigin
    /// The protocol version it speaks.
    public let version: ProtocolVersion
    /// Whether it says that it is a bridge.
    public let isBridge: Bool
    /// Whether it asked for a clean start.
    public let isCleanStart: Bool
    /// The keep-alive it asked for, in seconds.
    public let keepAlive: UInt16
}

extension ClientInfo {
    /// A client as a store gives it back.
    package init(
        restoring clientIdentifier: String,
        userName: String?,
        peer: PeerAddress,
        origin: ConnectionOrigin,
        version: ProtocolVersion,
        isBridge: Bool,
        isCleanStart: Bool,
        keepAlive: UInt16
    ) {
        self.clientIdentifier = clientIdentifier
        self.userName = userName
        self.peer = peer
        self.origin = origin
        self.version = version
        self.isBridge = isBridge
        self.isCleanStart = isCleanStart
        self.keepAlive = keepAlive
    }

    init(_ connect: Connect, peer: PeerAddress, origin: ConnectionOrigin) {
        self.clientIdentifier = connect.clientIdentifier
        self.userName = origin.userName ?? connect.userName
        self.peer = peer
        self.origin = origin
        self.version = connect.version
        self.isBridge = connect.isBridge
        self.isCleanStart = connect.cleanStart
        self.keepAlive = connect.keepAlive
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// What an extension is told about a client.
public struct ClientInfo: Sendable, Hashable {
    /// The client identifier.
    public let clientIdentifier: String
    /// The user name it gave.
    public let userName: String?
    /// Where it connects from.
    public let peer: PeerAddress
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
    init(_ connect: Connect, peer: PeerAddress) {
        self.clientIdentifier = connect.clientIdentifier
        self.userName = connect.userName
        self.peer = peer
        self.version = connect.version
        self.isBridge = connect.isBridge
        self.isCleanStart = connect.cleanStart
        self.keepAlive = connect.keepAlive
    }
}

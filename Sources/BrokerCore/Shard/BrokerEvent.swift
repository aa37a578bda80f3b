//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// What an operator is told, one line each. Never holds a password or a payload.
package enum BrokerEvent: Sendable {
    case connected(ClientInfo, sessionPresent: Bool)
    case disconnected(ClientInfo, ReasonCode)
    /// A connection ended before its client was let in.
    case refused(client: String?, peer: PeerAddress, ReasonCode, detail: String)
    case protocolError(client: String?, peer: PeerAddress, MQTTError)
    /// A client does not read and has been cut off.
    case stuckReader(ClientInfo)
    /// A client's queue is full, said once until it has drained.
    case queueFull(ClientInfo)
    case retainedLimit
    /// A client's message of QoS 1 or 2 was refused because it could not be stored.
    case notStored(ClientInfo, ReasonCode)
    /// A client has been told that its session is not kept, or has been refused, because of the limit of sessions.
    case sessionLimit(client: String, peer: PeerAddress)
    /// An extension has refused a message or a subscription. Told at most so often as ``LineAllowance`` lets.
    case denied(ClientInfo, DeniedAction, ReasonCode)
    /// A session has lost subscriptions that its client may not have any more; one of them is named.
    case subscriptionsRevoked(ClientInfo, count: Int, first: String)
    /// A client has been disconnected because it may not stay, or by the operator.
    case expelled(ClientInfo, ReasonCode)
    /// A connection was closed at once because of a limit, of the listener that is named, or else of the broker.
    case connectionLimit(peer: PeerAddress, listener: String? = nil)
    /// A listener could not take a connection that waits, and tries again a little later.
    case cannotAccept(listener: String, cause: String)
}

/// What a client was not allowed to do.
package enum DeniedAction: Sendable, Equatable {
    case publish(topic: String)
    case subscribe(filter: String)
    case will(topic: String)
}

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
    case connectionLimit(peer: PeerAddress)
}

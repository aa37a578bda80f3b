//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

extension Shard {
    /// PUBACK, PUBREC, PUBREL or PUBCOMP of a connected client.
    func receive(
        _ kind: Acknowledgement.Kind,
        _ packetIdentifier: UInt16,
        _ reason: ReasonCode,
        _ connection: Connection,
        _ session: Session
    ) throws(MQTTError) {
        guard packetIdentifier != 0 else { throw .protocolError("packet identifier 0") }
        switch kind {
        case .publishAck:
            guard let inflight = session.inflight[packetIdentifier], inflight.terms.qos == .atLeastOnce else { return }
            self.endHandshake(packetIdentifier, session)
        case .publishReceived:
            self.receivePublishReceived(packetIdentifier, reason, connection, session)
        case .publishRelease:
            let isKnown = session.incomingExactlyOnce.remove(packetIdentifier) != nil
            connection.acknowledge(.publishComplete, packetIdentifier, isKnown ? .success : .packetIdentifierNotFound)
            self.touch(connection)
        case .publishComplete:
            guard let inflight = session.inflight[packetIdentifier], inflight.state == .released else { return }
            self.endHandshake(packetIdentifier, session)
        }
    }

    private func receivePublishReceived(
        _ packetIdentifier: UInt16,
        _ reason: ReasonCode,
        _ connection: Connection,
        _ session: Session
    ) {
        guard let inflight = session.inflight[packetIdentifier], inflight.terms.qos == .exactlyOnce else {
            // The client waits for a PUBREL: it gets one, with the reason where its version has reasons.
            connection.acknowledge(.publishRelease, packetIdentifier, .packetIdentifierNotFound)
            self.touch(connection)
            return
        }
        if reason.isError, connection.isVersion5 {
            return self.endHandshake(packetIdentifier, session)
        }
        session.inflight.release(packetIdentifier)
        connection.acknowledge(.publishRelease, packetIdentifier)
        self.touch(connection)
    }

    private func endHandshake(_ packetIdentifier: UInt16, _ session: Session) {
        guard let ended = session.inflight.end(packetIdentifier) else { return }
        self.metrics.messagesAcknowledged &+= 1
        if self.hooks.contains(.deliveries), let message = ended.message {
            self.extensions.notify(.deliveries) { $0.acknowledged(message, client: session.info) }
        }
        self.pump(session)
    }
}

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
            if isKnown { self.journalReceived(packetIdentifier, false, session) }
            // The client may use the identifier again once it has the answer.
            self.acknowledge(
                .publishComplete,
                packetIdentifier,
                isKnown ? .success : .packetIdentifierNotFound,
                connection,
                after: session.account == nil ? nil : self.pendingTicket
            )
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
            return self.acknowledge(.publishRelease, packetIdentifier, .packetIdentifierNotFound, connection)
        }
        if reason.isError, connection.isVersion5 {
            return self.endHandshake(packetIdentifier, session)
        }
        session.inflight.release(packetIdentifier)
        self.journalConfirmed(inflight.terms.number, session)
        // Once the client has it, it takes a repeated PUBLISH for a new message: so it has to be safe that none follows.
        self.acknowledge(
            .publishRelease,
            packetIdentifier,
            .success,
            connection,
            after: inflight.terms.number == .none ? nil : self.pendingTicket
        )
    }

    private func endHandshake(_ packetIdentifier: UInt16, _ session: Session) {
        guard let ended = self.endInflight(packetIdentifier, session) else { return }
        self.metrics.messagesAcknowledged &+= 1
        if self.hooks.contains(.deliveries), let message = ended.message {
            self.extensions.notify(.deliveries) { $0.acknowledged(message, client: session.info) }
        }
        self.pump(session)
    }
}

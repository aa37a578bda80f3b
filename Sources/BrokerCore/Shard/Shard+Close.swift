//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

extension Shard {
    /// A packet broke the rules: its sender learns why, as far as its version can say so, and only it is closed.
    func fail(_ connection: Connection, _ error: MQTTError) {
        self.metrics.protocolErrors += 1
        self.log(
            .protocolError(client: connection.client?.clientIdentifier, peer: connection.peer, error)
        )
        self.close(connection, error.reason, saying: error.reason, detail: error.detail)
    }

    /// Refuses a client that has not been let in.
    ///
    /// - Parameters:
    ///   - answering: whether it gets a CONNACK.
    ///   - server: where it is sent instead of to the server that the settings name.
    func refuse(
        _ connection: Connection,
        _ error: MQTTError,
        client: String? = nil,
        answering: Bool = true,
        server: String? = nil
    ) {
        var properties: Properties = []
        if error.reason == .useAnotherServer || error.reason == .serverMoved {
            properties.serverReference = server ?? self.settings.serverReference
        }
        guard connection.phase != .connected else {
            // Re-authentication has failed.
            return self.close(connection, error.reason, saying: error.reason, properties: properties)
        }
        self.metrics.clientsRefused += 1
        self.log(.refused(client: client, peer: connection.peer, error.reason, detail: error.detail))
        if answering {
            connection.writeExplained(error.detail, properties) { buffer, properties throws(MQTTError) in
                try ConnectAck(sessionPresent: false, reason: error.reason, properties: properties)
                    .encode(into: &buffer, version: connection.version)
            }
        }
        self.close(connection, error.reason, saying: nil)
    }

    /// Ends a connection from our side.
    ///
    /// - Parameters:
    ///   - farewell: the reason in a DISCONNECT to a v5 client; nil: none is sent.
    ///   - detail: what it is told beside, if it wants to know.
    ///   - properties: what else goes into the DISCONNECT.
    func close(
        _ connection: Connection,
        _ reason: ReasonCode,
        saying farewell: ReasonCode?,
        detail: String? = nil,
        properties: Properties = []
    ) {
        guard connection.phase != .closed else { return }
        if let farewell, connection.phase == .connected, connection.isVersion5 {
            connection.writeExplained(detail, properties) { buffer, properties throws(MQTTError) in
                try Disconnect(reason: farewell, properties: properties).encode(into: &buffer, version: .v5)
            }
        }
        self.detach(connection, reason)
        self.touch(connection)
    }

    /// The client takes no packet as large as the answer it waits for.
    func closeUnanswered(_ connection: Connection) {
        self.fail(connection, MQTTError(reason: .packetTooLarge, detail: "the answer exceeds the client's maximum"))
    }

    /// The connection has been closed by the peer or the network.
    package func closed(_ connection: Connection) {
        guard connection.phase != .closed else { return }
        self.readClock()
        connection.transport = nil
        connection.output.removeAll()
        if connection.isPaused, connection.input != nil {
            // It waits for an answer, with more from the client behind: messages, perhaps a DISCONNECT. They came
            // before the end and are dealt with before it.
            connection.hasEnded = true
        } else {
            self.detach(connection, .unspecifiedError)
        }
    }

    /// Takes a connection out of all tables. From here on nothing reaches it but the flush of what it still holds.
    func detach(_ connection: Connection, _ reason: ReasonCode) {
        let wasConnected = connection.phase == .connected
        if connection.phase == .claiming { self.abandonReview(for: connection) }
        connection.phase = .closed
        connection.input = nil
        connection.incomingAliases = [:]
        connection.outgoingAliases = [:]
        connection.decisions = nil
        connection.held = nil
        self.connections.remove(slot: connection.slot, generation: connection.generation)
        self.broker.releaseConnection()
        guard let session = connection.session else { return }
        connection.session = nil
        if wasConnected { self.metrics.clientsConnected -= 1 }
        self.disconnect(session, reason)
    }

    /// A session's connection has gone.
    private func disconnect(_ session: Session, _ reason: ReasonCode) {
        session.connection = nil
        session.inflight.disconnect()
        self.announceDisconnected(session, reason)
        self.setSharedMembership(of: session, isOnline: false)
        self.passOn(of: session, hasEnded: !session.outlivesConnection)
        self.scheduleWill(of: session, reason)
        guard session.outlivesConnection else { return self.end(session) }
        self.setCountedOffline(session, true)
        self.scheduleExpiry(of: session)
        self.journalSession(session)
    }

    /// Counts a session among those that are kept without a connection, or no longer.
    func setCountedOffline(_ session: Session, _ isOffline: Bool) {
        guard session.isCountedOffline != isOffline else { return }
        session.isCountedOffline = isOffline
        self.broker.countOffline(isOffline ? 1 : -1)
    }

    /// Tells everybody who wants to know that a client's connection has ended.
    func announceDisconnected(_ session: Session, _ reason: ReasonCode) {
        self.log(.disconnected(session.info, reason))
        self.publishPresence(disconnected: session.info, reason)
        self.extensions.notify(.clients) { $0.disconnected(session.info, reason: reason) }
    }

    /// Lets a session without a connection end in time. If it has had none before, its time has been running since.
    func scheduleExpiry(of session: Session) {
        guard session.expiryInterval != Session.neverExpires else { return }
        let deadline = session.expiresAt ?? self.now.adding(seconds: session.expiryInterval)
        session.expiresAt = deadline
        self.timers.add(
            .sessionExpiry,
            slot: session.address.slot,
            generation: session.address.generation,
            at: deadline
        )
    }

    func receiveDisconnect(
        _ disconnect: Disconnect,
        _ connection: Connection,
        _ session: Session
    ) throws(MQTTError) {
        if let expiry = disconnect.properties.sessionExpiryInterval {
            // A session that was to end with its connection cannot be kept after all [MQTT-3.14.2-2].
            guard session.expiryInterval > 0 || expiry == 0 else {
                throw .protocolError("session expiry cannot be changed from 0")
            }
            session.expiryInterval = min(expiry, self.settings.maximumSessionExpiry ?? .max)
        }
        // Only a normal DISCONNECT takes the will back [MQTT-3.1.2-10].
        if disconnect.reason == .normalDisconnection { session.will = nil }
        self.close(connection, disconnect.reason, saying: nil)
    }

    // MARK: Wills

    private func scheduleWill(of session: Session, _ reason: ReasonCode) {
        guard let will = session.will else { return }
        if reason == .serverShuttingDown || self.broker.isShuttingDown {
            // The broker goes, not the client.
            session.will = nil
            return
        }
        // A will waits for its delay or the end of the session, whichever comes first [MQTT-3.1.3-9].
        let delay = min(will.properties.willDelayInterval ?? 0, session.expiryInterval)
        guard delay > 0 else { return self.publishWill(of: session) }
        let deadline = self.now.adding(seconds: delay)
        session.willDueAt = deadline
        self.timers.add(.will, slot: session.address.slot, generation: session.address.generation, at: deadline)
    }

    func publishWill(of session: Session) {
        guard let will = session.will else { return }
        session.will = nil
        if session.willDueAt != nil {
            session.willDueAt = nil
            self.journalSession(session)
        }
        let expiry = will.properties.messageExpiryInterval
        guard
            let message = try? Message(
                topic: will.topic,
                payload: will.payload,
                qos: will.qos,
                isRetained: will.isRetained,
                properties: will.properties.withoutWillDelay,
                expiresAt: expiry.map { self.now.adding(seconds: $0) },
                publisher: session.client.text
            )
        else { return }
        guard self.hooks.contains(.authorization) else { return self.publishOwn(message, client: session.info) }
        let request = AuthorizationRequest(
            client: session.info,
            action: .will(topic: will.topic, qos: will.qos, isRetained: will.isRetained)
        )
        let info = session.info
        self.finish(self.extensions.authorize(request)) { verdict in
            switch verdict {
            case .pass, .allow: self.publishOwn(message, client: info)
            case .deny(let reason), .disconnect(let reason):
                self.log(.denied, .denied(info, .will(topic: will.topic), reason))
            case .unanswered: self.log(.denied, .denied(info, .will(topic: will.topic), .serverUnavailable))
            }
        }
    }

    // MARK: End of a session

    /// A session and all that was kept for it ends.
    ///
    /// - Parameter keepsOwner: whether its client is here again and gets a new one at once.
    func end(_ session: Session, keepsOwner: Bool = false) {
        self.setCountedOffline(session, false)
        self.publishWill(of: session)
        for entry in session.entries.values {
            self.broker.subscriptions.unsubscribe(entry.filter, session.address)
        }
        self.passOn(of: session, hasEnded: true)
        for delivery in session.arrival?.held ?? [] {
            guard let group = delivery.group else { continue }
            self.redirect(delivery, in: group, client: session.info)
        }
        self.tellEnded(of: session)
        session.entries = [:]
        session.subscriptionBytes = 0
        self.journalEnd(of: session)
        self.forget(session)
        if let next = session.arrival?.nextOwner { self.handOver(nil, of: session.client, to: next) }
        guard !keepsOwner else { return }
        // The client may begin another session on another loop at once: the store has to hear of the end of this one first.
        if session.account != nil { self.submitJournal() }
        self.broker.directory.remove(session.client, endOf: session.tenure)
    }

    /// Takes a session out of this shard's tables.
    func forget(_ session: Session) {
        session.review = nil
        if self.sessionsByClient[session.client] === session { self.sessionsByClient[session.client] = nil }
        self.sessions.remove(slot: session.address.slot, generation: session.address.generation)
        self.metrics.sessions -= 1
    }

    // MARK: Shutting down

    /// Says goodbye to every client; sessions stay, wills are kept back.
    package func shutDown() {
        self.readClock()
        for connection in self.connections.all {
            self.close(connection, .serverShuttingDown, saying: .serverShuttingDown)
        }
        self.endTurn()
    }
}

extension Properties {
    /// A will's delay is between its client and us; everything else goes with the message.
    fileprivate var withoutWillDelay: Properties {
        var kept: Properties = []
        for property in self {
            if case .willDelayInterval = property { continue }
            kept.append(property)
        }
        return kept
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

extension Shard {
    func receiveConnect(_ body: inout ByteBuffer, _ connection: Connection) {
        let connect: Connect
        do throws(ConnectError) {
            connect = try Connect.decode(&body)
        } catch {
            connection.version = error.version ?? connection.version
            return self.refuse(connection, error.error, answering: error.version != nil)
        }
        connection.version = connect.version
        connection.wantsProblemInformation = connect.properties.requestProblemInformation ?? true
        connection.maximumPacketSize = connect.properties.maximumPacketSize.map { Int($0) } ?? .max
        do throws(MQTTError) {
            try self.check(connect, connection)
        } catch {
            return self.refuse(connection, error, client: connect.clientIdentifier)
        }
        connection.pendingConnect = connect
        connection.accessGeneration = self.accessGeneration
        connection.authenticationMethod = connect.properties.authenticationMethod
        connection.phase = .authenticating
        self.authenticate(connection, .connect, data: connect.properties.authenticationData)
    }

    /// What the standard leaves to the server to check.
    private func check(_ connect: Connect, _ connection: Connection) throws(MQTTError) {
        guard !self.broker.isShuttingDown else {
            throw MQTTError(reason: .serverUnavailable, detail: "the broker is shutting down")
        }
        let length = connect.clientIdentifier.utf8.count
        if length == 0, connect.version != .v5, connect.version == .v3_1 || !connect.cleanStart {
            // [MQTT-3.1.3-8] of 3.1.1; 3.1 has no empty identifiers at all.
            throw MQTTError(
                reason: .clientIdentifierNotValid,
                detail: "an empty client identifier needs a clean session"
            )
        }
        guard length <= self.settings.maximumClientIdentifierLength else {
            throw MQTTError(reason: .clientIdentifierNotValid, detail: "client identifier is too long")
        }
        guard let will = connect.will else { return }
        guard will.payload.readableBytes <= self.settings.maximumWillSize else {
            throw MQTTError(reason: .packetTooLarge, detail: "will is too large")
        }
        guard will.qos <= connection.terms.maximumQoS else {
            throw MQTTError(reason: .qosNotSupported, detail: "QoS of the will is not supported")
        }
        guard !will.isRetained || connection.terms.retainAvailable else {
            throw MQTTError(reason: .retainNotSupported, detail: "will is retained")
        }
        guard self.isWithinLimits(topic: will.topic), self.mayPublish(toTopic: will.topic) else {
            throw MQTTError(reason: .topicNameInvalid, detail: "topic of the will is not allowed")
        }
        if self.settings.checksPayloadFormat, will.properties.payloadFormatIndicator == 1,
            String(validating: will.payload.readableBytesView, as: UTF8.self) == nil
        {
            throw MQTTError(reason: .payloadFormatInvalid, detail: "will is not UTF-8")
        }
    }

    // MARK: Authentication

    func authenticate(_ connection: Connection, _ stage: AuthenticationRequest.Stage, data: ByteBuffer?) {
        guard let client = connection.client else { return }
        let verdict: Answer<AuthenticationVerdict>
        if self.hooks.contains(.authentication) {
            verdict = self.extensions.authenticate(
                AuthenticationRequest(
                    stage: stage,
                    connection: UInt64(self.index) << 56 ^ connection.number,
                    client: client,
                    password: connection.pendingConnect?.password,
                    method: connection.authenticationMethod,
                    data: data
                )
            )
        } else {
            verdict = .now(.pass)
        }
        self.await(verdict, for: connection) { verdict in
            switch verdict {
            case .pass where connection.authenticationMethod == nil:
                self.accept(connection, data: nil)
            case .pass:
                self.refuse(
                    connection,
                    MQTTError(reason: .badAuthenticationMethod, detail: "unknown authentication method"),
                    client: client.clientIdentifier
                )
            case .accept(let data): self.accept(connection, data: data)
            case .proceed(let data): self.sendAuth(.continueAuthentication, data, connection)
            case .refuse(let reason):
                self.refuse(
                    connection,
                    MQTTError(reason: reason, detail: "not let in"),
                    client: client.clientIdentifier
                )
            case .redirect(let reason, let server):
                self.refuse(
                    connection,
                    MQTTError(reason: reason, detail: "not let in"),
                    client: client.clientIdentifier,
                    server: server
                )
            }
        }
    }

    private func accept(_ connection: Connection, data: ByteBuffer?) {
        guard connection.phase == .connected else {
            return self.admit(connection, authenticationData: data)
        }
        connection.isReauthenticating = false
        self.sendAuth(.success, data, connection)
    }

    private func sendAuth(_ reason: ReasonCode, _ data: ByteBuffer?, _ connection: Connection) {
        var properties: Properties = []
        properties.authenticationMethod = connection.authenticationMethod
        properties.authenticationData = data
        connection.write { buffer throws(MQTTError) in
            try Auth(reason: reason, properties: properties).encode(into: &buffer, version: connection.version)
        }
        self.touch(connection)
    }

    func receiveAuth(_ auth: Auth, _ connection: Connection) throws(MQTTError) {
        // The method may not change, and a client that named none in CONNECT may not send AUTH [MQTT-4.12.0-6, -7].
        guard let method = connection.authenticationMethod, auth.properties.authenticationMethod == method else {
            throw .protocolError("AUTH with another method than CONNECT")
        }
        switch (connection.phase, auth.reason) {
        case (.authenticating, .continueAuthentication):
            self.authenticate(connection, .continuation, data: auth.properties.authenticationData)
        case (.connected, .continueAuthentication) where connection.isReauthenticating:
            self.authenticate(connection, .continuation, data: auth.properties.authenticationData)
        case (.connected, .reauthenticate):
            connection.isReauthenticating = true
            self.authenticate(connection, .reauthentication, data: auth.properties.authenticationData)
        default: throw .protocolError("AUTH out of turn")
        }
    }

    // MARK: Sessions

    /// The client is let in: finds its session, here or on another shard, or makes one.
    private func admit(_ connection: Connection, authenticationData: ByteBuffer?) {
        guard var connect = connection.pendingConnect else { return }
        connect.properties.authenticationData = authenticationData
        if connect.clientIdentifier.isEmpty {
            connect.clientIdentifier = self.makeClientIdentifier()
            connect.properties.assignedClientIdentifier = connect.clientIdentifier
        }
        connection.pendingConnect = connect
        let client = UTF8String(connect.clientIdentifier)
        let (tenure, before) = self.broker.directory.claim(client, for: self.index)
        connection.tenure = tenure
        guard let before else { return self.establish(connection, resuming: nil) }
        guard before == tenure else {
            return self.claim(client, tenure, endOf: before, isCleanStart: connect.cleanStart, for: connection)
        }
        // The session is here, or on its way to an earlier connection of this client on this shard.
        if self.supersedeClaim(of: client, tenure, by: connection, isCleanStart: connect.cleanStart) { return }
        let session = self.sessionsByClient[client]
        self.establish(connection, resuming: session.flatMap { self.release($0, isCleanStart: connect.cleanStart) })
    }

    private func makeClientIdentifier() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return "nanomq-" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The client has its session: if it is an earlier one, what it may keep of it is asked first.
    func establish(_ connection: Connection, resuming old: Session?) {
        guard let old, self.hooks.contains(.authorization), let client = connection.client else {
            return self.welcome(connection, resuming: old)
        }
        connection.phase = .claiming
        self.review(old, for: client, before: connection)
        guard old.review?.connection === connection else { return }
        // It takes its time. Until then the session is as one whose client is away.
        connection.waitForSession()
        old.expiresAt = nil
        self.setSharedMembership(of: old, isOnline: false)
    }

    /// CONNACK, and what the client has missed.
    func welcome(_ connection: Connection, resuming old: Session?) {
        guard let connect = connection.pendingConnect, let tenure = connection.tenure else { return }
        var expiry = self.expiryInterval(of: connect)
        if old == nil, expiry > 0, self.broker.hasAllSessions || !self.canStoreSessions {
            guard self.goesWithoutSession(connect, connection, tenure) else { return }
            expiry = 0
        }
        connection.pendingConnect = nil
        let client = UTF8String(connect.clientIdentifier)
        let info = ClientInfo(connect, peer: connection.peer, origin: connection.origin)
        let session = old ?? self.makeSession(client, tenure, info, expiry > 0 ? self.makeAccount() : nil)
        session.info = info
        session.connection = connection
        session.isRestored = false
        session.expiresAt = nil
        session.willDueAt = nil
        session.will = connect.will
        session.expiryInterval = expiry
        self.setCountedOffline(session, false)
        connection.inheritedExactlyOnce = UInt16(clamping: session.incomingExactlyOnce.count)
        connection.session = session
        connection.phase = .connected
        connection.isPaused = false
        self.metrics.clientsConnected += 1

        let keepAlive = self.keepAlive(of: connect, connection)
        if keepAlive > 0 {
            connection.keepAliveLimit = Int64(Double(keepAlive) * 1000 * self.settings.keepAliveMultiplier)
            self.watchKeepAlive(of: connection)
        }
        if connect.version == .v5 {
            connection.receiveMaximum = connect.properties.receiveMaximum ?? 65_535
            connection.outgoingAliasMaximum = min(
                connect.properties.topicAliasMaximum ?? 0,
                self.settings.outgoingTopicAliasMaximum
            )
        }
        self.acknowledge(
            connect,
            keepAlive: keepAlive,
            expiry: expiry,
            sessionPresent: old != nil,
            connection
        )
        guard connection.phase == .connected else { return }
        self.journalSession(session)
        // Before it has subscriptions: what others publish for a session that the store does not know is left out.
        if old == nil { self.submitJournal() }
        self.holdWelcome(of: connection, session)
        self.setSharedMembership(of: session, isOnline: true)
        self.log(.connected(info, sessionPresent: old != nil))
        self.publishPresence(connected: info)
        self.extensions.notify(.clients) { $0.connected(info, sessionPresent: old != nil) }
        // It has been asked about by rules that have changed since.
        if connection.accessGeneration != self.accessGeneration { self.checkStay(of: connection, info) }
        guard connection.phase == .connected else { return }
        self.pump(session)
        if session.backlog?.lacksInflight == true {
            // What it says about messages in flight can't be understood before they are known again.
            connection.isPaused = true
            return connection.updateReading()
        }
        self.resume(connection)
    }

    /// Where no more sessions may be kept, a new client goes without one if it can be told so, else it goes.
    ///
    /// - Returns: whether it stays.
    private func goesWithoutSession(_ connect: Connect, _ connection: Connection, _ tenure: SessionTenure) -> Bool {
        self.log(.sessionLimit, .sessionLimit(client: connect.clientIdentifier, peer: connection.peer))
        guard connect.version != .v5 else { return true }
        self.broker.directory.remove(UTF8String(connect.clientIdentifier), endOf: tenure)
        self.refuse(
            connection,
            MQTTError(reason: .quotaExceeded, detail: "no further session can be kept"),
            client: connect.clientIdentifier
        )
        return false
    }

    /// An account for a session that is to be kept; nil: there is no store.
    private func makeAccount() -> SessionAccount? {
        self.store.map { SessionAccount(number: $0.draw(for: self.index)) }
    }

    func makeSession(
        _ client: UTF8String,
        _ tenure: SessionTenure,
        _ info: ClientInfo,
        _ account: SessionAccount?
    ) -> Session {
        let session = self.sessions.insert { slot, generation in
            Session(
                address: SessionAddress(shard: self.index, slot: slot, generation: generation),
                tenure: tenure,
                info: info,
                account: account
            )
        }
        self.sessionsByClient[client] = session
        self.metrics.sessions += 1
        return session
    }

    private func expiryInterval(of connect: Connect) -> UInt32 {
        let wanted =
            connect.version == .v5
            ? connect.properties.sessionExpiryInterval ?? 0
            : connect.cleanStart ? 0 : Session.neverExpires
        return min(wanted, self.settings.maximumSessionExpiry ?? .max)
    }

    /// The cap holds for v5 clients only: the others cannot be told.
    private func keepAlive(of connect: Connect, _ connection: Connection) -> UInt16 {
        guard connect.version == .v5, let cap = connection.terms.serverKeepAlive else { return connect.keepAlive }
        return connect.keepAlive == 0 ? cap : min(connect.keepAlive, cap)
    }

    private func acknowledge(
        _ connect: Connect,
        keepAlive: UInt16,
        expiry: UInt32,
        sessionPresent: Bool,
        _ connection: Connection
    ) {
        var properties: Properties = []
        if connect.version == .v5 {
            let asked = connect.properties
            let terms = connection.terms
            if let wanted = asked.sessionExpiryInterval, wanted != expiry { properties.sessionExpiryInterval = expiry }
            properties.receiveMaximum = terms.receiveMaximum
            if terms.maximumQoS < .exactlyOnce { properties.maximumQoS = terms.maximumQoS.rawValue }
            if !terms.retainAvailable { properties.retainAvailable = false }
            properties.maximumPacketSize = UInt32(clamping: terms.maximumPacketSize)
            properties.assignedClientIdentifier = asked.assignedClientIdentifier
            properties.topicAliasMaximum = terms.topicAliasMaximum
            properties.wildcardSubscriptionAvailable = terms.wildcardSubscriptionAvailable
            properties.subscriptionIdentifierAvailable = terms.subscriptionIdentifierAvailable
            properties.sharedSubscriptionAvailable = terms.sharedSubscriptionAvailable
            if keepAlive != connect.keepAlive { properties.serverKeepAlive = keepAlive }
            if asked.requestResponseInformation == true, let prefix = self.settings.responseInformation {
                properties.responseInformation = prefix
            }
            properties.authenticationMethod = asked.authenticationMethod
            properties.authenticationData = asked.authenticationData
        }
        let isSent = connection.write { buffer throws(MQTTError) in
            try ConnectAck(sessionPresent: sessionPresent, reason: .success, properties: properties)
                .encode(into: &buffer, version: connect.version)
        }
        guard isSent else { return self.closeUnanswered(connection) }
        self.touch(connection)
    }
}

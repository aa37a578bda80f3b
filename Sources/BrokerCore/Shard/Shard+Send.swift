//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

extension Shard {
    /// Brings a message to one session.
    ///
    /// QoS 0 goes out now or not at all. QoS 1 and 2 go out now if the client's window has room and nothing waits
    /// before them, else they wait.
    @inline(__always)
    func deliver(_ publish: inout OutgoingPublish, to session: Session, _ terms: DeliveryTerms) {
        if session.account != nil, terms.qos > .atMostOnce, terms.number == .none {
            return self.storeAndDeliver(&publish, to: session, terms)
        }
        guard let connection = session.connection else {
            return self.deliverOffline(&publish, to: session, terms)
        }
        if terms.qos == .atMostOnce {
            guard connection.output.byteCount < self.settings.maximumOutboundBytes else {
                return self.dropForSlowReader(&publish, connection)
            }
            self.transmit(&publish, terms, packetIdentifier: 0, to: connection)
        } else if session.queue.isEmpty, session.backlog == nil, self.hasRoom(session, connection) {
            self.sendNow(&publish, terms, session, connection)
        } else {
            if connection.output.byteCount >= self.settings.maximumOutboundBytes { self.noteStuck(connection) }
            self.enqueue(QueuedMessage(publish.message(), terms), for: session, isDroppable: publish.isDroppable)
        }
    }

    @inline(never)
    private func deliverOffline(
        _ publish: inout OutgoingPublish,
        to session: Session,
        _ terms: DeliveryTerms
    ) {
        if let sink = session.sink {
            sink(publish.message())
        } else if terms.qos > .atMostOnce {
            self.enqueue(QueuedMessage(publish.message(), terms), for: session, isDroppable: publish.isDroppable)
        }
    }

    /// Whether a further QoS 1 or 2 message may go out to this client now.
    @inline(__always)
    private func hasRoom(_ session: Session, _ connection: Connection) -> Bool {
        session.inflight.onWire < min(self.settings.maximumInflight, Int(connection.receiveMaximum))
            && session.inflight.hasFreeIdentifier && !session.inflight.hasMessagesToResend
            && connection.output.byteCount < self.settings.maximumOutboundBytes
            && connection.held?.byteCount ?? 0 < self.settings.maximumOutboundBytes
    }

    /// First transmission of a QoS 1 or 2 message.
    @inline(__always)
    private func sendNow(
        _ publish: inout OutgoingPublish,
        _ terms: DeliveryTerms,
        _ session: Session,
        _ connection: Connection
    ) {
        // A session that ends with its connection never sends anything twice, so it need not keep the message.
        let isKept = session.outlivesConnection || terms.group != nil || self.hooks.contains(.deliveries)
        let packetIdentifier = session.inflight.append(
            InflightMessage(
                state: .published,
                isOnWire: true,
                message: isKept ? publish.message() : nil,
                terms: terms
            )
        )
        let isSent =
            terms.number == .none
            ? self.transmit(&publish, terms, packetIdentifier: packetIdentifier, to: connection)
            : self.transmitStored(&publish, terms, packetIdentifier: packetIdentifier, session, connection)
        // A message too large for the client counts as delivered [MQTT-3.1.2-25].
        if !isSent { self.endInflight(packetIdentifier, session) }
    }

    /// First transmission of a message that is stored. One of QoS 2 waits until its packet identifier is safe: under
    /// another one its client would take it for another message [MQTT-4.3.3-2].
    @inline(never)
    private func transmitStored(
        _ publish: inout OutgoingPublish,
        _ terms: DeliveryTerms,
        packetIdentifier: UInt16,
        _ session: Session,
        _ connection: Connection
    ) -> Bool {
        session.lastInMemory = max(session.lastInMemory, terms.number)
        self.journalSent(terms, under: packetIdentifier, session)
        var isSent = false
        self.publish(on: connection, after: terms.qos == .exactlyOnce ? self.pendingTicket : nil) {
            isSent = self.transmit(&publish, terms, packetIdentifier: packetIdentifier, to: connection)
        }
        return isSent
    }

    /// A message is not in flight any more, one way or the other.
    @discardableResult
    func endInflight(_ packetIdentifier: UInt16, _ session: Session) -> InflightMessage? {
        guard let ended = session.inflight.end(packetIdentifier) else { return nil }
        self.journalRemoval(of: ended.terms.number, session)
        return ended
    }

    /// Writes a PUBLISH into a connection's output.
    ///
    /// - Returns: false if the client takes no packet so large.
    @inline(__always)
    @discardableResult
    private func transmit(
        _ publish: inout OutgoingPublish,
        _ terms: DeliveryTerms,
        packetIdentifier: UInt16,
        to connection: Connection
    ) -> Bool {
        if connection.isVersion5 {
            guard self.transmit5(&publish, terms, packetIdentifier: packetIdentifier, to: connection) else {
                return false
            }
        } else {
            publish.append(
                to: &connection.output,
                isVersion5: false,
                flags: 0x30 | terms.qos.rawValue << 1 | (terms.isRetained ? 1 : 0),
                packetIdentifier: packetIdentifier
            )
        }
        self.metrics.messagesSent &+= 1
        self.touch(connection)
        if self.hooks.contains(.deliveries) { self.tellDelivered(publish.message(), connection) }
        return true
    }

    /// What a fixed header can express.
    private static let largestPacket = 268_435_455

    @inline(never)
    private func transmit5(
        _ publish: inout OutgoingPublish,
        _ terms: DeliveryTerms,
        packetIdentifier: UInt16,
        to connection: Connection
    ) -> Bool {
        let parts = PublishParts(
            isVersion5: true,
            qos: terms.qos,
            isRetained: terms.isRetained,
            packetIdentifier: packetIdentifier,
            messageExpiry: publish.remainingExpiry,
            subscriptionIdentifiers: terms.identifiers
        )
        let limit = connection.maximumPacketSize
        if connection.outgoingAliasMaximum > 0 {
            let topic = publish.topicBytes
            var aliased = parts
            (aliased.topicAlias, aliased.omitsTopic) = connection.alias(of: topic)
            // An alias makes the packet shorter, but the first time, when the topic goes with it, a little longer.
            if aliased.topicAlias != 0, publish.encodedLength(aliased) <= limit {
                connection.outgoingAliases[topic] = aliased.topicAlias
                publish.append(to: &connection.output, parts: aliased)
                return true
            }
        }
        // Properties of ours may make a packet longer than the publisher's, and than MQTT can say.
        guard
            limit == .max && publish.payloadLength < 1 << 24
                || publish.encodedLength(parts) <= min(limit, Self.largestPacket)
        else {
            self.metrics.droppedTooLarge += 1
            self.tellDropped(publish.message(), connection.client, .tooLarge)
            return false
        }
        if terms.identifiers.isEmpty {
            publish.append(
                to: &connection.output,
                isVersion5: true,
                flags: parts.flags,
                packetIdentifier: packetIdentifier
            )
        } else {
            publish.append(to: &connection.output, parts: parts)
        }
        return true
    }

    // MARK: The queue

    /// Lets a QoS 1 or 2 message wait for its client.
    ///
    /// - Parameter isDroppable: ``OutgoingPublish/isDroppable``.
    func enqueue(_ message: QueuedMessage, for session: Session, isDroppable: Bool) {
        if message.terms.number != .none {
            return self.enqueueStored(message, for: session, isDroppable: isDroppable)
        }
        switch session.queue.append(message, limits: self.queueLimits) {
        case .accepted: break
        case .displaced(let displaced):
            for old in displaced { self.dropForFullQueue(old.message, session) }
        case .refused: self.dropForFullQueue(message.message, session)
        }
    }

    func dropForFullQueue(_ message: Message, _ session: Session) {
        self.metrics.droppedQueueFull += 1
        if !session.isQueueFull {
            session.isQueueFull = true
            self.log(.queueFull(session.info))
        }
        self.tellDropped(message, session.info, .queueFull)
    }

    /// Sends what waits for a client, as far as its window and its socket take it: first what it has not
    /// acknowledged on an earlier connection, then retained messages, then the queue.
    func pump(_ session: Session) {
        guard let connection = session.connection, connection.phase == .connected else { return }
        if session.backlog != nil {
            // Until those in flight are here again nothing can be sent.
            guard self.readAhead(session) else { return }
        }
        self.resend(session, connection)
        self.sendRetained(session, connection)
        guard !session.queue.isEmpty else { return }
        defer { self.updateAccount(of: session) }
        while self.hasRoom(session, connection), let next = session.queue.popFirst() {
            if next.message.isExpired(at: self.now) {
                self.dropExpired(next, session)
                continue
            }
            var publish = OutgoingPublish(next.message, origin: nil, now: self.now)
            self.sendNow(&publish, next.terms, session, connection)
        }
        if session.queue.isEmpty { session.isQueueFull = false }
        if session.backlog != nil { _ = self.readAhead(session) }
    }

    func dropExpired(_ queued: QueuedMessage, _ session: Session) {
        self.metrics.droppedExpired += 1
        self.journalRemoval(of: queued.terms.number, session)
        self.tellDropped(queued.message, session.info, .expired)
    }

    private func resend(_ session: Session, _ connection: Connection) {
        while session.inflight.hasMessagesToResend,
            session.inflight.onWire < min(self.settings.maximumInflight, Int(connection.receiveMaximum)),
            connection.output.byteCount < self.settings.maximumOutboundBytes,
            let (packetIdentifier, inflight) = session.inflight.nextToResend()
        {
            // What the client may have been told only once it is safe is told again only then.
            let ticket = session.account != nil && inflight.terms.qos == .exactlyOnce ? self.pendingTicket : nil
            if inflight.state == .released {
                self.acknowledge(.publishRelease, packetIdentifier, .success, connection, after: ticket)
                continue
            }
            // Expiry does not count here: a handshake that has begun is brought to its end [MQTT-4.3.3-7].
            guard let message = inflight.message else {
                self.endInflight(packetIdentifier, session)
                continue
            }
            var publish = OutgoingPublish(message, origin: nil, now: self.now)
            var parts = PublishParts(
                isVersion5: connection.isVersion5,
                qos: inflight.terms.qos,
                isRetained: inflight.terms.isRetained,
                isDuplicate: true,
                packetIdentifier: packetIdentifier,
                subscriptionIdentifiers: connection.isVersion5 ? inflight.terms.identifiers : []
            )
            if connection.isVersion5 { parts.messageExpiry = publish.remainingExpiry }
            guard publish.encodedLength(parts) <= connection.maximumPacketSize else {
                self.endInflight(packetIdentifier, session)
                self.metrics.droppedTooLarge += 1
                continue
            }
            self.publish(on: connection, after: ticket) { publish.append(to: &connection.output, parts: parts) }
            self.metrics.messagesSent &+= 1
            self.touch(connection)
        }
    }

    /// Sends retained messages that are due because the client has subscribed.
    ///
    /// They do not overrun a client that reads slowly: the next ones follow when its socket takes bytes again. And a
    /// client that subscribes to much does not hold up the others: one subscription's messages are looked up a turn.
    func sendRetained(_ session: Session, _ connection: Connection) {
        guard let backlog = session.retainedBacklog else { return }
        // They come behind a SUBACK that waits for the store.
        if let ticket = connection.held?.subscribeTicket, !self.journal.isCommitted(ticket) { return }
        if backlog.isLookupDue {
            guard session.lastRetainedLookup != self.turn else { return self.sendRetainedNextTurn(session) }
            session.lastRetainedLookup = self.turn
            backlog.lookUp(turn: self.turn) { self.retainedMessages(matching: $0, for: session) }
        }
        while let next = backlog.next(turn: self.turn) {
            guard connection.output.byteCount < self.settings.maximumOutboundBytes / 2 else { return }
            if next.terms.qos > .atMostOnce {
                guard session.queue.isEmpty, session.backlog == nil, self.hasRoom(session, connection) else { return }
                // Numbers are drawn for them: one shard's numbers come in order, also with those that are held back.
                guard session.account == nil || session.arrival == nil else { return }
            }
            backlog.removeFirst()
            guard !next.message.isExpired(at: self.now) else { continue }
            // A later one has been delivered as it came; the older one may not follow it.
            if next.isFromEarlier, !self.broker.retained.holds(next.message) { continue }
            var publish = OutgoingPublish(next.message, origin: nil, now: self.now)
            self.deliver(&publish, to: session, next.terms)
        }
        if backlog.isEmpty {
            session.retainedBacklog = nil
        } else {
            self.sendRetainedNextTurn(session)
        }
    }

    private func retainedMessages(matching filter: TopicFilter, for session: Session) -> [Message] {
        let messages = self.broker.retained.messages(matching: filter, at: self.now)
        guard self.hooks.contains(.authorization) else { return messages }
        return messages.filter { self.extensions.mayReceive($0, client: session.info) }
    }

    // MARK: Drops

    @inline(never)
    private func dropForSlowReader(_ publish: inout OutgoingPublish, _ connection: Connection) {
        self.metrics.droppedSlowReader += 1
        self.noteStuck(connection)
        if self.hooks.contains(.deliveries) {
            self.tellDropped(publish.message(), connection.client, .slowReader)
        }
    }

    /// A client is beyond its outbound limit: unless it reads, it is closed after a while.
    func noteStuck(_ connection: Connection) {
        guard connection.stuckSince == nil else { return }
        connection.stuckSince = self.now
        self.timers.add(
            .stuckReader,
            slot: connection.slot,
            generation: connection.generation,
            at: self.now.adding(milliseconds: self.settings.stuckReaderTimeout)
        )
    }

    func tellDropped(_ message: Message, _ client: ClientInfo?, _ cause: DropCause) {
        guard self.hooks.contains(.deliveries), let client else { return }
        self.extensions.notify(.deliveries) { $0.dropped(message, client: client, cause: cause) }
    }

    /// What a session that ends had not brought to its client is lost.
    func tellEnded(of session: Session) {
        guard self.hooks.contains(.deliveries) else { return }
        for (_, inflight) in session.inflight.all {
            if let message = inflight.message { self.tellDropped(message, session.info, .sessionEnded) }
        }
        while let queued = session.queue.popFirst() {
            self.tellDropped(queued.message, session.info, .sessionEnded)
        }
    }

    private func tellDelivered(_ message: Message, _ connection: Connection) {
        guard let client = connection.client else { return }
        self.extensions.notify(.deliveries) { $0.delivered(message, client: client) }
    }
}

extension Connection {
    /// The alias of a topic towards this client: the one that it knows, or the next free one.
    ///
    /// - Returns: the alias, 0 if there is none, and whether the client knows it.
    fileprivate func alias(of topic: [UInt8]) -> (alias: UInt16, isKnown: Bool) {
        if let known = self.outgoingAliases[topic] { return (known, true) }
        guard self.outgoingAliases.count < Int(self.outgoingAliasMaximum) else { return (0, false) }
        return (UInt16(self.outgoingAliases.count + 1), false)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

extension Shard {
    /// A PUBLISH of a connected client, `offset` bytes behind the reader index of `chunk`.
    ///
    /// The common one (topic known, no extension asked, not retained) makes no object: its bytes go from the receive
    /// buffer into the subscribers' output.
    func receivePublish(
        _ fixedHeader: FixedHeader,
        in chunk: ByteBuffer,
        at offset: Int,
        _ connection: Connection,
        _ session: Session
    ) throws(MQTTError) {
        let packet = chunk.readableBytesSpan.extracting(offset..<offset &+ fixedHeader.totalLength)
        let header = try PublishHeader(
            parsing: packet,
            header: fixedHeader,
            version: connection.version,
            validateTopic: false
        )
        self.count(header)
        try self.check(header, connection.terms)
        if header.topicAlias != 0 {
            try self.noteAlias(header, packet, connection)
        }
        guard try self.acceptIncoming(header, connection, session) else { return }
        do throws(MQTTError) {
            try self.publishAccepted(header, packet, in: chunk, at: offset, connection, session)
        } catch {
            // It has gone to nobody, so a repetition would be the first.
            session.incomingExactlyOnce.remove(header.packetIdentifier)
            throw error
        }
    }

    @inline(__always)
    private func publishAccepted(
        _ header: PublishHeader,
        _ packet: RawSpan,
        in chunk: ByteBuffer,
        at offset: Int,
        _ connection: Connection,
        _ session: Session
    ) throws(MQTTError) {
        guard header.topicLength > 0, header.forwardsPropertiesVerbatim else {
            return try self.publishRewritten(header, packet, connection, session)
        }
        let topic = packet.extracting(header.topicStart..<header.topicStart &+ header.topicLength)
        let hash = TopicHash.hash(topic)
        let route = try self.route(of: topic, hash: hash, version: connection.version)
        guard self.mayPublish(to: topic), self.isPayloadWellFormed(header, packet) else {
            return self.refusePublish(header, packet, connection)
        }
        var publish = OutgoingPublish(
            packet: header,
            isVersion5: connection.isVersion5,
            in: chunk,
            at: offset,
            topicHash: hash,
            origin: session.address,
            publisher: session.client,
            now: self.now
        )
        if header.isRetained || !self.hooks.isDisjoint(with: [.authorization, .publish]) {
            guard !header.isRetained, !self.hooks.contains(.publish),
                let decision = connection.decisions?.decision(
                    on: topic,
                    hash: hash,
                    qos: header.qos,
                    isRetained: false,
                    generation: self.accessGeneration
                )
            else { return self.publishWithCare(publish.message(), header, connection, session) }
            if case .deny(let reason) = decision {
                self.log(.denied, .denied(session.info, .publish(topic: publish.message().topic), reason))
                return self.acknowledgePublish(header.qos, header.packetIdentifier, reason, connection)
            }
        }
        guard header.qos == .atMostOnce || self.canStore(&publish, route, for: connection) else {
            return self.refuseToStore(header.qos, header.packetIdentifier, connection, session)
        }
        publish.isDroppable = !connection.isVersion5
        let mark = self.journal.count
        let isDelivered = self.deliver(&publish, along: route)
        self.acknowledgePublish(
            header.qos,
            header.packetIdentifier,
            isDelivered ? .success : .noMatchingSubscribers,
            connection,
            since: mark
        )
    }

    @inline(__always)
    private func count(_ header: PublishHeader) {
        self.metrics.messagesReceived &+= 1
        switch header.qos {
        case .atMostOnce: self.metrics.messagesReceivedByQoS.atMostOnce &+= 1
        case .atLeastOnce: self.metrics.messagesReceivedByQoS.atLeastOnce &+= 1
        case .exactlyOnce: self.metrics.messagesReceivedByQoS.exactlyOnce &+= 1
        }
    }

    @inline(__always)
    private func check(_ header: PublishHeader, _ terms: ConnectionTerms) throws(MQTTError) {
        if header.hasSubscriptionIdentifier {
            throw .protocolError("subscription identifier from a client")  // [MQTT-3.3.4-6]
        }
        if header.qos > terms.maximumQoS {
            throw MQTTError(reason: .qosNotSupported, detail: "QoS is above mqtt.max_qos")
        }
        if header.isRetained, !terms.retainAvailable {
            throw MQTTError(reason: .retainNotSupported, detail: "retained messages are not available")
        }
    }

    /// - Returns: whether the message is to be routed; false: it has been, and is only answered again.
    @inline(__always)
    private func acceptIncoming(
        _ header: PublishHeader,
        _ connection: Connection,
        _ session: Session
    ) throws(MQTTError) -> Bool {
        guard header.qos == .exactlyOnce else { return true }
        if session.incomingExactlyOnce.contains(header.packetIdentifier) {
            // A v5 client that starts a new message under an identifier in use is told so; one that repeats
            // gets the same answer as before, and the message is not routed a second time [MQTT-4.3.3-10].
            let isReuse = connection.isVersion5 && !header.isDuplicate
            // A refusal ends the handshake, for the earlier message too: the identifier is free [MQTT-4.3.3-9].
            if isReuse {
                session.incomingExactlyOnce.remove(header.packetIdentifier)
                self.journalReceived(header.packetIdentifier, false, session)
            }
            self.acknowledge(
                .publishReceived,
                header.packetIdentifier,
                isReuse ? .packetIdentifierInUse : .success,
                connection,
                after: session.account == nil ? nil : self.pendingTicket
            )
            return false
        }
        // The quota is a connection's own: what is left of earlier ones does not count.
        let quota = Int(connection.terms.receiveMaximum) + Int(connection.inheritedExactlyOnce)
        if connection.isVersion5, session.incomingExactlyOnce.count >= quota {
            throw MQTTError(reason: .receiveMaximumExceeded, detail: "more QoS 2 messages than receive maximum")
        }
        // Before it is routed: whatever happens then, it is not routed again.
        session.incomingExactlyOnce.insert(header.packetIdentifier)
        return true
    }

    func acknowledgePublish(
        _ qos: QoS,
        _ packetIdentifier: UInt16,
        _ reason: ReasonCode,
        _ connection: Connection,
        since mark: UInt64? = nil
    ) {
        if reason.isError { self.metrics.publishesRefused += 1 }
        let mark = mark ?? self.journal.count
        switch qos {
        case .atMostOnce: return
        case .atLeastOnce:
            self.acknowledge(.publishAck, packetIdentifier, reason, connection, after: self.ticket(since: mark))
        case .exactlyOnce:
            if let session = connection.session {
                // An error ends the handshake here: no PUBREL follows [MQTT-4.3.3-9].
                if reason.isError, connection.isVersion5 {
                    session.incomingExactlyOnce.remove(packetIdentifier)
                } else {
                    self.journalReceived(packetIdentifier, true, session)
                }
            }
            self.acknowledge(.publishReceived, packetIdentifier, reason, connection, after: self.ticket(since: mark))
        }
    }

    // MARK: Topics

    /// The route of a topic that has come from a client. A topic with a known route is known to be valid.
    @inline(__always)
    private func route(of topic: RawSpan, hash: UInt64, version: ProtocolVersion) throws(MQTTError) -> Route {
        if let route = self.cachedRoute(of: topic, hash: hash) { return route }
        try self.checkTopic(topic, version: version)
        return self.findRoute(of: topic, hash: hash)
    }

    @inline(__always)
    private func cachedRoute(of topic: RawSpan, hash: UInt64) -> Route? {
        self.routes.route(of: topic, hash: hash, generation: self.broker.subscriptions.generation)
    }

    @inline(never)
    private func findRoute(of topic: RawSpan, hash: UInt64) -> Route {
        let route = self.broker.subscriptions.route(of: topic, hash: hash)
        self.routes.insert(route)
        return route
    }

    private func checkTopic(_ topic: RawSpan, version: ProtocolVersion) throws(MQTTError) {
        try TopicName.check(topic, version: version)
        let levels = topic.withUnsafeBytes { bytes in 1 + bytes.count { $0 == UInt8(ascii: "/") } }
        guard topic.byteCount <= self.settings.maximumTopicLength, levels <= self.settings.maximumTopicLevels else {
            throw MQTTError(reason: .topicNameInvalid, detail: "topic is longer or deeper than allowed")
        }
    }

    func isWithinLimits(topic: String) -> Bool {
        topic.utf8.count <= self.settings.maximumTopicLength
            && 1 + topic.utf8.count { $0 == UInt8(ascii: "/") } <= self.settings.maximumTopicLevels
    }

    func mayPublish(toTopic topic: String) -> Bool {
        self.settings.allowsPublishToSystemTopics || !(topic.utf8.starts(with: "$SYS/".utf8) || topic == "$SYS")
    }

    @inline(__always)
    private func mayPublish(to topic: RawSpan) -> Bool {
        guard topic.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == UInt8(ascii: "$") else { return true }
        return self.mayPublish(toTopic: topic.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    }

    private func noteAlias(_ header: PublishHeader, _ packet: RawSpan, _ connection: Connection) throws(MQTTError) {
        guard header.topicAlias <= connection.terms.topicAliasMaximum else {
            throw MQTTError(reason: .topicAliasInvalid, detail: "topic alias is above the maximum")
        }
        guard header.topicLength > 0 else { return }
        let topic = packet.extracting(header.topicStart..<header.topicStart + header.topicLength)
        try self.checkTopic(topic, version: connection.version)
        connection.incomingAliases[header.topicAlias] = topic.withUnsafeBytes { Array($0) }
    }

    @inline(__always)
    private func isPayloadWellFormed(_ header: PublishHeader, _ packet: RawSpan) -> Bool {
        guard self.settings.checksPayloadFormat, header.payloadFormatIndicator == 1 else { return true }
        return packet.extracting(header.payloadStart..<header.totalLength).withUnsafeBytes {
            String(validating: $0, as: UTF8.self) != nil
        }
    }

    private func refusePublish(_ header: PublishHeader, _ packet: RawSpan, _ connection: Connection) {
        let reason = self.isPayloadWellFormed(header, packet) ? ReasonCode.notAuthorized : .payloadFormatInvalid
        self.acknowledgePublish(header.qos, header.packetIdentifier, reason, connection)
    }

    // MARK: The long way

    private func topic(
        of header: PublishHeader,
        _ packet: RawSpan,
        _ connection: Connection
    ) throws(MQTTError) -> ByteBuffer {
        guard header.topicLength > 0 else {
            guard let known = connection.incomingAliases[header.topicAlias] else {
                throw .protocolError("topic alias that stands for no topic")
            }
            return ByteBuffer(bytes: known)
        }
        let name = packet.extracting(header.topicStart..<header.topicStart + header.topicLength)
        try self.checkTopic(name, version: connection.version)
        var topic = ByteBuffer()
        topic.writeBytes(name)
        return topic
    }

    /// A v5 PUBLISH whose bytes cannot be passed on as they are: an alias stands for its topic, or it expires.
    private func publishRewritten(
        _ header: PublishHeader,
        _ packet: RawSpan,
        _ connection: Connection,
        _ session: Session
    ) throws(MQTTError) {
        let topic = try self.topic(of: header, packet, connection)
        guard self.mayPublish(to: topic.readableBytesSpan), self.isPayloadWellFormed(header, packet) else {
            return self.refusePublish(header, packet, connection)
        }
        var forwarded = ByteBuffer()
        let properties = packet.extracting(header.propertiesStart..<header.propertiesStart + header.propertiesLength)
        if header.forwardsPropertiesVerbatim {
            forwarded.writeBytes(properties)
        } else {
            var encoded = ByteBuffer()
            encoded.writeMQTTVariableInteger(header.propertiesLength)
            encoded.writeBytes(properties)
            try Properties.decode(from: &encoded, in: .publish).forwarded.encodeWithoutLength(into: &forwarded)
        }
        let message = Message(
            topic: topic.readableBytesSpan,
            propertyBytes: forwarded.readableBytesSpan,
            payload: packet.extracting(header.payloadStart..<header.totalLength),
            qos: header.qos,
            isRetained: header.isRetained,
            expiresAt: header.messageExpiryInterval.map { self.now.adding(seconds: $0) },
            payloadFormatIndicator: header.payloadFormatIndicator,
            publisher: session.client.text
        )
        self.publishWithCare(message, header, connection, session)
    }

    /// Keeps a message if it is retained, and routes it.
    ///
    /// - Parameter isDroppable: whether nobody could be told that there is no room for it.
    /// - Returns: what its publisher is told.
    @discardableResult
    func publish(_ message: Message, origin: SessionAddress?, isDroppable: Bool = true) -> ReasonCode {
        if message.isRetained, !self.canStoreSessions, self.keepsRetained(on: message.topic) {
            // It could not be kept: what it replaces stays.
            self.metrics.retainedRefused += 1
        } else if message.isRetained {
            // Before others can see it: what the store finds without a number it leaves out.
            if let store = self.store { _ = message.number(in: store, for: self.index) }
            let outcome = self.broker.retained.store(message)
            switch outcome {
            case .stored, .cleared: self.journalRetained(message.topic)
            case .unchanged: break
            case .refused, .refusedOutdating:
                // Later than one that only the store holds: that one may not come back.
                if outcome == .refusedOutdating { self.journalRetained(message.topic) }
                self.metrics.retainedRefused += 1
                self.log(.retainedLimit, .retainedLimit)
            }
        }
        var publish = OutgoingPublish(message, origin: origin, now: self.now)
        publish.isDroppable = isDroppable
        return self.deliver(&publish, along: self.route(of: message)) ? .success : .noMatchingSubscribers
    }

    func route(of message: Message) -> Route {
        let bytes = message.storage
        let topic = bytes.readableBytesSpan.extracting(0..<message.topicLength)
        return self.cachedRoute(of: topic, hash: message.topicHash)
            ?? self.findRoute(of: topic, hash: message.topicHash)
    }

    /// Publishes a message that comes from no connection: a will, the broker's own, the embedding program's.
    package func publishOwn(_ message: Message, client: ClientInfo? = nil) {
        self.readClock()
        guard self.hooks.contains(.publish) else {
            self.publish(message, origin: nil)
            return
        }
        self.finish(self.extensions.publish(message, client: client)) { verdict in
            switch verdict {
            case .pass: self.publish(message, origin: nil)
            case .change(let changed): self.publish(changed, origin: nil)
            case .refuse: break
            }
        }
    }

    /// Runs what an extension has answered, now or when it has, where no connection waits for it.
    func finish<Value: Sendable>(_ answer: Answer<Value>, _ completion: @escaping (Value) -> Void) {
        switch answer {
        case .now(let value): completion(value)
        case .later(let work):
            self.host?.perform(work) { value in
                self.readClock()
                completion(value)
            }
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

extension Shard {
    func receiveSubscribe(_ subscribe: Subscribe, _ connection: Connection, _ session: Session) throws(MQTTError) {
        let identifier = subscribe.properties.subscriptionIdentifiers.first ?? 0
        guard identifier == 0 || connection.terms.subscriptionIdentifierAvailable else {
            throw MQTTError(
                reason: .subscriptionIdentifiersNotSupported,
                detail: "subscription identifiers are not available"
            )
        }
        let requests = subscribe.filters.map { requested in
            SubscriptionRequest(requested, isVersion5: connection.isVersion5)
        }
        // A shared subscription gets other members' messages, so "not my own" has no meaning [MQTT-3.8.3-4].
        guard !requests.contains(where: { $0.filter?.share != nil && $0.options.noLocal }) else {
            throw .protocolError("no local on a shared subscription")
        }
        self.judge(
            requests,
            identifier: UInt32(clamping: identifier),
            subscribe.packetIdentifier,
            connection,
            session
        )
    }

    private func judge(
        _ requests: [SubscriptionRequest],
        identifier: UInt32,
        _ packetIdentifier: UInt16,
        _ connection: Connection,
        _ session: Session
    ) {
        let generation = self.accessGeneration
        self.await(self.judge(requests, of: session.info), for: connection) { verdicts in
            guard generation == self.accessGeneration else {
                // The rules have changed meanwhile, and what the session has been asked about did not include these.
                return self.judge(requests, identifier: identifier, packetIdentifier, connection, session)
            }
            self.subscribe(requests, verdicts, identifier: identifier, packetIdentifier, connection, session)
        }
    }

    /// Whether the client may have each of these subscriptions: asked one after the other, off the loop from the
    /// first answer on that takes time.
    func judge(_ requests: [SubscriptionRequest], of client: ClientInfo) -> Answer<[AuthorizationVerdict]> {
        guard self.hooks.contains(.authorization) else {
            return .now(Array(repeating: .allow, count: requests.count))
        }
        let extensions = self.extensions
        let ask: @Sendable (SubscriptionRequest) -> Answer<AuthorizationVerdict> = { request in
            guard let filter = request.filter else { return .now(.allow) }
            return extensions.authorize(
                AuthorizationRequest(client: client, action: .subscribe(filter, request.options))
            )
        }
        var verdicts: [AuthorizationVerdict] = []
        for index in requests.indices {
            switch ask(requests[index]) {
            case .now(let verdict): verdicts.append(verdict)
            case .later(let work):
                let (known, rest) = (verdicts, requests[(index + 1)...])
                return .later {
                    var verdicts = known
                    verdicts.append(await work())
                    for request in rest {
                        switch ask(request) {
                        case .now(let verdict): verdicts.append(verdict)
                        case .later(let work): verdicts.append(await work())
                        }
                    }
                    return verdicts
                }
            }
        }
        return .now(verdicts)
    }

    private func subscribe(
        _ requests: [SubscriptionRequest],
        _ verdicts: [AuthorizationVerdict],
        identifier: UInt32,
        _ packetIdentifier: UInt16,
        _ connection: Connection,
        _ session: Session
    ) {
        let mark = self.journal.count
        var reasons: [ReasonCode] = []
        var retained: [(filter: TopicFilter, options: SubscriptionOptions)] = []
        for (request, verdict) in zip(requests, verdicts) {
            switch verdict {
            case .disconnect(let reason):
                self.noteDenied(request, reason, session)
                return self.close(connection, reason, saying: reason)
            case .deny(let reason):
                self.noteDenied(request, reason, session)
                reasons.append(reason)
            case .unanswered:
                self.noteDenied(request, .serverUnavailable, session)
                reasons.append(.notAuthorized)
            case .pass, .allow:
                guard let filter = request.filter else {
                    reasons.append(.topicFilterInvalid)
                    continue
                }
                if let refusal = self.refusal(of: filter, session, connection.terms) {
                    reasons.append(refusal)
                    continue
                }
                var options = request.options
                options.qos = min(options.qos, connection.terms.maximumQoS)
                let isNew = self.subscribe(session, filter, options, identifier)
                reasons.append(ReasonCode(rawValue: options.qos.rawValue))
                if filter.share == nil,
                    options.retainHandling == .sendAtSubscribe || options.retainHandling == .sendIfNew && isNew
                {
                    retained.append((filter, options))
                }
            }
        }
        self.metrics.subscriptionsRefused += reasons.count(where: \.isError)
        let isSent = self.answer(connection, since: mark) { buffer throws(MQTTError) in
            try SubscribeAck(packetIdentifier: packetIdentifier, reasons: reasons, properties: [])
                .encode(into: &buffer, version: connection.version)
        }
        guard isSent else { return self.closeUnanswered(connection) }
        if let ticket = self.ticket(since: mark) { connection.held?.subscribeTicket = ticket }
        for (filter, options) in retained {
            self.queueRetained(filter, options.qos, identifier, session)
        }
        self.sendRetained(session, connection)
    }

    private func noteDenied(_ request: SubscriptionRequest, _ reason: ReasonCode, _ session: Session) {
        self.log(.denied, .denied(session.info, .subscribe(filter: request.filter?.text ?? ""), reason))
    }

    private func refusal(of filter: TopicFilter, _ session: Session, _ terms: ConnectionTerms) -> ReasonCode? {
        if filter.text.utf8.count > self.settings.maximumTopicLength
            || filter.levelCount > self.settings.maximumTopicLevels
        {
            return .topicFilterInvalid
        }
        if filter.hasWildcards, !terms.wildcardSubscriptionAvailable {
            return .wildcardSubscriptionsNotSupported
        }
        if filter.share != nil, !terms.sharedSubscriptionAvailable {
            return .sharedSubscriptionsNotSupported
        }
        guard self.canStoreSession(session) else { return .quotaExceeded }
        guard session.entries[UTF8String(filter.text)] == nil else { return nil }
        let bytes = Session.Entry.byteCount(of: filter)
        if session.entries.count >= self.settings.maximumSubscriptions
            || session.subscriptionBytes > self.settings.maximumSubscriptionBytes - bytes
        {
            return .quotaExceeded
        }
        return nil
    }

    /// Gives a session a subscription, or replaces the one it has for the same filter [MQTT-3.8.4-3].
    ///
    /// - Returns: whether it is new.
    @discardableResult
    func subscribe(
        _ session: Session,
        _ filter: TopicFilter,
        _ options: SubscriptionOptions,
        _ identifier: UInt32
    ) -> Bool {
        let entry = Session.Entry(filter: filter, options: options, identifier: identifier)
        let isNew = session.entries.updateValue(entry, forKey: UTF8String(filter.text)) == nil
        if isNew {
            session.subscriptionBytes += Session.Entry.byteCount(of: filter)
            if filter.share != nil {
                session.sharedCount += 1
                session.mayHaveShared = true
            }
        }
        self.broker.subscriptions.subscribe(
            filter,
            session.address,
            entry.subscription(of: session),
            isOnline: session.connection != nil || session.sink != nil
        )
        self.journalSubscription(entry, session)
        self.extensions.notify(.subscriptions) { $0.subscribed(session.info, filter: filter, options: options) }
        return isNew
    }

    private func queueRetained(_ filter: TopicFilter, _ qos: QoS, _ identifier: UInt32, _ session: Session) {
        let backlog = session.retainedBacklog ?? RetainedBacklog()
        session.retainedBacklog = backlog
        backlog.add(
            RetainedBacklog.Request(filter: filter, qos: qos, identifiers: identifier == 0 ? [] : [identifier])
        )
    }

    func receiveUnsubscribe(_ unsubscribe: Unsubscribe, _ connection: Connection, _ session: Session) {
        let mark = self.journal.count
        let reasons = unsubscribe.filters.map { text -> ReasonCode in
            guard let filter = try? TopicFilter(text) else { return .topicFilterInvalid }
            return self.unsubscribe(session, filter) ? .success : .noSubscriptionExisted
        }
        let isSent = self.answer(connection, since: mark) { buffer throws(MQTTError) in
            try UnsubscribeAck(packetIdentifier: unsubscribe.packetIdentifier, reasons: reasons, properties: [])
                .encode(into: &buffer, version: connection.version)
        }
        if !isSent { self.closeUnanswered(connection) }
    }

    /// - Returns: whether the session had it.
    @discardableResult
    func unsubscribe(_ session: Session, _ filter: TopicFilter) -> Bool {
        guard session.entries.removeValue(forKey: UTF8String(filter.text)) != nil else { return false }
        session.subscriptionBytes -= Session.Entry.byteCount(of: filter)
        if filter.share != nil { session.sharedCount -= 1 }
        self.broker.subscriptions.unsubscribe(filter, session.address)
        self.journalUnsubscription(filter, session)
        self.extensions.notify(.subscriptions) { $0.unsubscribed(session.info, filter: filter) }
        return true
    }
}

/// One subscription that a client wants, or has.
struct SubscriptionRequest: Sendable {
    /// nil when it is no valid filter.
    let filter: TopicFilter?
    let options: SubscriptionOptions

    init(_ requested: Subscribe.Filter, isVersion5: Bool) {
        self.filter = try? TopicFilter(requested.filter)
        self.options = requested.options
    }

    init(_ entry: Session.Entry) {
        self.filter = entry.filter
        self.options = entry.options
    }
}

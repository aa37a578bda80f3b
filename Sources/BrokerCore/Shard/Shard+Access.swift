//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

// What a client was allowed may not be allowed any more: the rules have changed, or a session has been resumed by a
// client with another user name. Then extensions are asked again about what a session holds:
//
// 1. each subscription (`authorize`); those that are refused are taken from the session,
// 2. each message that waits for the client (`mayReceive`); those that are refused are dropped.
//
// Where a connection waits for the session, it gets CONNACK afterwards, and nothing before. Answers may come late,
// and by then the session may have ended, moved to another shard, or be asked about anew: a late answer counts only
// if the session still has the very review that it belongs to. A session that moves is asked about again where it
// arrives, so none escapes between two shards.
extension Shard {
    // MARK: The rules have changed

    /// Asks the extensions again about every client and session, some at a time: whether connected clients may stay
    /// (``BrokerExtension/mayStay(_:)``, else DISCONNECT 0x87), whether sessions may keep their subscriptions, and
    /// whether messages that wait may still be delivered. Decisions remembered until now hold no longer.
    ///
    /// Called on every shard after the rules have changed. Also takes over changed ``BrokerExtension/interests``.
    package func recheckAccess() {
        self.readClock()
        self.readRules()
        self.chores.nextRecheck = 0
        self.chores.isRecheckAboutClientsOnly = false
        self.continueChoresSoon()
    }

    /// Asks the extensions whether connected clients may stay, some at a time: what let them in may have ended, as a
    /// token does, although the rules are what they were.
    package func recheckClients() {
        // One that is under way asks this as well.
        guard self.chores.nextRecheck == nil else { return }
        self.readClock()
        self.chores.nextRecheck = 0
        self.chores.isRecheckAboutClientsOnly = true
        self.continueChoresSoon()
    }

    /// Whether ``recheckAccess()`` has looked at everything, and no answer is awaited.
    package var hasRecheckedAccess: Bool {
        self.chores.nextRecheck == nil && self.chores.reviews.isEmpty && self.chores.lateAnswers == 0
    }

    func continueRecheck() {
        while self.chores.budget > 0, !self.chores.isWaitingForAnswers, let slot = self.chores.nextRecheck {
            guard slot < self.sessions.slotCount else {
                self.chores.nextRecheck = nil
                return
            }
            self.chores.nextRecheck = slot + 1
            self.chores.budget -= 1
            guard let session = self.sessions[slot: slot], session.sink == nil else { continue }
            if !self.chores.isRecheckAboutClientsOnly {
                self.recheck(session)
            } else if let connection = session.connection {
                self.checkStay(of: connection, session.info)
            }
        }
    }

    /// Asks whether a session's client may stay, and what the session may keep.
    func recheck(_ session: Session) {
        if let connection = session.connection { self.checkStay(of: connection, session.info) }
        let address = session.address
        guard self.sessions[address.slot, address.generation] === session else { return }
        if let review = session.review {
            self.review(session, for: review.client, before: review.connection)
        } else if self.hooks.contains(.authorization), !session.isRestored {
            self.review(session, for: session.info)
        }
    }

    /// Disconnects a client that may not stay.
    func checkStay(of connection: Connection, _ client: ClientInfo) {
        guard !self.hooks.isDisjoint(with: [.authentication, .authorization]) else { return }
        let (slot, generation) = (connection.slot, connection.generation)
        self.chores.budget -= 1
        self.whenAnswered(self.extensions.mayStay(client)) { mayStay in
            // This very connection: another one of the same client has been let in since.
            guard !mayStay, let connection = self.connections[slot, generation], connection.phase == .connected else {
                return
            }
            self.expel(connection, .notAuthorized)
        }
    }

    /// Runs an answer now or when it is there, and goes on with what had to wait because too many were awaited.
    private func whenAnswered<Value: Sendable>(_ answer: Answer<Value>, _ completion: @escaping (Value) -> Void) {
        switch answer {
        case .now(let value): completion(value)
        case .later(let work):
            self.chores.lateAnswers += 1
            self.host?.perform(work) { value in
                self.readClock()
                self.chores.lateAnswers -= 1
                completion(value)
                self.continueChoresSoon()
            }
        }
    }

    // MARK: What a session may keep

    /// Asks about everything that a session holds.
    ///
    /// - Parameters:
    ///   - client: whom it is for.
    ///   - connection: gets the session afterwards; it may have it before this returns.
    func review(_ session: Session, for client: ClientInfo, before connection: Connection? = nil) {
        let review = AccessReview(of: session, for: client, before: connection)
        session.review = review
        self.advance(review, of: session)
    }

    func continueReviews() {
        let due = self.chores.reviews
        self.chores.reviews = []
        for (address, review) in due {
            // The session may have ended, or be asked about anew: then this review is nobody's.
            guard let session = self.sessions[address.slot, address.generation], session.review === review else {
                continue
            }
            self.advance(review, of: session)
        }
    }

    private func advance(_ review: AccessReview, of session: Session) {
        // What is awaited decides, however often it is tried to go on.
        guard !review.isAwaiting else { return }
        while !review.remaining.isEmpty {
            guard self.chores.budget > 0 else {
                self.chores.reviews.append((session.address, review))
                return self.continueChoresSoon()
            }
            let part = Array(review.remaining.prefix(self.chores.budget))
            review.remaining = review.remaining.dropFirst(part.count)
            self.chores.budget -= part.count
            let answer = self.judge(part.map(SubscriptionRequest.init), of: review.client)
            if case .now(let verdicts) = answer {
                self.apply(verdicts, to: part, of: review, session)
                continue
            }
            let address = session.address
            review.isAwaiting = true
            return self.whenAnswered(answer) { verdicts in
                review.isAwaiting = false
                guard let session = self.sessions[address.slot, address.generation], session.review === review else {
                    return
                }
                self.apply(verdicts, to: part, of: review, session)
                self.advance(review, of: session)
            }
        }
        self.finish(review, of: session)
    }

    private func apply(
        _ verdicts: [AuthorizationVerdict],
        to part: [Session.Entry],
        of review: AccessReview,
        _ session: Session
    ) {
        for (entry, verdict) in zip(part, verdicts) {
            switch verdict {
            case .pass, .allow: continue
            case .unanswered:
                // Nobody has said no: what a session has it does not lose because a service is down.
                review.isUnanswered = true
                continue
            // The client has done nothing now that it could be disconnected for.
            case .deny, .disconnect: break
            }
            // It may have subscribed anew since it was asked about, and been asked about for that.
            guard session.entries[UTF8String(entry.filter.text)]?.options == entry.options else { continue }
            self.unsubscribe(session, entry.filter)
            session.retainedBacklog?.removeRequest(for: entry.filter)
            self.metrics.subscriptionsRevoked += 1
            review.noteRevoked(entry.filter)
        }
    }

    private func finish(_ review: AccessReview, of session: Session) {
        if review.isUnanswered, let connection = review.connection {
            let error = MQTTError(reason: .serverUnavailable, detail: "nobody can say now what it may do")
            return self.refuse(connection, error, client: review.client.clientIdentifier)
        }
        session.review = nil
        // What nobody can judge now stays, and is asked about when the client comes back.
        if !review.isUnanswered { self.dropRefusedMessages(of: session, review) }
        if let filter = review.firstRevoked {
            self.log(.subscriptionsRevoked(review.client, count: review.revokedCount, first: filter.text))
        }
        if let connection = review.connection { self.welcome(connection, resuming: session) }
    }

    /// A connection that waits for its session goes before it has it.
    func abandonReview(for connection: Connection) {
        guard let client = connection.pendingConnect?.clientIdentifier,
            let session = self.sessionsByClient[UTF8String(client)], session.review?.connection === connection
        else { return }
        session.review = nil
        self.keepOffline(session)
    }

    // MARK: Messages that wait

    private func dropRefusedMessages(of session: Session, _ review: AccessReview) {
        guard self.hooks.contains(.authorization) else { return }
        let isRefused = { (message: Message) in
            self.chores.budget -= 1
            return !self.extensions.mayReceive(message, client: review.client)
        }
        if !session.queue.isEmpty {
            let refused = session.queue.remove { isRefused($0.message) }
            for queued in refused {
                self.journalRemoval(of: queued.terms.number, session)
                self.dropRefused(queued.message, queued.terms.group, session, review.client)
            }
            self.updateAccount(of: session)
        }
        for message in session.retainedBacklog?.remove(where: isRefused) ?? [] {
            self.dropRefused(message, nil, session, review.client)
        }
        // What has been sent once is sent again: to this user, if it is the one who got it.
        guard review.connection != nil, review.client.userName != session.info.userName else { return }
        session.backlog?.isFromAnotherUser = session.backlog?.lacksInflight == true
        for (identifier, inflight) in session.inflight.all where inflight.state == .published {
            guard let message = inflight.message, isRefused(message) else { continue }
            self.endInflight(identifier, session)
            // What was QoS 2 may have arrived, so nobody else may get it.
            let group = inflight.terms.qos == .exactlyOnce ? nil : inflight.terms.group
            self.dropRefused(message, group, session, review.client)
        }
    }

    /// Whether a message that was sent to where a session lived before, and comes after it has been asked about, may
    /// still go to it; if not, it is dealt with.
    func passesReview(_ delivery: DirectDelivery, _ session: Session) -> Bool {
        guard self.hooks.contains(.authorization),
            !self.extensions.mayReceive(delivery.message, client: session.info)
        else { return true }
        self.journalRemoval(of: delivery.number, session)
        self.dropRefused(delivery.message, delivery.group, session, session.info)
        return false
    }

    /// A message that a shared group chose this session for goes to another member; any other is dropped.
    func dropRefused(
        _ message: Message,
        _ group: SharedGroup?,
        _ session: Session,
        _ client: ClientInfo
    ) {
        if let group, !message.isExpired(at: self.now) {
            var publish = OutgoingPublish(message, origin: nil, now: self.now)
            if self.deliver(&publish, to: group, excluding: session.address) { return }
        }
        self.metrics.droppedNotAuthorized += 1
        self.tellDropped(message, client, .notAuthorized)
    }
}

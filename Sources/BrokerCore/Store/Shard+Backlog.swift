//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

// A session's messages are in the store, all of them, and the first of them in memory too: those that may be sent next.
// What comes while there are more in the store than in memory stays there, and is read when those before it are gone.
//
// Shards publish to a session in parallel, and the store may have a message before the session's shard has heard of it.
// So a page holds only what the session had heard of when it was asked for, and what comes while it is being read waits
// to see whether it belongs before or behind its end.
extension Shard {
    /// Bytes of messages that are read at once, and that a session has in memory beside those in flight.
    static let pageBytes = 1024 * 1024

    // MARK: What comes

    /// A message has come to a session that is kept by a way that has not stored it yet: as a retained one, for instance.
    @inline(never)
    func storeAndDeliver(_ publish: inout OutgoingPublish, to session: Session, _ terms: DeliveryTerms) {
        guard let account = session.account else { return }
        var terms = terms
        terms.number = self.journal(publish.message(), terms, for: account)
        guard terms.number != .none else { return }
        self.deliver(&publish, to: session, terms)
    }

    /// Lets a message that is stored wait for its client.
    ///
    /// - Parameter isDroppable: ``OutgoingPublish/isDroppable``.
    func enqueueStored(_ queued: QueuedMessage, for session: Session, isDroppable: Bool) {
        guard self.makeRoom(for: queued, in: session, isDroppable: isDroppable) else {
            return self.displace(queued, of: session)
        }
        defer { self.updateAccount(of: session) }
        guard queued.terms.number > session.lastInMemory, session.backlog != nil || !self.hasRoomInMemory(session)
        else {
            session.queue.push(queued)
            session.lastInMemory = max(session.lastInMemory, queued.terms.number)
            return
        }
        let backlog = session.backlog ?? StoredBacklog(shardCount: self.broker.shardCount)
        session.backlog = backlog
        if backlog.isLoading {
            backlog.addArrival(queued)
        } else {
            backlog.add(queued)
        }
    }

    /// A message for which there is no room any more, or never was.
    func displace(_ queued: QueuedMessage, of session: Session) {
        self.journalRemoval(of: queued.terms.number, session)
        self.dropForFullQueue(queued.message, session)
    }

    private func hasRoomInMemory(_ session: Session) -> Bool {
        session.queue.count < self.settings.queuedMessagesInMemory && session.queue.byteCount < Self.pageBytes
    }

    /// Drops the oldest messages, now in memory, that others have been accepted for.
    private func settleDebts(of session: Session, _ backlog: StoredBacklog) {
        while backlog.owedCount > 0 || backlog.owedBytes > 0, let oldest = session.queue.popFirst() {
            backlog.owedCount -= 1
            backlog.owedBytes -= oldest.message.byteCount
            self.displace(oldest, of: session)
        }
        guard session.backlog === backlog, backlog.owedCount > 0 || backlog.owedBytes > 0 else {
            backlog.owedCount = 0
            backlog.owedBytes = 0
            return
        }
        _ = self.readAhead(session)
    }

    /// Lets all shards know how much waits for a session.
    func updateAccount(of session: Session) {
        guard let account = session.account else { return }
        let waiting = session.waiting
        account.set(messageCount: waiting.count, byteCount: waiting.byteCount)
        let fullest = self.fullest.flatMap { self.sessions[$0.slot, $0.generation] }
        if waiting.count > fullest?.waiting.count ?? 0 { self.fullest = session.address }
        let largest = self.largest.flatMap { self.sessions[$0.slot, $0.generation] }
        if waiting.byteCount > largest?.waiting.byteCount ?? 0 { self.largest = session.address }
    }

    // MARK: What is read

    /// Sees to it that the next messages are in memory before they are needed.
    ///
    /// - Returns: whether those that are there may be sent.
    func readAhead(_ session: Session) -> Bool {
        guard let backlog = session.backlog else { return true }
        let page = self.pageCount(for: session)
        // While a session is moving, messages are under way that may be in the store already.
        if !backlog.isLoading, session.arrival == nil, backlog.lacksInflight || session.queue.count <= page / 2 {
            self.requestPage(of: page, session, backlog)
        }
        return !backlog.lacksInflight
    }

    /// Messages that are read at once: as many as the client may have in flight, so that it never waits for them.
    private func pageCount(for session: Session) -> Int {
        guard let connection = session.connection else {
            // Those that have to give way are only passing through.
            return max(self.settings.queuedMessagesInMemory, min(session.backlog?.owedCount ?? 0, 4096))
        }
        return max(
            self.settings.queuedMessagesInMemory,
            min(self.settings.maximumInflight, Int(connection.receiveMaximum))
        )
    }

    private func requestPage(of count: Int, _ session: Session, _ backlog: StoredBacklog) {
        guard let account = session.account else { return }
        backlog.isLoading = true
        // At the end of the turn, behind all that it has changed: what one packet brings about the store gets whole.
        self.pageRequests.append(
            BacklogRequest(
                reader: .session(session.address),
                session: account.number,
                after: session.lastInMemory,
                known: backlog.known,
                maximumCount: count,
                maximumBytes: Self.pageBytes,
                includesInflight: backlog.lacksInflight
            )
        )
        self.needTurnEnd()
    }

    /// Asks the store for the pages that this turn has wanted.
    func requestPages() {
        guard !self.pageRequests.isEmpty, let store = self.store?.store else { return }
        let requests = self.pageRequests
        self.pageRequests = []
        for request in requests { store.fetch(request, for: Int(self.index)) }
    }

    func receive(_ page: BacklogPage) {
        guard case .session(let address) = page.request.reader else { return self.distribute(page) }
        // It may have ended or moved meanwhile; then it asks anew where it is.
        guard let session = self.sessions[address.slot, address.generation], let backlog = session.backlog,
            session.account?.number == page.request.session, backlog.isLoading
        else { return }
        backlog.isLoading = false
        let wasBlocked = backlog.lacksInflight
        if page.request.includesInflight {
            backlog.lacksInflight = false
            for entry in page.inflight { self.restoreInflight(entry, session, backlog) }
        }
        for entry in page.queued {
            backlog.remove(entry.message)
            session.lastInMemory = max(session.lastInMemory, entry.delivery)
            self.takeIn(QueuedMessage(entry.message, self.terms(of: entry)), session)
        }
        let arrivals = backlog.takeArrivals()
        if page.isLast || backlog.count <= 0 { session.backlog = nil }
        for arrival in arrivals { self.place(arrival, session) }
        self.settleDebts(of: session, backlog)
        self.updateAccount(of: session)
        guard let connection = session.connection else { return }
        self.pump(session)
        guard wasBlocked, session.backlog?.lacksInflight != true, connection.phase == .connected else { return }
        connection.isPaused = false
        self.resume(connection)
    }

    /// A message that came while a page was being read.
    private func place(_ arrival: QueuedMessage, _ session: Session) {
        if arrival.terms.number > session.lastInMemory, session.backlog != nil || !self.hasRoomInMemory(session) {
            let backlog = session.backlog ?? StoredBacklog(shardCount: self.broker.shardCount)
            session.backlog = backlog
            backlog.add(arrival)
        } else {
            session.lastInMemory = max(session.lastInMemory, arrival.terms.number)
            self.takeIn(arrival, session)
        }
    }

    /// A message that has been read waits in memory now, if it is still to be delivered.
    private func takeIn(_ queued: QueuedMessage, _ session: Session) {
        if queued.message.isExpired(at: self.now) { return self.dropExpired(queued, session) }
        // What a client may do that has not been back since the start is asked when it is.
        if self.hooks.contains(.authorization), !session.isRestored,
            !self.extensions.mayReceive(queued.message, client: session.info)
        {
            self.journalRemoval(of: queued.terms.number, session)
            return self.dropRefused(queued.message, queued.terms.group, session, session.info)
        }
        session.queue.push(queued)
    }

    private func restoreInflight(_ entry: BacklogPage.Entry, _ session: Session, _ backlog: StoredBacklog) {
        backlog.remove(entry.message)
        let terms = self.terms(of: entry)
        if backlog.isFromAnotherUser, !entry.isConfirmed, self.hooks.contains(.authorization),
            !self.extensions.mayReceive(entry.message, client: session.info)
        {
            self.journalRemoval(of: entry.delivery, session)
            // What was QoS 2 may have arrived, so nobody else may get it.
            let group = entry.qos == .exactlyOnce ? nil : terms.group
            return self.dropRefused(entry.message, group, session, session.info)
        }
        session.inflight.restore(
            InflightMessage(
                state: entry.isConfirmed ? .released : .published,
                isOnWire: false,
                message: entry.message,
                terms: terms
            ),
            under: entry.packetIdentifier
        )
    }

    private func terms(of entry: BacklogPage.Entry) -> DeliveryTerms {
        DeliveryTerms(
            qos: entry.qos,
            isRetained: entry.isRetained,
            identifiers: entry.identifiers,
            // One that has no members now may have some when it matters.
            group: entry.group.map {
                self.group(of: $0) ?? SharedGroup(filter: $0, strategy: self.settings.sharedStrategy)
            },
            number: entry.delivery
        )
    }

    /// The shared group of a filter, share and all, if it has members.
    func group(of filter: String) -> SharedGroup? {
        (try? TopicFilter(filter)).flatMap { self.broker.subscriptions.group(of: $0) }
    }
}

extension Session {
    /// The QoS 1 and 2 messages that wait for its client, in memory and in the store.
    var waiting: (count: Int, byteCount: Int) {
        guard let backlog = self.backlog else { return (self.queue.count, self.queue.byteCount) }
        return (
            self.queue.count + backlog.count + backlog.arrivals.count,
            self.queue.byteCount + backlog.byteCount + backlog.arrivalBytes
        )
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

// What changes is written down here, and goes to the store as one batch at the end of the turn.
extension Shard {
    private func record(_ operation: StoreOperation) {
        self.journal.add(operation)
        self.needTurnEnd()
    }

    /// Hands over what has changed.
    func submitJournal() {
        guard let store = self.store?.store, let batch = self.journal.take() else { return }
        store.submit(batch.operations, from: Int(self.index), ticket: batch.ticket)
    }

    /// Whether publishers are better read no further, since the store does not keep up.
    var isStoreCongested: Bool {
        guard !self.journal.isEmpty, let store = self.store?.store else { return false }
        // One that can't write refuses what would have to be stored; everything else goes on.
        return store.isCongested && store.isAvailable
    }

    // MARK: Sessions

    /// A session begins, or something about it has changed.
    ///
    /// - Parameter hasEnded: ``SessionRecord/hasEnded``.
    func journalSession(_ session: Session, hasEnded: Bool = false) {
        guard let account = session.account else { return }
        var disconnectedAt: MonotonicTime?
        if session.connection == nil {
            let expiry = Int64(session.expiryInterval) * 1000
            disconnectedAt = session.expiresAt?.adding(milliseconds: -expiry) ?? self.now
        }
        var delayedWill: DelayedWill?
        if let will = session.will, let dueAt = session.willDueAt {
            delayedWill = DelayedWill(will: will, dueAt: dueAt)
        }
        self.record(
            .session(
                SessionRecord(
                    number: account.number,
                    client: session.info,
                    expiryInterval: session.expiryInterval,
                    disconnectedAt: disconnectedAt,
                    will: delayedWill,
                    hasEnded: hasEnded
                )
            )
        )
    }

    /// Nothing of a session is needed any more.
    func journalEnd(of session: StoreNumber) { self.record(.sessionEnded(session)) }

    func journalSubscription(_ entry: Session.Entry, _ session: Session) {
        guard let account = session.account else { return }
        self.record(
            .subscribed(
                session: account.number,
                SubscriptionRecord(filter: entry.filter.text, options: entry.options, identifier: entry.identifier)
            )
        )
    }

    func journalUnsubscription(_ filter: TopicFilter, _ session: Session) {
        guard let account = session.account else { return }
        self.record(.unsubscribed(session: account.number, filter: filter.text))
    }

    /// A QoS 2 message of the client has been accepted under this identifier, or released.
    func journalReceived(_ packetIdentifier: UInt16, _ isAccepted: Bool, _ session: Session) {
        guard let account = session.account else { return }
        self.record(
            isAccepted
                ? .received(session: account.number, packetIdentifier: packetIdentifier)
                : .receivedReleased(session: account.number, packetIdentifier: packetIdentifier)
        )
    }

    // MARK: Messages

    /// A message is due to the stored targets of a route.
    ///
    /// - Returns: the number of the delivery to the first of them.
    @inline(never)
    func journal(_ publish: inout OutgoingPublish, for route: Route) -> StoreNumber {
        guard let store = self.store else { return .none }
        let message = publish.message()
        let number = message.number(in: store, for: self.index)
        let first = store.draw(route.stored.count, for: self.index)
        self.record(
            .published(
                PublishRecord(message: message, number: number, route: route, first: first, origin: publish.origin)
            )
        )
        return first
    }

    /// A message is due to a member of a shared group.
    ///
    /// - Returns: the delivery's number; `none` if nothing is stored for this member.
    func journal(
        _ publish: inout OutgoingPublish,
        for member: SharedGroup.Member,
        _ identifiers: [UInt32],
        _ group: SharedGroup
    ) -> StoreNumber {
        let qos = min(publish.qos, member.subscription.qos)
        guard qos > .atMostOnce, let account = member.subscription.account else { return .none }
        let terms = DeliveryTerms(
            qos: qos,
            isRetained: member.subscription.retainAsPublished && publish.isRetained,
            identifiers: identifiers,
            group: group
        )
        return self.journal(publish.message(), terms, for: account)
    }

    /// A message is due to one session.
    func journal(_ message: Message, _ terms: DeliveryTerms, for account: SessionAccount) -> StoreNumber {
        guard let store = self.store else { return .none }
        let number = store.draw(for: self.index)
        self.record(
            .queued(
                DeliveryRecord(
                    message: message,
                    messageNumber: message.number(in: store, for: self.index),
                    session: account.number,
                    delivery: number,
                    qos: terms.qos,
                    isRetained: terms.isRetained,
                    identifiers: terms.identifiers,
                    group: terms.group?.filter
                )
            )
        )
        return number
    }

    func journalSent(_ terms: DeliveryTerms, under packetIdentifier: UInt16, _ session: Session) {
        guard let account = session.account, terms.number != .none else { return }
        self.record(
            .sent(
                session: account.number,
                delivery: terms.number,
                packetIdentifier: packetIdentifier,
                qos: terms.qos
            )
        )
    }

    /// PUBREC has come.
    func journalConfirmed(_ delivery: StoreNumber, _ session: Session) {
        guard let account = session.account, delivery != .none else { return }
        self.record(.confirmed(session: account.number, delivery: delivery))
    }

    /// A delivery is not due any more.
    func journalRemoval(of delivery: StoreNumber, _ session: Session) {
        guard let account = session.account else { return }
        self.journalRemoval(of: delivery, from: account.number)
    }

    func journalRemoval(of delivery: StoreNumber, from session: StoreNumber) {
        guard delivery != .none, session != .none else { return }
        self.record(.removed(session: session, delivery: delivery))
    }

    /// The retained message of a topic has changed.
    func journalRetained(_ topic: String) {
        guard self.keepsRetained(on: topic) else { return }
        self.record(.retained(RetainedChange(topic: topic, store: self.broker.retained)))
    }
}

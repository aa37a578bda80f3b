//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

extension Shard {
    /// Takes in a session that the store has kept, before anybody can connect. Its messages stay in the store until its
    /// client is back, or others can have them.
    package func restore(_ restored: RestoredSession) {
        self.readClock()
        let record = restored.record
        guard !record.hasEnded else { return self.restoreEstate(of: record) }
        let client = UTF8String(record.client.clientIdentifier)
        let (tenure, _) = self.broker.directory.claim(client, for: self.index)
        let account = SessionAccount(number: record.number, isStored: true)
        let session = self.makeSession(client, tenure, record.client, account)
        session.isRestored = true
        session.mayHaveShared = restored.hasShared
        session.expiryInterval = record.expiryInterval
        session.incomingExactlyOnce = Set(restored.received)
        if restored.messageCount > 0 {
            session.backlog = StoredBacklog(
                restored: restored,
                shardCount: self.broker.shardCount,
                lastCount: self.store?.count ?? 0
            )
            self.updateAccount(of: session)
        }
        for subscription in restored.subscriptions { self.restore(subscription, of: session) }
        if let delayed = record.will {
            session.will = delayed.will
            session.willDueAt = delayed.dueAt
            self.timers.add(
                .will,
                slot: session.address.slot,
                generation: session.address.generation,
                at: delayed.dueAt
            )
        }
        self.setCountedOffline(session, true)
        if record.expiryInterval != Session.neverExpires {
            session.expiresAt = (record.disconnectedAt ?? self.now).adding(seconds: record.expiryInterval)
        }
        self.scheduleExpiry(of: session)
    }

    private func restore(_ record: SubscriptionRecord, of session: Session) {
        guard let filter = try? TopicFilter(record.filter) else { return }
        let entry = Session.Entry(filter: filter, options: record.options, identifier: record.identifier)
        guard session.entries.updateValue(entry, forKey: UTF8String(filter.text)) == nil else { return }
        session.subscriptionBytes += Session.Entry.byteCount(of: filter)
        if filter.share != nil {
            session.sharedCount += 1
            session.mayHaveShared = true
        }
        self.broker.subscriptions.subscribe(
            filter,
            session.address,
            entry.subscription(of: session),
            isOnline: false
        )
    }
}

extension BrokerState {
    /// Takes in a retained message that the store has kept, before anybody can connect.
    ///
    /// - Returns: whether it fits into the limits.
    @discardableResult
    package func restore(retained message: Message) -> Bool {
        if case .stored = self.retained.store(message) { return true }
        self.retained.noteUnloaded(message)
        return false
    }
}

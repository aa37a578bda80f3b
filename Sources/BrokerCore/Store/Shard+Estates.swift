//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

// A session may have more messages in the store than in memory when it ends. Those that a shared group chose it for are
// read, page by page, and go to other members; the store forgets the rest of the session after that.
extension Shard {
    /// Messages that a page of an estate has.
    private static let pageCount = 256
    /// Seconds after a start before what sessions have left is given to others: members whose sessions are not kept have
    /// to come back first.
    private static let grace: UInt32 = 30

    /// Lets the store know that a session has ended, whose messages in memory have found their places.
    func journalEnd(of session: Session) {
        guard let account = session.account else { return }
        guard session.mayHaveShared, let backlog = session.backlog else {
            return self.journalEnd(of: account.number)
        }
        backlog.abandonLoading()
        self.journalSession(session, hasEnded: true)
        self.estates.add(
            Estate(
                session: account.number,
                client: session.info,
                known: backlog.known,
                readTo: session.lastInMemory,
                lacksInflight: backlog.lacksInflight
            )
        )
        self.readEstates()
    }

    /// Takes in what a session has left that ended before the broker started, or while there was none.
    func restoreEstate(of record: SessionRecord) {
        self.estates.add(
            Estate(
                session: record.number,
                client: record.client,
                known: Array(repeating: self.store?.count ?? 0, count: self.broker.shardCount),
                readTo: .none,
                lacksInflight: true
            )
        )
    }

    /// The broker has just started.
    func holdBackEstates() { self.estates.beginAt = self.now.adding(seconds: Self.grace) }

    /// Goes on with what has been left, if it is time, and everybody concerned keeps up.
    func readEstates() {
        guard !self.estates.isEmpty, !self.isRestoring, self.now >= self.estates.beginAt, !self.hasCongestedShards,
            let store = self.store?.store, store.isAvailable, !store.isCongested, let estate = self.estates.next()
        else { return }
        self.pageRequests.append(
            BacklogRequest(
                reader: .estate,
                session: estate.session,
                after: estate.readTo,
                known: estate.known,
                maximumCount: Self.pageCount,
                maximumBytes: Self.pageBytes,
                includesInflight: estate.lacksInflight
            )
        )
        self.needTurnEnd()
    }

    /// A part of an estate has been read.
    func distribute(_ page: BacklogPage) {
        guard var estate = self.estates.take(page.request.session) else { return }
        for entry in page.inflight + page.queued { self.passOn(entry, of: estate) }
        if page.isLast {
            self.journalEnd(of: estate.session)
        } else {
            estate.readTo = page.queued.last?.delivery ?? estate.readTo
            estate.lacksInflight = false
            self.estates.putBack(estate)
        }
        self.readEstates()
    }

    private func passOn(_ entry: BacklogPage.Entry, of estate: Estate) {
        self.journalRemoval(of: entry.delivery, from: estate.session)
        // What was QoS 2 may have arrived, so nobody else may get it [MQTT-4.8.2-5].
        let mayHaveArrived = entry.qos == .exactlyOnce && entry.packetIdentifier != 0
        guard !mayHaveArrived, let group = entry.group.flatMap(self.group(of:)) else {
            return self.tellDropped(entry.message, estate.client, .sessionEnded)
        }
        guard !entry.message.isExpired(at: self.now) else {
            self.metrics.droppedExpired += 1
            return self.tellDropped(entry.message, estate.client, .expired)
        }
        var publish = OutgoingPublish(entry.message, origin: nil, now: self.now)
        // It has been stored, and stays so if any member's session is kept.
        if !self.deliver(&publish, to: group, prefersKept: true) {
            self.tellDropped(entry.message, estate.client, .sessionEnded)
        }
    }
}

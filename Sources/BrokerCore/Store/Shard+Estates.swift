//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule
import MQTTCodec

/// What a session that has ended has left in the store to other members of its shared groups.
struct Estate {
    /// What the session is known by in the store, which keeps its record until all of this has found its place: so a
    /// broker that is killed before goes on with it.
    let session: StoreNumber
    /// Whose session it was.
    let client: ClientInfo
    /// ``BacklogRequest/known``.
    let known: [Int64]
    /// What has been read ends here.
    var readTo: StoreNumber
    /// Whether those in flight are in the store only, since the broker has just started.
    var lacksInflight: Bool
}

// A session may have more messages in the store than in memory when it ends. Those that a shared group chose it for are
// read, page by page, and go to other members; the store forgets the rest of the session after that. One estate after
// the other, so that the end of many sessions at once takes no more memory than that of one.
extension Shard {
    /// Estates that are read at once: messages, and bytes.
    private static let pageCount = 256
    private static let pageBytes = 1024 * 1024

    /// Lets the store know that a session has ended, whose messages in memory have found their places.
    func journalEnd(of session: Session) {
        guard let account = session.account else { return }
        guard session.sharedCount > 0, let backlog = session.backlog else {
            return self.journalEnd(of: account.number)
        }
        backlog.abandonLoading()
        self.journalSession(session, hasEnded: true)
        self.execute(
            Estate(
                session: account.number,
                client: session.info,
                known: backlog.known,
                readTo: session.lastInMemory,
                lacksInflight: backlog.lacksInflight
            )
        )
    }

    /// Takes in what a session has left that ended before the broker started, or while there was none.
    func restoreEstate(of record: SessionRecord) {
        self.execute(
            Estate(
                session: record.number,
                client: record.client,
                known: Array(repeating: self.store?.count ?? 0, count: self.broker.shardCount),
                readTo: .none,
                lacksInflight: true
            )
        )
    }

    private func execute(_ estate: Estate) {
        self.estates.append(estate)
        if self.estates.count == 1 { self.readEstate() }
    }

    private func readEstate() {
        guard let estate = self.estates.first else { return }
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

    /// A part of the first estate has been read.
    func passOn(_ page: BacklogPage) {
        guard let estate = self.estates.first, estate.session == page.request.session else { return }
        for entry in page.inflight + page.queued where entry.group != nil { self.passOn(entry, of: estate) }
        if page.isLast {
            self.journalEnd(of: estate.session)
            self.estates.removeFirst()
        } else {
            self.estates[0].readTo = page.queued.last?.delivery ?? estate.readTo
            self.estates[0].lacksInflight = false
        }
        self.readEstate()
    }

    private func passOn(_ entry: BacklogPage.Entry, of estate: Estate) {
        // What was QoS 2 may have arrived, so nobody else may get it [MQTT-4.8.2-5].
        let mayBePassedOn = entry.qos == .atLeastOnce || entry.packetIdentifier == 0
        let isPassedOn = mayBePassedOn && self.group(of: entry).map { self.passOn(entry.message, in: $0) } == true
        if !isPassedOn { self.tellDropped(entry.message, estate.client, .sessionEnded) }
        self.journalRemoval(of: entry.delivery, from: estate.session)
    }
}

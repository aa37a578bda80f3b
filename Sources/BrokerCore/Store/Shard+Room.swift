//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A number of messages, and of their bytes.
private struct Amount {
    var count = 0
    var byteCount = 0
}

// What gives way to a message that comes. As much as comes, and no more: where a limit has been lowered, what was
// accepted before stays.
extension Shard {
    /// Sees to it that a message fits into what is kept for a session, and into the store.
    ///
    /// - Returns: whether it does.
    func makeRoom(for queued: QueuedMessage, in session: Session, isDroppable: Bool) -> Bool {
        guard self.settings.fullStorePolicy == .dropOldest else {
            // Its publisher has been refused it, or been promised that it is kept: that sessions got fuller on its way
            // here, from another loop perhaps, is too late to say.
            return !isDroppable || self.hasRoom(for: queued, in: session)
        }
        let bytes = queued.message.byteCount
        guard bytes <= self.settings.maximumStoredBytesPerSession, self.settings.maximumStoredMessagesPerSession > 0
        else { return false }
        let excess = self.storeExcess
        if excess.ofMessages || excess.ofBytes {
            // If there is not enough to displace, nothing is displaced in vain.
            let own = session.displaceable
            let others = self.donor(\.fullest, \.count, for: session)?.displaceable.count ?? 0
            let otherBytes = self.donor(\.largest, \.byteCount, for: session)?.displaceable.byteCount ?? 0
            guard !excess.ofMessages || own.count + others > 0,
                !excess.ofBytes || own.byteCount + otherBytes >= bytes
            else { return false }
        }
        var freed = self.keepLimits(of: session, for: bytes)
        if excess.ofMessages, freed.count == 0 {
            self.free(Amount(count: 1), \.fullest, \.count, for: session, &freed)
        }
        if excess.ofBytes, freed.byteCount < bytes {
            self.free(Amount(byteCount: bytes - freed.byteCount), \.largest, \.byteCount, for: session, &freed)
        }
        return true
    }

    /// Whether a message fits without anything giving way.
    private func hasRoom(for queued: QueuedMessage, in session: Session) -> Bool {
        let waiting = session.waiting
        return waiting.count < self.settings.maximumStoredMessagesPerSession
            && waiting.byteCount + queued.message.byteCount <= self.settings.maximumStoredBytesPerSession
            && !self.isStoreFull
    }

    /// The oldest of a session's messages give way to one more of `bytes`, as its own limits want it.
    private func keepLimits(of session: Session, for bytes: Int) -> Amount {
        let waiting = session.waiting
        let tooMany = waiting.count >= self.settings.maximumStoredMessagesPerSession
        let excessBytes = waiting.byteCount + bytes - self.settings.maximumStoredBytesPerSession
        guard tooMany || excessBytes > 0 else { return Amount() }
        return self.displaceOldest(
            Amount(count: tooMany ? 1 : 0, byteCount: max(0, min(excessBytes, bytes))),
            of: session
        )
    }

    /// Where the store as a whole is full, it is the session with most that has to give it away, and not the one that
    /// happens to get a message: else a client that never comes back would take all room from the others.
    private func free(
        _ wanted: Amount,
        _ most: KeyPath<Shard, SessionAddress?>,
        _ measure: KeyPath<Amount, Int>,
        for session: Session,
        _ freed: inout Amount
    ) {
        var wanted = wanted
        if let donor = self.donor(most, measure, for: session) {
            let given = self.displaceOldest(wanted, of: donor)
            self.updateAccount(of: donor)
            freed.count += given.count
            freed.byteCount += given.byteCount
            guard given.count < wanted.count || given.byteCount < wanted.byteCount else { return }
            wanted = Amount(
                count: max(0, wanted.count - given.count),
                byteCount: max(0, wanted.byteCount - given.byteCount)
            )
        }
        let given = self.displaceOldest(wanted, of: session)
        freed.count += given.count
        freed.byteCount += given.byteCount
    }

    /// Another session that has more than `session`.
    private func donor(
        _ most: KeyPath<Shard, SessionAddress?>,
        _ measure: KeyPath<Amount, Int>,
        for session: Session
    ) -> Session? {
        guard let address = self[keyPath: most], let donor = self.sessions[address.slot, address.generation],
            donor !== session,
            donor.displaceable[keyPath: measure] > session.displaceable[keyPath: measure]
        else { return nil }
        return donor
    }

    /// The oldest messages of a session give way.
    ///
    /// - Returns: what they are; those that are in the store only are read first, and go when they are there.
    private func displaceOldest(_ wanted: Amount, of session: Session) -> Amount {
        var freed = Amount()
        while freed.count < wanted.count || freed.byteCount < wanted.byteCount {
            guard let oldest = session.queue.popFirst() else {
                guard let backlog = session.backlog else { return freed }
                let rest = session.displaceable
                let count = min(max(0, wanted.count - freed.count), rest.count)
                let byteCount = min(max(0, wanted.byteCount - freed.byteCount), rest.byteCount)
                backlog.owedCount += count
                backlog.owedBytes += byteCount
                _ = self.readAhead(session)
                return Amount(count: freed.count + count, byteCount: freed.byteCount + byteCount)
            }
            freed.count += 1
            freed.byteCount += oldest.message.byteCount
            self.displace(oldest, of: session)
        }
        return freed
    }
}

extension Session {
    /// What waits for its client and does not have to give way already.
    fileprivate var displaceable: Amount {
        let waiting = self.waiting
        return Amount(
            count: max(0, waiting.count - (self.backlog?.owedCount ?? 0)),
            byteCount: max(0, waiting.byteCount - (self.backlog?.owedBytes ?? 0))
        )
    }
}

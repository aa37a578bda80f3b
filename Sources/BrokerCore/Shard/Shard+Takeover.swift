//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// A connection that waits for its session to come from another shard.
struct Claim {
    let tenure: SessionTenure
    /// nil when it has been superseded meanwhile.
    var connection: Connection?
    /// Whether it, or one that it has superseded, starts anew: then the session ends when it comes.
    var isCleanStart: Bool
    /// A shard that has claimed the session from us before we had it.
    var nextOwner: SessionTenure?
}

/// What a session needs until everything that was sent to its old place has followed it.
final class Arrival {
    let from: SessionAddress
    /// Loops that may still have something under way to the old place.
    var fencesAwaited: Int
    /// What came directly meanwhile, and may not overtake.
    var held: [DirectDelivery] = []
    /// A further shard that has claimed the session already.
    var nextOwner: SessionTenure?

    init(from: SessionAddress, fencesAwaited: Int) {
        self.from = from
        self.fencesAwaited = fencesAwaited
    }
}

/// What a shard remembers of a session that has left.
struct MovedSession {
    let client: UTF8String
    let shard: UInt16
    /// Loops that may still send something to the old place.
    var fencesAwaited: Int
}

// A client identifier has one session, on one shard. When its client connects on another, the session moves there:
//
// 1. The directory makes the new shard the owner and names the old one, which gets a claim.
// 2. The old shard closes its connection, if there is one, takes the session out of its tables, leaves a forwarding
//    address, and hands the session over.
// 3. The new shard moves the session's subscriptions in the tree to the new address. From then on messages come
//    directly, and could overtake those that are still on their way through the old shard. So it holds them back and
//    sends a fence through every shard and the old place: behind its last fence nothing can come from there any more.
//
// Clients may connect faster than sessions move. So each claim says which tenure it ends, and a shard that is to have
// the session twice keeps the two apart: the later one waits until the session has been away and has come back.
extension Shard {
    /// A further connection of the same client on this shard, while the session is on its way.
    ///
    /// - Returns: whether it is on its way.
    func supersedeClaim(
        of client: UTF8String,
        _ tenure: SessionTenure,
        by connection: Connection,
        isCleanStart: Bool
    ) -> Bool {
        guard var waiting = self.claims[client], let index = waiting.firstIndex(where: { $0.tenure == tenure })
        else { return false }
        if let earlier = waiting[index].connection { self.close(earlier, .sessionTakenOver, saying: nil) }
        connection.waitForSession()
        waiting[index].connection = connection
        waiting[index].isCleanStart = waiting[index].isCleanStart || isCleanStart
        self.claims[client] = waiting
        return true
    }

    /// Asks another shard for the session.
    func claim(
        _ client: UTF8String,
        _ tenure: SessionTenure,
        endOf before: SessionTenure,
        isCleanStart: Bool,
        for connection: Connection
    ) {
        connection.waitForSession()
        self.claims[client, default: []].append(
            Claim(tenure: tenure, connection: connection, isCleanStart: isCleanStart)
        )
        self.post(
            .claim(client: client.text, by: tenure, endOf: before, isCleanStart: isCleanStart),
            to: before.shard
        )
    }

    /// The session's client has connected again: its old connection ends, and the session with it on a clean start.
    ///
    /// - Returns: the session, without a connection; nil: it has ended.
    func release(_ session: Session, isCleanStart: Bool) -> Session? {
        if let waiting = session.review?.connection {
            // An earlier connection has not got it yet, and will not.
            session.review = nil
            self.close(waiting, .sessionTakenOver, saying: nil)
        }
        if let connection = session.connection {
            connection.session = nil
            session.connection = nil
            session.inflight.disconnect()
            self.metrics.clientsConnected -= 1
            self.close(connection, .sessionTakenOver, saying: .sessionTakenOver)
            self.announceDisconnected(session, .sessionTakenOver)
            // The old connection's will is due unless it may wait and the session goes on [MQTT-3.1.3-9].
            if (session.will?.properties.willDelayInterval ?? 0) == 0 { self.publishWill(of: session) }
            guard !isCleanStart, session.outlivesConnection else {
                self.end(session, keepsOwner: true)
                return nil
            }
        } else if isCleanStart {
            self.end(session, keepsOwner: true)
            return nil
        }
        // The client is back: a will that waits is not published.
        session.will = nil
        return session
    }

    // MARK: The old shard

    func answerClaim(
        of client: UTF8String,
        by next: SessionTenure,
        endOf tenure: SessionTenure,
        isCleanStart: Bool
    ) {
        if var waiting = self.claims[client], let index = waiting.firstIndex(where: { $0.tenure == tenure }) {
            // It is on its way to us: it goes on from here when it comes.
            if let connection = waiting[index].connection { self.close(connection, .sessionTakenOver, saying: nil) }
            waiting[index].connection = nil
            waiting[index].nextOwner = next
            self.claims[client] = waiting
            return
        }
        guard let session = self.sessionsByClient[client], session.tenure == tenure,
            let released = self.release(session, isCleanStart: isCleanStart)
        else { return self.handOver(nil, of: client, to: next) }
        if let arrival = released.arrival {
            // It has only just come, and messages for it are still on their way through where it was before.
            arrival.nextOwner = next
        } else {
            self.leave(released, to: next)
        }
    }

    /// A session that lives here goes to its next owner.
    private func leave(_ session: Session, to next: SessionTenure) {
        session.backlog?.abandonLoading()
        self.forget(session)
        if session.mayBeSentTo {
            self.moved[session.address] = MovedSession(
                client: session.client,
                shard: next.shard,
                fencesAwaited: self.broker.shardCount
            )
        }
        self.handOver(session, of: session.client, to: next)
    }

    /// Answers a claim; nil: the session has ended.
    func handOver(_ session: Session?, of client: UTF8String, to next: SessionTenure) {
        self.post(.handover(client: client.text, to: next, session.map(SessionParcel.init)), to: next.shard)
    }

    /// Everything that one shard sent to a session's old place has been forwarded by now.
    func passFence(of client: String, from old: SessionAddress, to shard: UInt16) {
        if var session = self.moved[old] {
            session.fencesAwaited -= 1
            self.moved[old] = session.fencesAwaited == 0 ? nil : session
        }
        self.post(.fenceReturned(client: client, from: old), to: shard)
    }

    // MARK: The new shard

    /// The answer to our claim has come.
    func takeOver(_ session: Session?, of client: UTF8String, _ tenure: SessionTenure) {
        guard var waiting = self.claims[client], let index = waiting.firstIndex(where: { $0.tenure == tenure })
        else { return }
        let claim = waiting.remove(at: index)
        self.claims[client] = waiting.isEmpty ? nil : waiting
        var session = session
        if claim.isCleanStart, let arrived = session {
            arrived.tenure = tenure
            self.settle(arrived)
            self.end(arrived, keepsOwner: true)
            session = nil
        }
        if let next = claim.nextOwner, session?.mayBeSentTo != true {
            return self.handOver(session, of: client, to: next)
        }
        if let session {
            session.tenure = tenure
            self.settle(session)
            session.arrival?.nextOwner = claim.nextOwner
        }
        if let connection = claim.connection, connection.phase == .claiming {
            self.establish(connection, resuming: session)
        } else if let session {
            self.keepOffline(session)
        } else {
            self.broker.directory.remove(client, endOf: tenure)
        }
    }

    /// Gives a session its place here, and its subscriptions its new address.
    private func settle(_ session: Session) {
        let old = session.address
        _ = self.sessions.insert { slot, generation in
            session.address = SessionAddress(shard: self.index, slot: slot, generation: generation)
            return session
        }
        self.sessionsByClient[session.client] = session
        self.metrics.sessions += 1
        guard session.mayBeSentTo else { return }
        self.broker.subscriptions.move(session.entries.values.map(\.filter), from: old, to: session.address)
        session.arrival = Arrival(from: old, fencesAwaited: self.broker.shardCount)
        for shard in 0..<self.broker.shardCount {
            self.post(.fence(client: session.client.text, from: old, to: self.index), to: UInt16(shard))
        }
    }

    /// The connection that wanted it has gone before it came.
    func keepOffline(_ session: Session) {
        self.setSharedMembership(of: session, isOnline: false)
        guard session.outlivesConnection else { return self.end(session) }
        self.setCountedOffline(session, true)
        self.passOn(of: session, hasEnded: false)
        self.scheduleExpiry(of: session)
        self.journalSession(session)
        // The rules may have changed while it was on its way, in nobody's table.
        if self.hooks.contains(.authorization) { self.review(session, for: session.info) }
    }

    func endFence(of client: UTF8String, from old: SessionAddress) {
        guard let session = self.sessionsByClient[client], let arrival = session.arrival, arrival.from == old
        else { return }
        arrival.fencesAwaited -= 1
        guard arrival.fencesAwaited == 0 else { return }
        session.arrival = nil
        for delivery in arrival.held where self.passesReview(delivery, session) { self.deliver(delivery) }
        if let next = arrival.nextOwner {
            self.leave(session, to: next)
        } else if session.backlog != nil || session.retainedBacklog != nil {
            // Its messages in the store, and retained ones, could not be read before.
            self.pump(session)
        }
    }
}

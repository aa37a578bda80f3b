//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

// An acknowledgement is a promise. What it promises has to be safe before it leaves, so it waits in its connection until
// the store reports the ticket under which that was submitted. No loop waits, and nothing else does: messages of QoS 0
// and 1, and answers that promise nothing, pass by what is held.
extension Shard {
    /// What has to be committed before all that has changed on this shard so far is safe; nil: nothing, or nobody
    /// waits for it.
    var pendingTicket: UInt64? {
        guard let store = self.store, store.holdsAcknowledgements else { return nil }
        return self.journal.pendingTicket
    }

    /// The same, if something has changed since the journal's count was `mark`.
    func ticket(since mark: UInt64) -> UInt64? {
        self.journal.count == mark ? nil : self.pendingTicket
    }

    /// Acknowledges a packet, once this ticket is committed.
    ///
    /// Acknowledgements keep their order [MQTT-4.6.0-2]: behind one that is held the next one waits too.
    @inline(__always)
    func acknowledge(
        _ kind: Acknowledgement.Kind,
        _ packetIdentifier: UInt16,
        _ reason: ReasonCode,
        _ connection: Connection,
        after ticket: UInt64? = nil
    ) {
        if ticket == nil, connection.held == nil {
            connection.acknowledge(kind, packetIdentifier, reason)
            self.touch(connection)
        } else {
            self.hold(connection, after: ticket) { connection.acknowledge(kind, packetIdentifier, reason) }
        }
    }

    /// Answers a packet, once what has changed since the journal's count was `mark` is committed.
    ///
    /// - Returns: false if the answer can't be sent, because it is larger than the client takes.
    func answer(
        _ connection: Connection,
        since mark: UInt64,
        _ encode: (inout ByteBuffer) throws(MQTTError) -> Void
    ) -> Bool {
        guard let ticket = self.ticket(since: mark) else {
            self.touch(connection)
            return connection.write(encode)
        }
        var isSent = false
        self.hold(connection, after: ticket) { isSent = connection.write(encode) }
        return isSent
    }

    /// Writes a PUBLISH, once this ticket is committed. One that need not wait waits behind those that do, so that they
    /// keep their order.
    func publish(on connection: Connection, after ticket: UInt64?, _ write: () -> Void) {
        guard ticket != nil || connection.held?.hasPublish == true else { return write() }
        self.hold(connection, after: ticket, write)
        connection.held?.hasPublish = true
    }

    /// Holds back what `write` puts into the connection's output until this ticket is committed; nil: as long as what is
    /// held already.
    private func hold(_ connection: Connection, after ticket: UInt64?, _ write: () -> Void) {
        let held = connection.held ?? HeldOutput()
        connection.held = held
        let isNew = held.append(after: ticket) { output in
            swap(&connection.output, &output)
            write()
            swap(&connection.output, &output)
        }
        if isNew, let ticket { self.expect(ticket, for: connection) }
    }

    private func expect(_ ticket: UInt64, for connection: Connection) {
        // While the store can't write, clients come and go.
        if self.holding.count > 1024 + 4 * self.connections.count {
            self.holding.removeAll { $0.connection.phase == .closed }
        }
        self.holding.append((ticket, connection))
    }

    /// CONNACK says that the session is kept, or that what it was is there: everything for this client waits until that
    /// is so. While the store can't write, a client comes back to a session that is in it already.
    func holdWelcome(of connection: Connection, _ session: Session) {
        guard let account = session.account, let store = self.store?.store, let ticket = self.pendingTicket else {
            return
        }
        if account.isStored {
            guard store.isAvailable else { return }
        } else {
            self.beginning.append((ticket, account))
        }
        connection.welcomeTicket = ticket
        self.expect(ticket, for: connection)
    }

    @inline(__always)
    func isWelcomeHeld(_ connection: Connection) -> Bool {
        connection.welcomeTicket != 0 && !self.journal.isCommitted(connection.welcomeTicket)
    }

    /// The store has something to say.
    func receive(_ report: StoreReport) {
        switch report {
        case .committed(let ticket):
            self.journal.commit(upTo: ticket)
            while let first = self.beginning.first, first.ticket <= ticket {
                self.beginning.removeFirst()
                first.account.noteStored()
            }
            while let first = self.holding.first, first.ticket <= ticket {
                self.holding.removeFirst()
                self.release(first.connection, upTo: ticket)
            }
            self.resumeAfterCongestion()
        case .backlog(let page): self.receive(page)
        case .unreadable(let request):
            guard request.wantsOnlyShared else { return }
            self.estates.setAside(request.session)
            self.readEstates()
        }
    }

    /// Goes on reading from publishers once the store keeps up. It may be other shards' changes that were in the way, so
    /// the end of it is also looked for when nothing has been reported.
    func resumeAfterCongestion() {
        guard self.hasThrottled, !self.hasCongestedShards, let store = self.store?.store, !store.isCongested
        else { return }
        self.resumeThrottled()
    }

    private func release(_ connection: Connection, upTo ticket: UInt64) {
        guard connection.phase != .closed else { return }
        if !self.isWelcomeHeld(connection) { connection.welcomeTicket = 0 }
        if let held = connection.held {
            for output in held.take(upTo: ticket) { connection.output.append(output) }
            if held.isEmpty { connection.held = nil }
        }
        self.touch(connection)
    }
}

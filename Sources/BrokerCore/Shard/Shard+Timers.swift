//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

extension Shard {
    /// Does what has become due; called about twice a second.
    package func tick() {
        self.readClock()
        while let due = self.timers.popDue(at: self.now) {
            if self.isRestoring, due.kind == .sessionExpiry || due.kind == .will {
                // Those who are to get the will may not be there yet.
                self.timers.add(
                    due.kind,
                    slot: due.slot,
                    generation: due.generation,
                    at: self.now.adding(milliseconds: 1)
                )
                continue
            }
            switch due.kind {
            case .connectTimeout: self.checkConnectTimeout(due)
            case .keepAlive: self.checkKeepAlive(due)
            case .stuckReader: self.checkStuckReader(due)
            case .sessionExpiry:
                if let session = self.sessions[due.slot, due.generation], session.connection == nil,
                    let expiresAt = session.expiresAt, expiresAt <= self.now
                {
                    self.end(session)
                }
            case .will:
                if let session = self.sessions[due.slot, due.generation], session.connection == nil,
                    let willDueAt = session.willDueAt, willDueAt <= self.now
                {
                    self.publishWill(of: session)
                }
            }
        }
        self.sweepTimers()
        self.resumeAfterCongestion()
        self.readEstates()
        self.broker.publish(self.metrics, of: Int(self.index))
        if self.index == 0 {
            for topic in self.broker.retained.expire(at: self.now) { self.journalRetained(topic) }
            self.publishStatisticsIfDue()
        }
    }

    /// A session that is kept for days leaves an entry for days each time its client goes: those that mean nothing
    /// any more may not become many more than there are clients.
    private func sweepTimers() {
        guard self.timers.count > 4096 + 4 * (self.connections.count + self.sessions.count) else { return }
        self.timers.removeAll { entry in
            switch entry.kind {
            case .connectTimeout, .keepAlive, .stuckReader: self.connections[entry.slot, entry.generation] != nil
            case .sessionExpiry: self.sessions[entry.slot, entry.generation]?.expiresAt == entry.deadline
            case .will: self.sessions[entry.slot, entry.generation]?.willDueAt == entry.deadline
            }
        }
    }

    private func checkConnectTimeout(_ due: Timers.Entry) {
        guard let connection = self.connections[due.slot, due.generation] else { return }
        switch connection.phase {
        case .opened, .authenticating:
            self.metrics.clientsRefused += 1
            self.log(
                .refused(
                    client: connection.client?.clientIdentifier,
                    peer: connection.peer,
                    .keepAliveTimeout,
                    detail: "no complete CONNECT in time"
                )
            )
            self.close(connection, .keepAliveTimeout, saying: nil)
        case .connected:
            if connection.keepAliveLimit >= connection.terms.connectTimeout { self.checkKeepAlive(due) }
        case .claiming:
            // Let in, and its session is under way: this timer is to watch its keep-alive afterwards.
            self.timers.add(
                .connectTimeout,
                slot: due.slot,
                generation: due.generation,
                at: self.now.adding(milliseconds: 1000)
            )
        case .closed: return
        }
    }

    /// Sees to it that a client's silence is noticed. The timer for its CONNECT, still running, serves for a
    /// keep-alive that is not shorter: most clients need but one.
    func watchKeepAlive(of connection: Connection) {
        guard connection.keepAliveLimit < connection.terms.connectTimeout else { return }
        self.timers.add(
            .keepAlive,
            slot: connection.slot,
            generation: connection.generation,
            at: self.now.adding(milliseconds: connection.keepAliveLimit)
        )
    }

    private func checkKeepAlive(_ due: Timers.Entry) {
        guard let connection = self.connections[due.slot, due.generation], connection.phase == .connected else {
            return
        }
        // Someone that we do not read from for now may have sent something all the same.
        if connection.isPaused || connection.isThrottled || connection.isBacklogged {
            connection.lastReceived = self.now
        }
        let deadline = connection.lastReceived.adding(milliseconds: connection.keepAliveLimit)
        if deadline <= self.now {
            self.metrics.keepAliveTimeouts += 1
            self.close(connection, .keepAliveTimeout, saying: .keepAliveTimeout)
        } else {
            self.timers.add(.keepAlive, slot: due.slot, generation: due.generation, at: deadline)
        }
    }

    private func checkStuckReader(_ due: Timers.Entry) {
        guard let connection = self.connections[due.slot, due.generation], let since = connection.stuckSince else {
            return
        }
        let deadline = since.adding(milliseconds: self.settings.stuckReaderTimeout)
        guard deadline <= self.now else {
            return self.timers.add(.stuckReader, slot: due.slot, generation: due.generation, at: deadline)
        }
        self.metrics.stuckReaders += 1
        if let client = connection.client { self.log(.stuckReader(client)) }
        self.close(connection, .quotaExceeded, saying: nil)
    }
}

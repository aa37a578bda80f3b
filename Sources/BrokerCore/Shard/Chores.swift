//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// Work of a shard that concerns many sessions or connections, and is spread over time: a part now, then whatever
/// has come in meanwhile, then the next part.
struct Chores {
    /// Questions to extensions, or connections looked at, in one part.
    static let part = 256
    /// Late answers awaited at a time: a hundred thousand sessions may not become as many requests at once.
    static let maximumLateAnswers = 64

    /// A search through all connections for those that have to go.
    struct Expulsion {
        let reason: ReasonCode
        /// Places there were when it began: those opened later are not meant.
        let end: Int
        var next = 0
        let isMeant: (Connection) -> Bool
    }

    /// The next slot of the sessions to be asked about, because the rules have changed; nil: none.
    var nextRecheck: Int?
    /// Whether it is only asked if clients may stay, since the rules are what they were.
    var isRecheckAboutClientsOnly = false
    var expulsions: [Expulsion] = []
    /// Sessions whose review goes on in the next part.
    var reviews: [(SessionAddress, AccessReview)] = []
    /// What is left of this part.
    var budget = Chores.part
    var lateAnswers = 0
    /// Whether the host has been asked to come back.
    var isContinuing = false

    var isWaitingForAnswers: Bool { self.lateAnswers >= Self.maximumLateAnswers }

    /// Whether a further part can be done now.
    var isWorkLeft: Bool {
        !self.reviews.isEmpty || !self.expulsions.isEmpty || self.nextRecheck != nil && !self.isWaitingForAnswers
    }
}

extension Shard {
    /// Sees to it that the next part is done soon.
    func continueChoresSoon() {
        guard self.chores.isWorkLeft, !self.chores.isContinuing else { return }
        self.chores.isContinuing = true
        self.host?.continueSoon()
    }

    /// Does the next part of what concerns many sessions or connections.
    package func continueWork() {
        self.readClock()
        self.chores.isContinuing = false
        self.chores.budget = Chores.part
        self.continueReviews()
        self.continueExpulsions()
        self.continueRecheck()
        self.continueChoresSoon()
    }

    // MARK: Clients that have to go

    /// Disconnects the clients for which `condition` holds, some at a time: of a listener that is gone, or as an
    /// operator says.
    ///
    /// Their sessions are kept or ended, and their wills published, as whenever the server ends a connection.
    ///
    /// - Parameters:
    ///   - condition: asked of each client that is connected now, and perhaps of some that connect until all have been
    ///     looked at; on this shard's loop.
    ///   - reason: goes into the DISCONNECT of v5 clients; 0x98 as a rule.
    package func disconnectClients(where condition: @escaping (ClientInfo) -> Bool, reason: ReasonCode) {
        self.expel(reason) { connection in connection.client.map(condition) ?? false }
    }

    /// Closes the connections for which `condition` holds, those included whose client has not been let in, some at a
    /// time.
    package func closeConnections(where condition: @escaping (ConnectionOrigin) -> Bool, reason: ReasonCode) {
        self.expel(reason) { condition($0.origin) }
    }

    private func expel(_ reason: ReasonCode, where isMeant: @escaping (Connection) -> Bool) {
        self.readClock()
        self.chores.expulsions.append(
            Chores.Expulsion(reason: reason, end: self.connections.slotCount, isMeant: isMeant)
        )
        self.continueChoresSoon()
    }

    private func continueExpulsions() {
        while self.chores.budget > 0, var expulsion = self.chores.expulsions.first {
            let end = min(expulsion.end, expulsion.next + self.chores.budget)
            self.chores.budget -= end - expulsion.next
            while expulsion.next < end {
                if let connection = self.connections[slot: expulsion.next], expulsion.isMeant(connection) {
                    self.expel(connection, expulsion.reason)
                }
                expulsion.next += 1
            }
            if expulsion.next == expulsion.end {
                self.chores.expulsions.removeFirst()
            } else {
                self.chores.expulsions[0] = expulsion
            }
        }
    }

    func expel(_ connection: Connection, _ reason: ReasonCode) {
        guard connection.phase != .closed else { return }
        self.metrics.clientsExpelled += 1
        if let client = connection.client { self.log(.expelled(client, reason)) }
        self.close(connection, reason, saying: reason)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB

    extension SQLiteBackend {
        /// What a start has found out about the time before it, and what is not in the database yet.
        ///
        /// It is written with the first transaction that succeeds, in front of all else: that the connections are lost,
        /// because any transaction says that a broker lives, and the sessions would begin anew to expire with each start;
        /// the others, because clients and topics may come back.
        struct Arrears {
            /// Whether sessions that had a connection have none, since ``SQLiteBackend/lostAt``.
            var hasLostConnections = false
            /// Sessions that have expired.
            var endedSessions: [Int64] = []
            /// Sessions that have expired, and that have left messages to others.
            var estates: [Int64] = []
            /// Topics whose retained messages have expired.
            var expiredTopics: [String] = []

            var isEmpty: Bool {
                !self.hasLostConnections && self.endedSessions.isEmpty && self.estates.isEmpty
                    && self.expiredTopics.isEmpty
            }
        }

        func write(
            _ arrears: Arrears,
            _ statements: Statements,
            _ totals: inout StoreTotals
        ) throws(SQLiteFailure) {
            guard !arrears.isEmpty else { return }
            if arrears.hasLostConnections {
                statements.disconnectAll.set(1, self.lostAt)
                try statements.disconnectAll.run()
            }
            for session in arrears.endedSessions { try Self.end(session, statements, &totals) }
            for session in arrears.estates {
                statements.markEnded.set(1, session)
                try statements.markEnded.run()
                try Self.forgetAllButDeliveries(of: session, statements)
            }
            var references = References()
            for topic in arrears.expiredTopics {
                try Self.writeRetained(nil, of: topic, statements, &references)
            }
            try references.write(statements, &totals, at: self.clock.now)
        }
    }

#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite

    /// How the times in the database go together with the machine's clock. All are milliseconds since 1970.
    ///
    /// The clock of a small machine may be far off, and be set at any time. So the database has a calendar of its own. It
    /// begins with the machine's clock, goes on as a broker's own time does while one runs, and by the difference of the
    /// machine's clock while none does. What is noted with each write is what both of them said.
    struct StoredCalendar: Equatable {
        /// When a broker last wrote, by the database's calendar; nil: none ever has.
        private(set) var aliveAt: Int64?
        /// The same by the machine's clock, or later: it may have been set back since it was last right.
        private var machineAliveAt: Int64?

        /// 2020. A machine that says it is earlier has no clock that goes on while it is off.
        private static let earliest: Int64 = 1_577_836_800_000

        /// - Parameter values: of the table `meta`.
        init(_ values: [String: Int64]) {
            self.aliveAt = values["alive_at"]
            self.machineAliveAt = values["clock_at"] ?? values["alive_at"]
        }

        /// The time by the database's calendar, for a broker that begins.
        func now(_ machine: Int64) -> Int64 {
            guard let aliveAt, let machineAliveAt else { return machine }
            // What can't be known is taken for nothing: what is kept is kept rather too long.
            guard machineAliveAt >= Self.earliest else { return aliveAt }
            return aliveAt.adding(max(machine.subtracting(machineAliveAt), 0))
        }

        /// A broker lives.
        mutating func note(_ now: Int64, _ machine: Int64) {
            // A clock that has lost the time does not take back what is known of it, and what has passed since then has
            // passed by both.
            let elapsed = now.subtracting(self.aliveAt ?? now)
            self.machineAliveAt = max(machine, self.machineAliveAt?.adding(max(elapsed, 0)) ?? machine)
            self.aliveAt = now
        }

        func write(_ statements: Statements) throws(SQLiteFailure) {
            if let aliveAt { try statements.setMeta("alive_at", aliveAt) }
            if let machineAliveAt { try statements.setMeta("clock_at", machineAliveAt) }
        }
    }

#endif

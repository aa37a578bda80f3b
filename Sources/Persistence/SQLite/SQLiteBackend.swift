//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    package import BrokerCore
    import GRDB
    import GRDBSQLite
    import SystemPackage

    /// Keeps everything in an SQLite database, `nanomq.db`.
    package final class SQLiteBackend: StoreBackend {
        /// Rows that a slice of clearing up removes, about.
        static let slice = 5000

        let path: String
        /// The machine's.
        private let machineClock: StoreClock
        /// The database's: all times in it are this one's.
        let clock: StoreClock
        /// nil: closed.
        var queue: DatabaseQueue?
        /// nil: closed.
        var statements: Statements?
        package internal(set) var totals: StoreTotals
        package internal(set) var lastNumber: StoreNumber
        /// When sessions that had a connection when the last broker died lost it, at the latest; milliseconds since 1970.
        ///
        /// That broker may have lived on after it had last written, so this is the safe side: no session ends too early.
        /// While a broker can't write nothing tells how long it lives; then they count from when that began.
        let lostAt: Int64
        private var calendar: StoredCalendar
        /// What the next transaction has to write first.
        var arrears: Arrears
        /// Whether it belongs to a broker: what only looks after it does not say that a broker lives.
        private let isBroker: Bool
        package internal(set) var hasLeft: Bool

        /// How long a broker that works may not have written, in milliseconds. It looks every 60 s whether it has for
        /// 50 s, which makes 110 s; the rest is for timers that come late and disks that are slow.
        static let longestSilence: Int64 = 120_000

        /// Opens the database in a folder, and makes it if there is none.
        package convenience init(_ settings: StoreSettings, clock: StoreClock) throws(StoreError) {
            let path = DatabaseFile.path(in: settings.directory)
            let access = DatabaseFile.Access.broker(settings.durability, cacheBytes: settings.cacheBytes)
            try self.init(DatabaseFile.open(path, for: access), path: path.string, clock: clock)
        }

        init(_ queue: DatabaseQueue, path: String, clock: StoreClock, isBroker: Bool = true) throws(StoreError) {
            self.isBroker = isBroker
            self.path = path
            self.machineClock = clock
            do {
                let (statements, meta, sessions, hasEnded) = try queue.unsafeReentrantWrite { database in
                    (
                        try Statements(database), try Meta(database, path: path),
                        try Int.fetchOne(database, sql: "SELECT count(*) FROM session") ?? 0,
                        try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM ended)") ?? false
                    )
                }
                let now = meta.calendar.now(clock.now.wall)
                self.clock = clock.steady(from: now)
                self.queue = queue
                self.statements = statements
                self.totals = StoreTotals(sessions: sessions, messages: meta.messages, bytes: meta.bytes)
                self.lastNumber = StoreNumber(value: meta.lastNumber)
                self.calendar = meta.calendar
                self.lostAt = min(now, (meta.calendar.aliveAt ?? now).adding(Self.longestSilence))
                self.arrears = Arrears(hasLostConnections: isBroker)
                self.hasLeft = hasEnded
            } catch {
                throw StoreError(error, path: path)
            }
            try self.settle()
        }

        /// Writes what the start has found out. It need not be now: a broker whose disk is full serves as far as it can.
        func settle() throws(StoreError) {
            guard !self.arrears.isEmpty else { return }
            do throws(StoreError) {
                try self.inTransaction { _, _ in }
            } catch {
                guard self.isBroker, case .full = error else { throw error }
            }
        }

        /// Takes the log into the database and closes it.
        package func close() throws(StoreError) {
            guard let queue = self.queue else { return }
            self.statements = nil
            self.queue = nil
            do {
                try queue.unsafeReentrantWrite { _ = try $0.checkpoint(.truncate) }
                try queue.close()
            } catch {
                throw StoreError(error, path: self.path)
            }
        }

        /// Runs `body` with the database; what it throws is told in words for an operator.
        func withDatabase<Result>(
            _ body: (Database, Statements) throws -> Result
        ) throws(StoreError) -> Result {
            guard let queue = self.queue, let statements = self.statements else { throw .closed }
            do {
                return try queue.unsafeReentrantWrite { database in try body(database, statements) }
            } catch {
                throw StoreError(error, path: self.path)
            }
        }

        /// Runs `body` in a transaction, and takes over the totals only if that becomes lasting.
        func inTransaction(_ body: (Statements, inout StoreTotals) throws -> Void) throws(StoreError) {
            var totals = self.totals
            var calendar = self.calendar
            if self.isBroker { calendar.note(self.clock.now.wall, self.machineClock.now.wall) }
            try self.withDatabase { database, statements in
                try database.inTransaction(.immediate) {
                    try self.write(self.arrears, statements, &totals)
                    try body(statements, &totals)
                    if calendar != self.calendar { try calendar.write(statements) }
                    if totals.messages != self.totals.messages {
                        try statements.setMeta("messages", Int64(totals.messages))
                    }
                    if totals.bytes != self.totals.bytes { try statements.setMeta("bytes", Int64(totals.bytes)) }
                    return .commit
                }
            }
            self.totals = totals
            self.calendar = calendar
            if !self.arrears.endedSessions.isEmpty { self.hasLeft = true }
            self.arrears = Arrears()
        }
    }

    /// What the database says of itself.
    struct Meta {
        let lastNumber: Int64
        let calendar: StoredCalendar
        let messages: Int
        let bytes: Int

        /// - Throws: `StoreError`, `corrupt` if it can't be.
        init(_ database: Database, path: String) throws {
            var values: [String: Int64] = [:]
            // Column by column, here as everywhere: a row of the library traps where damage has left something else.
            let select = try database.makeStatement(sql: "SELECT key, value FROM meta")
            defer { select.rewind() }
            while try select.step() {
                if let key = select.text(0) { values[key] = select.int64(1) }
            }
            let (messages, bytes) = (values["messages"] ?? 0, values["bytes"] ?? 0)
            let lastNumber = values["last_number"] ?? 0
            guard StoredNumbers.totals.contains(messages), StoredNumbers.totals.contains(bytes),
                lastNumber == 0 || StoredNumbers.numbers.contains(lastNumber)
            else { throw StoreError.corrupt(path: path, detail: "what it notes of itself (the table meta)") }
            self.lastNumber = lastNumber
            self.calendar = StoredCalendar(values)
            self.messages = Int(messages)
            self.bytes = Int(bytes)
        }
    }

#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB
    import GRDBSQLite

    extension StoreFile {
        /// Runs `body` with the database, which it can't change.
        func read<Result>(_ body: (Database) throws -> Result) throws(StoreError) -> Result {
            do {
                return try self.queue.unsafeReentrantWrite { database in
                    try database.execute(sql: "PRAGMA query_only = ON")
                    defer { try? database.execute(sql: "PRAGMA query_only = OFF") }
                    return try body(database)
                }
            } catch {
                throw StoreError(error, path: self.path)
            }
        }

        func count() throws(StoreError) -> StoreStatistics {
            try self.read { database in
                func integer(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
                let meta = try Meta(database, path: self.path)
                let pageBytes = try integer("PRAGMA page_size")
                var statistics = StoreStatistics()
                statistics.schemaVersion = try integer("PRAGMA user_version")
                statistics.sessions = try integer("SELECT count(*) FROM session")
                statistics.subscriptions = try integer("SELECT count(*) FROM subscription")
                statistics.messages = meta.messages
                statistics.bytes = meta.bytes
                statistics.deliveries = try integer("SELECT count(*) FROM delivery")
                statistics.retained = try integer("SELECT count(*) FROM retained")
                statistics.ended = try integer("SELECT count(*) FROM ended")
                // A number is drawn when a message first has to be stored, so the lowest is the oldest.
                statistics.oldestMessage = try Int64.fetchOne(
                    database,
                    sql: "SELECT stored_at FROM message ORDER BY number LIMIT 1"
                )
                statistics.lastWritten = meta.calendar.aliveAt
                statistics.fileBytes = pageBytes * (try integer("PRAGMA page_count"))
                statistics.freeBytes = pageBytes * (try integer("PRAGMA freelist_count"))
                let select = try database.makeStatement(
                    sql: """
                        SELECT client, messages, bytes FROM session JOIN (
                            SELECT session, count(*) AS messages, total(bytes) AS bytes FROM delivery GROUP BY session
                            ORDER BY messages DESC LIMIT 10
                        ) ON session = number ORDER BY messages DESC, client
                        """
                )
                defer { select.rewind() }
                while try select.step() {
                    statistics.biggestSessions.append(
                        StoreStatistics.Session(
                            client: select.text(0) ?? "",
                            messages: Int(select.int64(1)),
                            bytes: Int(select.int64(2))
                        )
                    )
                }
                return statistics
            }
        }
    }

#endif

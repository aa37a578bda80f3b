//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    internal import BrokerCore
    import MQTTCodec
    import GRDB
    import GRDBSQLite
    import NIOCore

    /// By how much the counts of references to messages change in a transaction.
    struct References {
        private struct Change {
            let number: Int64
            var count: Int
            let bytes: Int
            /// What is to be stored, if it isn't yet.
            var message: Message?
        }

        private var changes: ContiguousArray<Change> = []
        private var places: [Int64: Int] = [:]

        /// One more is due to somebody, or retained.
        mutating func add(_ message: Message, _ number: Int64) {
            self.change(number, by: 1, bytes: message.byteCount, message)
        }

        /// One is not any more.
        mutating func remove(_ number: Int64, bytes: Int) { self.change(number, by: -1, bytes: bytes, nil) }

        private mutating func change(_ number: Int64, by count: Int, bytes: Int, _ message: Message?) {
            // The deliveries of one publication come one behind the other.
            if let last = self.changes.last, last.number == number {
                self.apply(at: self.changes.count - 1, count, message)
            } else if let place = self.places[number] {
                self.apply(at: place, count, message)
            } else {
                self.places[number] = self.changes.count
                self.changes.append(Change(number: number, count: count, bytes: bytes, message: message))
            }
        }

        private mutating func apply(at place: Int, _ count: Int, _ message: Message?) {
            self.changes[place].count += count
            if self.changes[place].message == nil { self.changes[place].message = message }
        }

        /// Writes them.
        func write(
            _ statements: Statements,
            _ totals: inout StoreTotals,
            at now: StoreClock.Reading
        ) throws(SQLiteFailure) {
            for change in self.changes where change.count > 0 {
                guard let message = change.message else { continue }
                try Self.insert(message, change.number, count: change.count, statements, &totals, at: now)
            }
            try Self.release(self.changes.filter { $0.count < 0 }, statements, &totals)
        }

        private static func insert(
            _ message: Message,
            _ number: Int64,
            count: Int,
            _ statements: Statements,
            _ totals: inout StoreTotals,
            at now: StoreClock.Reading
        ) throws(SQLiteFailure) {
            let statement = statements.insertMessage
            let database = sqlite3_db_handle(statement.sqliteStatement)
            // Tells whether it was inserted: an update leaves this as it is.
            sqlite3_set_last_insert_rowid(database, 0)
            statement.set(1, number)
            statement.set(2, count)
            statement.set(6, Int64(message.qos.rawValue))
            statement.set(7, message.isRetained)
            statement.set(8, message.expiresAt.map { now.wall(of: $0) })
            statement.set(9, message.payloadFormatIndicator.map { Int64($0) })
            statement.set(10, message.publisher)
            statement.set(11, now.wall)
            var failure: SQLiteFailure?
            message.storage.withUnsafeReadableBytes { bytes in
                let topicEnd = message.topicLength
                let propertiesEnd = topicEnd + message.propertiesLength
                statement.setText(3, borrowing: UnsafeRawBufferPointer(rebasing: bytes[..<topicEnd]))
                if propertiesEnd > topicEnd {
                    statement.setBlob(4, borrowing: UnsafeRawBufferPointer(rebasing: bytes[topicEnd..<propertiesEnd]))
                } else {
                    statement.set(4, nil as Int64?)
                }
                statement.setBlob(5, borrowing: UnsafeRawBufferPointer(rebasing: bytes[propertiesEnd...]))
                do throws(SQLiteFailure) { try statement.run() } catch { failure = error }
            }
            if let failure { throw failure }
            if sqlite3_last_insert_rowid(database) != 0 {
                totals.messages = StoredNumbers.total(totals.messages + 1)
                totals.bytes = StoredNumbers.total(totals.bytes + message.byteCount)
            }
        }

        /// Takes references away, and with the last of its references a message.
        private static func release(
            _ changes: ContiguousArray<Change>,
            _ statements: Statements,
            _ totals: inout StoreTotals
        ) throws(SQLiteFailure) {
            let changes = changes.sorted { $0.number < $1.number }
            var remaining: [Change] = []
            var (count, bytes) = (0, 0)
            let select = statements.selectReferences
            let found = try RowRuns(of: changes.map(\.number), select, parameter: 1) { place in
                let change = changes[place]
                guard select.int64(1) <= -change.count else {
                    remaining.append(change)
                    return false
                }
                count += 1
                bytes += change.bytes
                return true
            }
            for run in found.runs {
                statements.deleteMessages.set(1, run.lowerBound)
                statements.deleteMessages.set(2, run.upperBound)
                try statements.deleteMessages.run()
            }
            totals.messages = StoredNumbers.total(totals.messages - count)
            totals.bytes = StoredNumbers.total(totals.bytes - bytes)
            for change in remaining {
                statements.releaseMessage.set(1, change.number)
                statements.releaseMessage.set(2, -change.count)
                try statements.releaseMessage.run()
            }
        }
    }

#endif

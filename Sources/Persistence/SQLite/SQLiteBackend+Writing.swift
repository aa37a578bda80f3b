//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    internal import BrokerCore
    import GRDB
    import GRDBSQLite
    import MQTTCodec
    import NIOCore

    extension SQLiteBackend {
        package func write(_ changes: StoreChanges) throws(StoreError) {
            let now = self.clock.now
            let lastNumber = max(self.lastNumber, StoreNumber(value: changes.lastNumber))
            var hasEnded = false
            try self.inTransaction { statements, totals in
                for session in changes.ended { try Self.end(session, statements, &totals) }
                // Sessions that end without their shard having said so yet: nothing of them is written any more.
                var displaced: Set<Int64> = []
                // Of two sessions of one client the later is the one that lasts, unless it has ended.
                let records = changes.sessions.values.sorted {
                    $0.hasEnded == $1.hasEnded ? $0.number < $1.number : $0.hasEnded
                }
                for record in records {
                    if let session = try Self.write(record, statements, &totals, at: now) { displaced.insert(session) }
                }
                hasEnded = !changes.ended.isEmpty || !displaced.isEmpty
                try Self.writeSubscriptions(changes, except: displaced, statements)
                var references = References()
                try Self.writeDeliveries(changes, except: displaced, statements, &references)
                for (topic, message) in changes.retained {
                    try Self.writeRetained(message, of: topic, statements, &references)
                }
                try references.write(statements, &totals, at: now)
                if lastNumber > self.lastNumber { try statements.setMeta("last_number", lastNumber.value) }
            }
            self.lastNumber = lastNumber
            if hasEnded { self.hasLeft = true }
        }

        /// Forgets a session; its deliveries are left for later.
        static func end(_ session: Int64, _ statements: Statements, _ totals: inout StoreTotals) throws(SQLiteFailure) {
            statements.deleteSession.set(1, session)
            try statements.deleteSession.run()
            totals.sessions -= Int(sqlite3_changes(sqlite3_db_handle(statements.deleteSession.sqliteStatement)))
            try Self.forgetAllButDeliveries(of: session, statements)
            statements.insertEnded.set(1, session)
            try statements.insertEnded.run()
        }

        static func forgetAllButDeliveries(of session: Int64, _ statements: Statements) throws(SQLiteFailure) {
            statements.deleteSubscriptions.set(1, session)
            try statements.deleteSubscriptions.run()
            statements.deleteAllReceived.set(1, session)
            try statements.deleteAllReceived.run()
        }

        private static func writeSubscriptions(
            _ changes: StoreChanges,
            except displaced: Set<Int64>,
            _ statements: Statements
        ) throws(SQLiteFailure) {
            for (key, record) in changes.subscriptions where !displaced.contains(key.session) {
                let statement = record == nil ? statements.deleteSubscription : statements.insertSubscription
                statement.set(1, key.session)
                statement.set(2, key.filter.text)
                if let record {
                    statement.set(3, Int64(record.options.byte))
                    statement.set(4, Int64(record.identifier))
                }
                try statement.run()
            }
            for (key, isReceived) in changes.received where !displaced.contains(key.session) {
                let statement = isReceived ? statements.insertReceived : statements.deleteReceived
                statement.set(1, key.session)
                statement.set(2, Int64(key.packetIdentifier))
                try statement.run()
            }
        }

        private static func writeDeliveries(
            _ changes: StoreChanges,
            except displaced: Set<Int64>,
            _ statements: Statements,
            _ references: inout References
        ) throws(SQLiteFailure) {
            let insert = statements.insertDelivery
            let database = sqlite3_db_handle(insert.sqliteStatement)
            for delivery in changes.deliveries {
                guard let message = delivery.message, !displaced.contains(delivery.key.session) else { continue }
                insert.set(1, delivery.key.session)
                insert.set(2, delivery.key.delivery)
                insert.set(3, delivery.messageNumber)
                insert.set(4, message.byteCount)
                insert.set(5, Int64(delivery.qos))
                insert.set(6, delivery.isRetained)
                insert.setBlob(7, delivery.identifiers.isEmpty ? nil : StoredIdentifiers.encode(delivery.identifiers))
                insert.set(8, delivery.group)
                insert.set(9, Int64(delivery.packetIdentifier))
                insert.set(10, delivery.isConfirmed)
                try insert.run()
                if sqlite3_changes(database) > 0 { references.add(message, delivery.messageNumber) }
            }
            for (key, update) in changes.updates {
                statements.updateDelivery.set(1, key.session)
                statements.updateDelivery.set(2, key.delivery)
                statements.updateDelivery.set(3, Int64(update.packetIdentifier))
                statements.updateDelivery.set(4, update.isConfirmed)
                try statements.updateDelivery.run()
            }
            try Self.remove(changes.removals, statements, &references)
        }

        /// Makes a message the retained one of a topic; nil: it has none any more.
        static func writeRetained(
            _ message: Message?,
            of topic: String,
            _ statements: Statements,
            _ references: inout References
        ) throws(SQLiteFailure) {
            let select = statements.selectRetained
            select.set(1, topic)
            let old = try select.step() ? (number: select.int64(0), bytes: select.clampedByteCount(1)) : nil
            select.rewind()
            guard old?.number != message?.number.value else { return }
            if let message {
                references.add(message, message.number.value)
                statements.insertRetained.set(1, topic)
                statements.insertRetained.set(2, message.number.value)
                statements.insertRetained.set(3, message.byteCount)
                try statements.insertRetained.run()
            } else {
                statements.deleteRetained.set(1, topic)
                try statements.deleteRetained.run()
            }
            if let old { references.remove(old.number, bytes: old.bytes) }
        }

        /// - Returns: the earlier session of the client that has ended by it; nil: there is none.
        private static func write(
            _ record: SessionRecord,
            _ statements: Statements,
            _ totals: inout StoreTotals,
            at now: StoreClock.Reading
        ) throws(SQLiteFailure) -> Int64? {
            let client = record.client
            var displaced: Int64?
            if record.hasEnded {
                try Self.forgetAllButDeliveries(of: record.number.value, statements)
            } else {
                let other = statements.selectOtherSession
                other.set(1, client.clientIdentifier)
                other.set(2, record.number.value)
                displaced = try other.step() ? other.int64(0) : nil
                other.rewind()
            }
            if let displaced {
                // Another shard may not have said yet that it has ended.
                let earlier = min(displaced, record.number.value)
                try Self.end(earlier, statements, &totals)
                if displaced > record.number.value { return earlier }
            }
            let statement = statements.insertSession
            statement.set(1, record.number.value)
            statement.set(2, client.clientIdentifier)
            statement.set(3, client.userName)
            statement.set(4, Int64(client.version.rawValue))
            statement.set(5, client.peer.host)
            statement.set(6, Int64(client.peer.port))
            statement.set(7, client.origin.transport.rawValue)
            statement.set(8, client.origin.listener)
            statement.set(9, Int64(client.origin.port))
            statement.set(10, client.origin.certificate?.commonName)
            statement.set(11, client.origin.certificate?.subject)
            statement.set(12, client.origin.userName)
            statement.set(13, client.isBridge)
            statement.set(14, client.isCleanStart)
            statement.set(15, Int64(client.keepAlive))
            statement.set(16, Int64(record.expiryInterval))
            statement.set(17, record.disconnectedAt.map { now.wall(of: $0) })
            let will = record.will?.will
            statement.set(18, will?.topic)
            statement.setBlob(19, will.map { Array($0.payload.readableBytesView) })
            statement.set(20, will.map { Int64($0.qos.rawValue) })
            statement.set(21, will.map { $0.isRetained ? 1 : 0 as Int64 })
            statement.setBlob(22, will.map { StoredWill.encode($0.properties) })
            statement.set(23, record.will.map { now.wall(of: $0.dueAt) })
            statement.set(24, record.hasEnded)
            sqlite3_set_last_insert_rowid(sqlite3_db_handle(statement.sqliteStatement), 0)
            try statement.run()
            if sqlite3_last_insert_rowid(sqlite3_db_handle(statement.sqliteStatement)) != 0 { totals.sessions += 1 }
            return displaced
        }
    }

#endif

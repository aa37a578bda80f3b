//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    internal import BrokerCore
    import GRDB
    import MQTTCodec

    extension StoreFile {
        /// More faults than these are only counted.
        private static let maximumFaults = 100

        /// What was found.
        private struct Faults {
            var lines: [String] = []
            var count = 0

            mutating func add(_ line: @autoclosure () -> String) {
                self.count += 1
                if self.count <= StoreFile.maximumFaults { self.lines.append(line()) }
            }

            var report: [String] {
                let more = self.count - self.lines.count
                return more > 0 ? self.lines + ["and \(more) more"] : self.lines
            }
        }

        func findFaults(progress: (Double) -> Void) throws(StoreError) -> [String] {
            do throws(StoreError) {
                let path = self.path
                return try self.read { database in try Self.findFaults(in: database, path, progress: progress) }
            } catch .corrupt(_, let detail) {
                return ["SQLite: \(detail)"]
            }
        }

        private static func findFaults(
            in database: Database,
            _ path: String,
            progress: (Double) -> Void
        ) throws -> [String] {
            var faults = Faults()
            progress(0)
            let lines = try database.telling(progress, from: 0, to: 0.4) {
                try String.fetchAll(database, sql: "PRAGMA integrity_check")
            }
            for line in lines where line != "ok" { faults.add("SQLite: \(line)") }
            // Where the tables themselves are damaged their rows say nothing.
            guard faults.count == 0 else { return faults.report }
            progress(0.4)
            try Self.checkMessages(database, path, &faults) { progress(0.4 + 0.3 * $0) }
            try Self.checkOwners(database, &faults)
            progress(0.8)
            try Self.checkSizes(database, &faults)
            progress(0.9)
            try Self.checkSessions(database, &faults)
            progress(1)
            return faults.report
        }

        /// Whether messages can be read, and are needed as often as they say.
        private static func checkMessages(
            _ database: Database,
            _ path: String,
            _ faults: inout Faults,
            progress: (Double) -> Void
        ) throws {
            let total = try Int.fetchOne(database, sql: "SELECT count(*) FROM message") ?? 0
            var needs = try SessionRows(
                database,
                """
                SELECT message, count(*) FROM (SELECT message FROM delivery UNION ALL SELECT message FROM retained)
                GROUP BY message ORDER BY message
                """
            )
            let select = try database.makeStatement(
                sql: """
                    SELECT number, topic, properties, payload, qos, retained, expires_at, payload_format, publisher, refs
                    FROM message ORDER BY number
                    """
            )
            defer {
                needs.rewind()
                select.rewind()
            }
            let now = StoreClock.Reading(monotonic: 0, wall: 0)
            var count = 0
            var bytes = 0
            while try select.step() {
                let number = select.int64(0)
                while let missing = try needs.skip(before: number) { faults.add("message \(missing) is missing") }
                let need = try needs.next(of: number) ? needs.statement.int64(1) : 0
                if need != select.int64(9) {
                    faults.add("message \(number) counts \(select.int64(9)) references, but has \(need)")
                }
                if let message = Message(stored: select, from: 0, at: now) {
                    bytes += message.byteCount
                } else {
                    faults.add("message \(number) can't be read")
                }
                count += 1
                if count % 10_000 == 0 { progress(Double(count) / Double(max(total, 1))) }
            }
            while let missing = try needs.skip(before: .max) { faults.add("message \(missing) is missing") }
            let meta: Meta
            do { meta = try Meta(database, path: path) } catch StoreError.corrupt(_, let detail) {
                return faults.add("\(detail) can't be read")
            }
            if meta.messages != count { faults.add("\(meta.messages) messages are noted, but there are \(count)") }
            if meta.bytes != bytes, faults.count == 0 {
                faults.add("\(meta.bytes) bytes of messages are noted, but there are \(bytes)")
            }
            let last = try Int64.fetchOne(
                database,
                sql: """
                    SELECT max(coalesce((SELECT max(number) FROM session), 0),
                    coalesce((SELECT max(number) FROM message), 0), coalesce((SELECT max(number) FROM delivery), 0))
                    """
            )
            if let last, last > meta.lastNumber {
                faults.add("number \(last) is used, but \(meta.lastNumber) is noted as the last")
            }
        }

        /// Whether everything belongs to a session that there is.
        private static func checkOwners(_ database: Database, _ faults: inout Faults) throws {
            for (table, what) in [
                ("delivery", "deliveries"), ("subscription", "subscriptions"), ("received", "packets"),
            ] {
                let select = try database.makeStatement(
                    sql: """
                        SELECT session, count(*) FROM \(table) GROUP BY session
                        HAVING session NOT IN (SELECT number FROM session) AND session NOT IN (SELECT session FROM ended)
                        """
                )
                defer { select.rewind() }
                while try select.step() {
                    faults.add("\(select.int64(1)) \(what) belong to session \(select.int64(0)), which there is not")
                }
            }
            let select = try database.makeStatement(
                sql: "SELECT session, number, qos, identifiers, share, packet_identifier, confirmed FROM delivery"
            )
            defer { select.rewind() }
            while try select.step() {
                let isSound =
                    select.number(1) != nil && (1...2).contains(select.int64(2))
                    && StoredIdentifiers.decode(select.bytes(3)) != nil
                    && (select.isNull(4) || select.text(4) != nil) && UInt16(exactly: select.int64(5)) != nil
                if !isSound { faults.add("delivery \(select.int64(1)) of session \(select.int64(0)) can't be read") }
            }
        }

        /// Whether deliveries and retained messages say of their messages what these are.
        private static func checkSizes(_ database: Database, _ faults: inout Faults) throws {
            let size = """
                length(CAST(message.topic AS BLOB)) + coalesce(length(message.properties), 0) + length(message.payload)
                """
            let deliveries = try database.makeStatement(
                sql: """
                    SELECT session, delivery.number, bytes, \(size) AS size FROM delivery
                    JOIN message ON message.number = delivery.message WHERE bytes <> size
                    """
            )
            defer { deliveries.rewind() }
            while try deliveries.step() {
                faults.add(
                    """
                    delivery \(deliveries.int64(1)) of session \(deliveries.int64(0)) notes \(deliveries.int64(2)) bytes, \
                    but its message has \(deliveries.int64(3))
                    """
                )
            }
            let retained = try database.makeStatement(
                sql: """
                    SELECT retained.topic, message.number, bytes, \(size), retained.topic = message.topic FROM retained
                    JOIN message ON message.number = retained.message
                    """
            )
            defer { retained.rewind() }
            while try retained.step() {
                let number = retained.int64(1)
                if retained.text(0) == nil { faults.add("the topic that retains message \(number) can't be read") }
                if retained.int64(4) == 0 {
                    faults.add("message \(number) is retained for a topic that is not its own")
                }
                if retained.int64(2) != retained.int64(3) {
                    faults.add(
                        """
                        retained message \(number) is noted with \(retained.int64(2)) bytes, but has \(retained.int64(3))
                        """
                    )
                }
            }
        }

        private static func checkSessions(_ database: Database, _ faults: inout Faults) throws {
            let now = StoreClock.Reading(monotonic: 0, wall: 0)
            let sessions = try database.makeStatement(sql: "SELECT \(SessionRecord.columns) FROM session")
            defer { sessions.rewind() }
            while try sessions.step() {
                if SessionRecord(stored: sessions, lostAt: 0, at: now) == nil {
                    faults.add("session \(sessions.int64(0)) can't be read")
                }
            }
            let subscriptions = try database.makeStatement(
                sql: "SELECT session, filter, options, identifier FROM subscription"
            )
            defer { subscriptions.rewind() }
            while try subscriptions.step() {
                if SubscriptionRecord(stored: subscriptions) == nil {
                    faults.add("a subscription of session \(subscriptions.int64(0)) can't be read")
                }
            }
            let received = try database.makeStatement(sql: "SELECT session, packet_identifier FROM received")
            defer { received.rewind() }
            while try received.step() {
                if received.packetIdentifier(1) == nil {
                    faults.add("a packet identifier of session \(received.int64(0)) can't be read")
                }
            }
        }
    }

#endif

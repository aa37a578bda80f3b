//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    package import BrokerCore
    import GRDB
    import MQTTCodec
    import NIOCore

    extension SQLiteBackend {
        /// Sessions or messages that are handed over at a time.
        private static let batch = 1000

        package func loadRetained(_ body: ([Message]) -> Void) throws(StoreError) {
            let now = self.clock.now
            try self.withDatabase { database, _ in
                let select = try database.makeStatement(
                    sql: """
                        SELECT retained.topic, message.number, message.topic, message.properties, message.payload,
                        message.qos, message.retained, message.expires_at, message.payload_format, message.publisher
                        FROM retained LEFT JOIN message ON message.number = retained.message
                        """
                )
                defer { select.rewind() }
                var found: [Message] = []
                while try select.step() {
                    guard let topic = select.text(0), !select.isNull(1) else {
                        throw self.corrupt("a retained message is missing")
                    }
                    if let expiresAt = select.optionalInt64(7), expiresAt <= now.wall {
                        self.arrears.expiredTopics.append(topic)
                        continue
                    }
                    found.append(try self.message(select, from: 1, at: now))
                    if found.count == Self.batch {
                        body(found)
                        found.removeAll(keepingCapacity: true)
                    }
                }
                if !found.isEmpty { body(found) }
            }
            try self.settle()
        }

        package func loadSessions(_ body: ([RestoredSession]) -> Void) throws(StoreError) {
            let now = self.clock.now
            try self.withDatabase { database, _ in
                let sessions = try database.makeStatement(
                    sql: "SELECT \(SessionRecord.columns) FROM session ORDER BY number"
                )
                defer { sessions.rewind() }
                // All in the order of the sessions, so that one pass over each is enough.
                var subscriptions = try SessionRows(
                    database,
                    "SELECT session, filter, options, identifier FROM subscription ORDER BY session, filter"
                )
                var received = try SessionRows(
                    database,
                    "SELECT session, packet_identifier FROM received ORDER BY session, packet_identifier"
                )
                var waiting = try SessionRows(
                    database,
                    """
                    SELECT session, count(*), total(bytes), min(bytes), max(bytes), count(share) FROM delivery
                    GROUP BY session ORDER BY session
                    """
                )
                defer {
                    subscriptions.rewind()
                    received.rewind()
                    waiting.rewind()
                }
                var found: [RestoredSession] = []
                while try sessions.step() {
                    let number = sessions.int64(0)
                    guard var record = SessionRecord(stored: sessions, lostAt: self.lostAt, at: now) else {
                        throw self.corrupt("session \(number)")
                    }
                    let waiting = try self.waiting(&waiting, of: number)
                    let since = sessions.optionalInt64(16) ?? self.lostAt
                    let hasExpired = now.hasExpired(since: since, interval: record.expiryInterval)
                    if record.will == nil, hasExpired, !record.hasEnded {
                        guard waiting.hasShared else {
                            self.arrears.endedSessions.append(number)
                            continue
                        }
                        self.arrears.estates.append(number)
                        record.hasEnded = true
                    }
                    found.append(
                        RestoredSession(
                            record: record,
                            subscriptions: try self.subscriptions(&subscriptions, of: number),
                            received: try self.received(&received, of: number),
                            messageCount: waiting.messages,
                            byteCount: waiting.bytes,
                            hasShared: waiting.hasShared
                        )
                    )
                    if found.count == Self.batch {
                        body(found)
                        found.removeAll(keepingCapacity: true)
                    }
                }
                if !found.isEmpty { body(found) }
            }
            try self.settle()
        }

        private func subscriptions(
            _ rows: inout SessionRows,
            of session: Int64
        ) throws -> [SubscriptionRecord] {
            var found: [SubscriptionRecord] = []
            while try rows.next(of: session) {
                guard let subscription = SubscriptionRecord(stored: rows.statement) else {
                    throw self.corrupt("a subscription of session \(session)")
                }
                found.append(subscription)
            }
            return found
        }

        private func received(_ rows: inout SessionRows, of session: Int64) throws -> [UInt16] {
            var found: [UInt16] = []
            while try rows.next(of: session) {
                guard let identifier = rows.statement.packetIdentifier(1) else {
                    throw self.corrupt("a packet identifier of session \(session)")
                }
                found.append(identifier)
            }
            return found
        }

        /// - Returns: what waits for a session, and whether a shared group has chosen it for any of it.
        private func waiting(
            _ rows: inout SessionRows,
            of session: Int64
        ) throws -> (messages: Int, bytes: Int, hasShared: Bool) {
            guard try rows.next(of: session) else { return (0, 0, false) }
            let row = rows.statement
            guard row.byteCount(3) != nil, row.byteCount(4) != nil else {
                throw self.corrupt("the size of a delivery of session \(session)")
            }
            return (Int(row.int64(1)), StoredNumbers.total(Int(row.int64(2))), row.int64(5) > 0)
        }
    }

    /// Rows of sessions (or messages), in the order of their numbers, in the first column.
    struct SessionRows {
        let statement: Statement
        private var hasRow = false
        private var isTaken = true

        init(_ database: Database, _ sql: String) throws {
            self.statement = try database.makeStatement(sql: sql)
        }

        /// Goes on to the next row of this session, past those of sessions with lower numbers.
        ///
        /// - Returns: whether there is one.
        mutating func next(of session: Int64) throws(SQLiteFailure) -> Bool {
            while true {
                if self.isTaken {
                    self.hasRow = try self.statement.step()
                    self.isTaken = false
                }
                // At the end it stays: another step would begin from the start.
                guard self.hasRow else { return false }
                let found = self.statement.int64(0)
                guard found <= session else { return false }
                self.isTaken = true
                if found == session { return true }
            }
        }

        /// Goes past a row of a session with a lower number.
        ///
        /// - Returns: that number; nil: there is no such row.
        mutating func skip(before session: Int64) throws(SQLiteFailure) -> Int64? {
            if self.isTaken {
                self.hasRow = try self.statement.step()
                self.isTaken = false
            }
            guard self.hasRow, self.statement.int64(0) < session else { return nil }
            self.isTaken = true
            return self.statement.int64(0)
        }

        func rewind() { self.statement.rewind() }
    }

    extension SubscriptionRecord {
        /// The columns session, filter, options and identifier. nil: they can't be.
        init?(stored row: Statement) {
            guard let filter = row.text(1), (try? TopicFilter(filter)) != nil, let byte = UInt8(exactly: row.int64(2)),
                let options = try? SubscriptionOptions.decode(byte, version: .v5),
                let identifier = UInt32(exactly: row.int64(3))
            else { return nil }
            self.init(filter: filter, options: options, identifier: identifier)
        }
    }

    extension SessionRecord {
        /// The columns that it is read from, in this order.
        static let columns = """
            number, client, user_name, version, peer_host, peer_port, transport, listener, listener_port,
            certificate_common_name, certificate_subject, certificate_user_name, is_bridge, clean_start, keep_alive,
            expiry, disconnected_at, will_topic, will_payload, will_qos, will_retained, will_properties, will_due,
            has_ended
            """

        /// A row of ``columns``. nil: they can't be.
        init?(stored row: Statement, lostAt: Int64, at now: StoreClock.Reading) {
            guard let number = row.number(0), let client = ClientInfo(stored: row),
                let expiryInterval = UInt32(exactly: row.int64(15))
            else { return nil }
            var will: DelayedWill?
            if !row.isNull(17) {
                guard let topic = row.text(17), TopicName.isValid(topic), let qos = QoS(stored: row.int64(19)),
                    let properties = StoredWill.decode(row.bytes(21))
                else { return nil }
                will = DelayedWill(
                    will: Will(
                        topic: topic,
                        payload: ByteBuffer(bytes: row.bytes(18)),
                        qos: qos,
                        isRetained: row.int64(20) != 0,
                        properties: properties
                    ),
                    dueAt: now.time(of: row.int64(22))
                )
            }
            self.init(
                number: StoreNumber(value: number),
                client: client,
                expiryInterval: expiryInterval,
                // One that had a connection lost it with the broker.
                disconnectedAt: now.past(of: row.optionalInt64(16) ?? lostAt),
                will: will,
                hasEnded: row.int64(23) != 0
            )
        }
    }

    extension ClientInfo {
        fileprivate init?(stored row: Statement) {
            guard let identifier = row.text(1), let version = UInt8(exactly: row.int64(3)),
                let version = ProtocolVersion(rawValue: version), let host = row.text(4),
                let port = UInt16(exactly: row.int64(5)), let transport = row.text(6),
                let transport = ConnectionOrigin.Transport(rawValue: transport), let listener = row.text(7),
                let listenerPort = UInt16(exactly: row.int64(8)), let keepAlive = UInt16(exactly: row.int64(14))
            else { return nil }
            var certificate: CertificateIdentity?
            if let commonName = row.text(9), let subject = row.text(10) {
                certificate = CertificateIdentity(commonName: commonName, subject: subject)
            }
            self.init(
                restoring: identifier,
                userName: row.text(2),
                peer: PeerAddress(host: host, port: port),
                origin: ConnectionOrigin(
                    transport: transport,
                    listener: listener,
                    port: listenerPort,
                    certificate: certificate,
                    userName: row.text(11)
                ),
                version: version,
                isBridge: row.int64(12) != 0,
                isCleanStart: row.int64(13) != 0,
                keepAlive: keepAlive
            )
        }
    }

#endif

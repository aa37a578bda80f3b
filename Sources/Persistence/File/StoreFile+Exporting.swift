//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    internal import BrokerCore
    import GRDB
    import MQTTCodec
    import NIOCore

    extension StoreFile {
        func tellEverything(progress: (Double) -> Void, _ line: (String) throws -> Void) throws {
            // What `line` throws is the caller's own and goes back as it is.
            var failure: (any Error)?
            do throws(StoreError) {
                try self.read { database in
                    let total = try Int.fetchOne(
                        database,
                        sql: "SELECT (SELECT count(*) FROM session) + (SELECT count(*) FROM message)"
                    )
                    var count = 0
                    func counting(_ text: String) throws {
                        do { try line(text) } catch {
                            failure = error
                            throw error
                        }
                        count += 1
                        if count % 1000 == 0 { progress(min(Double(count) / Double(max(total ?? 1, 1)), 1)) }
                    }
                    try self.exportSessions(database, counting)
                    try self.exportMessages(database, counting)
                    let retained = try database.makeStatement(sql: "SELECT topic, message FROM retained ORDER BY topic")
                    defer { retained.rewind() }
                    while try retained.step() {
                        var object = JSONLine(type: "retained")
                        object.add("topic", retained.text(0))
                        object.add("message", retained.int64(1))
                        try counting(object.text)
                    }
                    progress(1)
                }
            } catch {
                throw failure ?? error
            }
        }

        private func exportSessions(_ database: Database, _ line: (String) throws -> Void) throws {
            let now = StoreClock.Reading(monotonic: 0, wall: 0)
            let sessions = try database.makeStatement(
                sql: "SELECT \(SessionRecord.columns) FROM session ORDER BY number"
            )
            var subscriptions = try SessionRows(
                database,
                "SELECT session, filter, options, identifier FROM subscription ORDER BY session, filter"
            )
            var received = try SessionRows(
                database,
                "SELECT session, packet_identifier FROM received ORDER BY session, packet_identifier"
            )
            defer {
                sessions.rewind()
                subscriptions.rewind()
                received.rewind()
            }
            while try sessions.step() {
                let number = sessions.int64(0)
                guard let record = SessionRecord(stored: sessions, lostAt: 0, at: now) else {
                    throw StoreError.corrupt(path: self.path, detail: "session \(number)")
                }
                var object = JSONLine(type: "session")
                object.add("number", number)
                object.add("client", record.client.clientIdentifier)
                object.add("user_name", record.client.userName)
                object.add("version", Int64(record.client.version.rawValue))
                object.add("peer", record.client.peer.description)
                object.add("listener", record.client.origin.description)
                object.add("expiry", Int64(record.expiryInterval))
                object.add("disconnected_at", sessions.optionalInt64(16))
                object.add("has_ended", record.hasEnded)
                object.addRaw("will", record.will.map { Self.json($0, dueAt: sessions.int64(22)) } ?? "null")
                var filters: [String] = []
                while try subscriptions.next(of: number) {
                    guard let subscription = SubscriptionRecord(stored: subscriptions.statement) else {
                        throw StoreError.corrupt(path: self.path, detail: "a subscription of session \(number)")
                    }
                    filters.append(Self.json(subscription))
                }
                object.addRaw("subscriptions", "[" + filters.joined(separator: ", ") + "]")
                var identifiers: [String] = []
                while try received.next(of: number) { identifiers.append("\(received.statement.int64(1))") }
                object.addRaw("received", "[" + identifiers.joined(separator: ", ") + "]")
                try line(object.text)
            }
        }

        private static func json(_ will: DelayedWill, dueAt: Int64) -> String {
            var object = JSONLine()
            object.add("topic", will.will.topic)
            object.add("payload", base64: will.will.payload.readableBytesView)
            object.add("qos", Int64(will.will.qos.rawValue))
            object.add("retain", will.will.isRetained)
            object.add("due_at", dueAt)
            return object.text
        }

        private static func json(_ subscription: SubscriptionRecord) -> String {
            var object = JSONLine()
            object.add("filter", subscription.filter)
            object.add("qos", Int64(subscription.options.qos.rawValue))
            object.add("no_local", subscription.options.noLocal)
            object.add("retain_as_published", subscription.options.retainAsPublished)
            object.add("retain_handling", Int64(subscription.options.retainHandling.rawValue))
            object.add("identifier", Int64(subscription.identifier))
            return object.text
        }

        private func exportMessages(_ database: Database, _ line: (String) throws -> Void) throws {
            let messages = try database.makeStatement(
                sql: """
                    SELECT number, topic, properties, payload, qos, retained, expires_at, publisher FROM message
                    ORDER BY number
                    """
            )
            var deliveries = try SessionRows(
                database,
                """
                SELECT message, session, number, qos, packet_identifier, confirmed, share FROM delivery
                ORDER BY message, session, number
                """
            )
            defer {
                messages.rewind()
                deliveries.rewind()
            }
            while try messages.step() {
                let number = messages.int64(0)
                guard let topic = messages.text(1) else {
                    throw StoreError.corrupt(path: self.path, detail: "message \(number)")
                }
                var object = JSONLine(type: "message")
                object.add("number", number)
                object.add("topic", topic)
                object.add("qos", messages.int64(4))
                object.add("retain", messages.int64(5) != 0)
                object.add("expires_at", messages.optionalInt64(6))
                object.add("publisher", messages.text(7))
                object.add("properties", base64: messages.bytes(2))
                object.add("payload", base64: messages.bytes(3))
                var waiting: [String] = []
                while try deliveries.next(of: number) {
                    let row = deliveries.statement
                    var delivery = JSONLine()
                    delivery.add("session", row.int64(1))
                    delivery.add("number", row.int64(2))
                    delivery.add("qos", row.int64(3))
                    delivery.add("packet_identifier", row.int64(4))
                    delivery.add("confirmed", row.int64(5) != 0)
                    delivery.add("share", row.text(6))
                    waiting.append(delivery.text)
                }
                object.addRaw("deliveries", "[" + waiting.joined(separator: ", ") + "]")
                try line(object.text)
            }
        }
    }

#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB

    /// The statements that run again and again, prepared once.
    final class Statements {
        let insertMessage: Statement
        let selectReferences: Statement
        let deleteMessages: Statement
        let releaseMessage: Statement
        let insertDelivery: Statement
        let updateDelivery: Statement
        let selectDeliveries: Statement
        let deleteDeliveries: Statement
        let selectRetained: Statement
        let insertRetained: Statement
        let deleteRetained: Statement
        let selectOtherSession: Statement
        let insertSession: Statement
        let disconnectAll: Statement
        let markEnded: Statement
        let deleteSession: Statement
        let insertSubscription: Statement
        let deleteSubscription: Statement
        let deleteSubscriptions: Statement
        let insertReceived: Statement
        let deleteReceived: Statement
        let deleteAllReceived: Statement
        let insertEnded: Statement
        let selectEnded: Statement
        let deleteEnded: Statement
        let selectLeft: Statement
        let deleteLeft: Statement
        let selectQueued: Statement
        let selectShared: Statement
        let selectInflight: Statement
        private let insertMeta: Statement

        init(_ database: Database) throws {
            func prepare(_ sql: String) throws -> Statement { try database.makeStatement(sql: sql) }
            self.insertMessage = try prepare(
                """
                INSERT INTO message (number, refs, topic, properties, payload, qos, retained, expires_at, payload_format,
                publisher, stored_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (number) DO UPDATE SET refs = refs + excluded.refs
                """
            )
            self.selectReferences = try prepare(
                "SELECT number, refs FROM message WHERE number BETWEEN ? AND ? ORDER BY number"
            )
            self.deleteMessages = try prepare("DELETE FROM message WHERE number BETWEEN ? AND ?")
            self.releaseMessage = try prepare("UPDATE message SET refs = refs - ?2 WHERE number = ?1")
            self.insertDelivery = try prepare(
                """
                INSERT INTO delivery (session, number, message, bytes, qos, retained, identifiers, share,
                packet_identifier, confirmed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """
            )
            self.updateDelivery = try prepare(
                """
                UPDATE delivery SET packet_identifier = CASE ?3 WHEN 0 THEN packet_identifier ELSE ?3 END,
                confirmed = max(confirmed, ?4) WHERE session = ?1 AND number = ?2
                """
            )
            self.selectDeliveries = try prepare(
                "SELECT number, message, bytes FROM delivery WHERE session = ? AND number BETWEEN ? AND ? ORDER BY number"
            )
            self.deleteDeliveries = try prepare("DELETE FROM delivery WHERE session = ? AND number BETWEEN ? AND ?")
            self.selectRetained = try prepare("SELECT message, bytes FROM retained WHERE topic = ?")
            self.insertRetained = try prepare(
                "INSERT OR REPLACE INTO retained (topic, message, bytes) VALUES (?, ?, ?)"
            )
            self.deleteRetained = try prepare("DELETE FROM retained WHERE topic = ?")
            self.selectOtherSession = try prepare(
                "SELECT number FROM session WHERE client = ? AND number <> ? AND has_ended = 0"
            )
            self.insertSession = try prepare(
                """
                INSERT INTO session (number, client, user_name, version, peer_host, peer_port, transport, listener,
                listener_port, certificate_common_name, certificate_subject, certificate_user_name, is_bridge, clean_start,
                keep_alive, expiry, disconnected_at, will_topic, will_payload, will_qos, will_retained, will_properties,
                will_due, has_ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (number) DO UPDATE SET client = excluded.client, user_name = excluded.user_name,
                version = excluded.version, peer_host = excluded.peer_host, peer_port = excluded.peer_port,
                transport = excluded.transport, listener = excluded.listener, listener_port = excluded.listener_port,
                certificate_common_name = excluded.certificate_common_name,
                certificate_subject = excluded.certificate_subject,
                certificate_user_name = excluded.certificate_user_name, is_bridge = excluded.is_bridge,
                clean_start = excluded.clean_start, keep_alive = excluded.keep_alive, expiry = excluded.expiry,
                disconnected_at = excluded.disconnected_at, will_topic = excluded.will_topic,
                will_payload = excluded.will_payload, will_qos = excluded.will_qos,
                will_retained = excluded.will_retained, will_properties = excluded.will_properties,
                will_due = excluded.will_due, has_ended = excluded.has_ended
                """
            )
            self.disconnectAll = try prepare("UPDATE session SET disconnected_at = ? WHERE disconnected_at IS NULL")
            self.markEnded = try prepare("UPDATE session SET has_ended = 1 WHERE number = ?")
            self.deleteSession = try prepare("DELETE FROM session WHERE number = ?")
            self.insertSubscription = try prepare(
                "INSERT OR REPLACE INTO subscription (session, filter, options, identifier) VALUES (?, ?, ?, ?)"
            )
            self.deleteSubscription = try prepare("DELETE FROM subscription WHERE session = ? AND filter = ?")
            self.deleteSubscriptions = try prepare("DELETE FROM subscription WHERE session = ?")
            self.insertReceived = try prepare(
                "INSERT OR IGNORE INTO received (session, packet_identifier) VALUES (?, ?)"
            )
            self.deleteReceived = try prepare("DELETE FROM received WHERE session = ? AND packet_identifier = ?")
            self.deleteAllReceived = try prepare("DELETE FROM received WHERE session = ?")
            self.insertEnded = try prepare("INSERT OR IGNORE INTO ended (session) VALUES (?)")
            self.selectEnded = try prepare("SELECT session FROM ended LIMIT 1")
            self.deleteEnded = try prepare("DELETE FROM ended WHERE session = ?")
            self.selectLeft = try prepare(
                "SELECT number, message, bytes FROM delivery WHERE session = ? ORDER BY number LIMIT ?"
            )
            self.deleteLeft = try prepare("DELETE FROM delivery WHERE session = ? AND number <= ?")
            let columns = """
                delivery.number, delivery.qos, delivery.retained, delivery.identifiers, delivery.share,
                delivery.packet_identifier, delivery.confirmed, delivery.message, message.number, message.topic,
                message.properties, message.payload, message.qos, message.retained, message.expires_at,
                message.payload_format, message.publisher
                """
            // An outer join, so that a message that is missing is noticed; and the order is the deliveries'.
            let queued = """
                SELECT \(columns) FROM delivery LEFT JOIN message ON message.number = delivery.message
                WHERE session = ? AND delivery.number > ? AND packet_identifier = 0
                """
            self.selectQueued = try prepare("\(queued) ORDER BY delivery.number")
            self.selectShared = try prepare("\(queued) AND share IS NOT NULL ORDER BY delivery.number")
            self.selectInflight = try prepare(
                """
                SELECT \(columns) FROM delivery INDEXED BY inflight LEFT JOIN message ON message.number = delivery.message
                WHERE session = ? AND packet_identifier <> 0 ORDER BY delivery.number
                """
            )
            self.insertMeta = try prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")
        }

        func setMeta(_ key: String, _ value: Int64) throws(SQLiteFailure) {
            self.insertMeta.set(1, key)
            self.insertMeta.set(2, value)
            try self.insertMeta.run()
        }
    }

#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB
    import GRDBSQLite

    /// The tables of the database, and how those of earlier versions become today's.
    enum Schema {
        /// Marks a file as a broker's: `NMQS`.
        static let applicationIdentifier: Int64 = 0x4E4D_5153

        /// One step for each version: the first makes version 1 of nothing, the second version 2 of version 1.
        static let steps: [@Sendable (Database) throws -> Void] = [Self.makeVersion1]

        /// Today's version.
        static var version: Int { Self.steps.count }

        /// Sees to it that the file is empty or a broker's, of a version that is known.
        static func check(_ database: Database, path: String) throws {
            let application = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            if application == Self.applicationIdentifier {
                guard version <= Self.version else {
                    throw StoreError.newer(path: path, version: version, known: Self.version)
                }
                return
            }
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard application == 0, version == 0, tables == 0 else { throw StoreError.foreign(path: path) }
        }

        /// Brings the tables up to date, all steps or none.
        static func migrate(_ database: Database) throws {
            let version = max(try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0, 0)
            // The transaction also takes the lock that keeps others out from now on.
            try database.inTransaction(.immediate) {
                guard version < Self.version else { return .commit }
                for step in Self.steps.dropFirst(version) { try step(database) }
                try database.execute(sql: "PRAGMA application_id = \(Self.applicationIdentifier)")
                try database.execute(sql: "PRAGMA user_version = \(Self.version)")
                return .commit
            }
        }

        private static let makeVersion1: @Sendable (Database) throws -> Void = { database in
            // Typed tables are an addition of SQLite 3.37.
            let strict = sqlite3_libversion_number() >= 3_037_000
            let rows = strict ? " STRICT" : ""
            let keyed = strict ? " STRICT, WITHOUT ROWID" : " WITHOUT ROWID"
            // Times are milliseconds since 1970.
            try database.execute(
                sql: """
                    CREATE TABLE session (
                        number INTEGER PRIMARY KEY, client TEXT NOT NULL, user_name TEXT, version INTEGER NOT NULL,
                        peer_host TEXT NOT NULL, peer_port INTEGER NOT NULL, transport TEXT NOT NULL,
                        listener TEXT NOT NULL, listener_port INTEGER NOT NULL, certificate_common_name TEXT,
                        certificate_subject TEXT, certificate_user_name TEXT, is_bridge INTEGER NOT NULL,
                        clean_start INTEGER NOT NULL, keep_alive INTEGER NOT NULL, expiry INTEGER NOT NULL,
                        disconnected_at INTEGER, will_topic TEXT, will_payload BLOB, will_qos INTEGER,
                        will_retained INTEGER, will_properties BLOB, will_due INTEGER, has_ended INTEGER NOT NULL
                    )\(rows);
                    CREATE UNIQUE INDEX client ON session (client) WHERE has_ended = 0;
                    CREATE TABLE subscription (
                        session INTEGER NOT NULL, filter TEXT NOT NULL, options INTEGER NOT NULL,
                        identifier INTEGER NOT NULL, PRIMARY KEY (session, filter)
                    )\(keyed);
                    CREATE TABLE received (
                        session INTEGER NOT NULL, packet_identifier INTEGER NOT NULL,
                        PRIMARY KEY (session, packet_identifier)
                    )\(keyed);
                    CREATE TABLE message (
                        number INTEGER PRIMARY KEY, refs INTEGER NOT NULL, topic TEXT NOT NULL, properties BLOB,
                        payload BLOB NOT NULL, qos INTEGER NOT NULL, retained INTEGER NOT NULL, expires_at INTEGER,
                        payload_format INTEGER, publisher TEXT, stored_at INTEGER NOT NULL
                    )\(rows);
                    CREATE TABLE delivery (
                        session INTEGER NOT NULL, number INTEGER NOT NULL, message INTEGER NOT NULL,
                        bytes INTEGER NOT NULL, qos INTEGER NOT NULL, retained INTEGER NOT NULL, identifiers BLOB,
                        share TEXT, packet_identifier INTEGER NOT NULL, confirmed INTEGER NOT NULL,
                        PRIMARY KEY (session, number)
                    )\(keyed);
                    CREATE INDEX inflight ON delivery (session, number) WHERE packet_identifier <> 0;
                    CREATE TABLE retained (
                        topic TEXT NOT NULL PRIMARY KEY, message INTEGER NOT NULL, bytes INTEGER NOT NULL
                    )\(keyed);
                    CREATE TABLE ended (session INTEGER PRIMARY KEY)\(rows);
                    CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL)\(keyed);
                    """
            )
        }
    }

#endif

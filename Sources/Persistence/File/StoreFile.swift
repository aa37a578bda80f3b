//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB
    import SystemPackage
#endif

/// The database of a broker that does not run, for whoever looks after it.
///
/// While it is open no broker can use the file, and while a broker does, it can't be opened.
public final class StoreFile {
    #if SQLite
        let path: String
        let queue: DatabaseQueue
    #endif

    /// Opens the database `nanomq.db` in a folder. One of an earlier version is brought up to date.
    ///
    /// - Throws: `StoreError`, `inUse` if a broker runs.
    public init(directory: String) throws(StoreError) {
        #if SQLite
            let path = DatabaseFile.path(in: directory)
            self.path = path.string
            self.queue = try DatabaseFile.open(path, for: .maintenance)
        #else
            throw .unsupported
        #endif
    }

    /// Looks for damage. Nothing is changed.
    ///
    /// - Parameter progress: is told from time to time how much is done, 0...1.
    /// - Returns: what is wrong, a line each; empty: nothing.
    public func check(progress: (Double) -> Void) throws(StoreError) -> [String] {
        #if SQLite
            try self.findFaults(progress: progress)
        #else
            throw .unsupported
        #endif
    }

    /// Counts what is in it. Nothing is changed.
    public func statistics() throws(StoreError) -> StoreStatistics {
        #if SQLite
            try self.count()
        #else
            throw .unsupported
        #endif
    }

    /// Clears away what sessions have left that have ended or expired, but for messages of shared groups, and messages
    /// that have expired; and gives the room back that is free.
    ///
    /// SQLite writes the smaller database twice before the file shrinks: to a temporary file, and to the log beside the
    /// database. So it takes as much room as it will have in the end in the directory for temporary files (that of the
    /// environment's `SQLITE_TMPDIR`, else `TMPDIR`, else `/var/tmp`), and as much again in the database's own. Where
    /// either is missing it fails with `full`, and the file has lost nothing.
    ///
    /// - Parameter progress: is told from time to time how much is done, 0...1.
    public func compact(progress: (Double) -> Void) throws(StoreError) {
        #if SQLite
            try self.clearAndShrink(progress: progress)
        #else
            throw .unsupported
        #endif
    }

    /// Tells everything that is in it, as JSON, an object a line. Nothing is changed.
    ///
    /// Times are milliseconds since 1970. `payload` and `properties` (MQTT 5.0, section 2.2.2.2, without the length in
    /// front) are in Base64. What is absent is `null`. The lines are, in this order:
    ///
    ///     {"type": "session", "number", "client", "user_name", "version", "peer", "listener", "expiry",
    ///      "disconnected_at", "has_ended", "will": {"topic", "payload", "qos", "retain", "due_at"},
    ///      "subscriptions": [{"filter", "qos", "no_local", "retain_as_published", "retain_handling", "identifier"}],
    ///      "received": [packet identifiers]}
    ///     {"type": "message", "number", "topic", "qos", "retain", "expires_at", "publisher", "properties", "payload",
    ///      "deliveries": [{"session", "number", "qos", "packet_identifier", "confirmed", "share"}]}
    ///     {"type": "retained", "topic", "message": its number}
    ///
    /// - Parameters:
    ///   - progress: is told from time to time how much is done, 0...1.
    ///   - line: takes a line, without its end; what it throws ends the export.
    public func export(progress: (Double) -> Void, _ line: (String) throws -> Void) throws {
        #if SQLite
            try self.tellEverything(progress: progress, line)
        #else
            throw StoreError.unsupported
        #endif
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB
    import GRDBSQLite

    // Statements that run hundreds of thousands of times a second: their arguments go straight from memory to SQLite, and
    // their columns come straight back.
    //
    // Arguments are numbered from 1, columns from 0, as SQLite does.
    extension Statement {
        /// Makes SQLite copy what is bound. The value is the one that the C macro of this name has.
        private static var transient: sqlite3_destructor_type {
            unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        }

        func set(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(self.sqliteStatement, index, value) }

        func set(_ index: Int32, _ value: Int) { self.set(index, Int64(value)) }

        func set(_ index: Int32, _ value: Bool) { self.set(index, value ? 1 as Int64 : 0) }

        func set(_ index: Int32, _ value: Int64?) {
            if let value { self.set(index, value) } else { sqlite3_bind_null(self.sqliteStatement, index) }
        }

        func set(_ index: Int32, _ value: String?) {
            guard let value else {
                sqlite3_bind_null(self.sqliteStatement, index)
                return
            }
            // As a C string it always has an address, without which SQLite would take it for NULL.
            value.withCString { characters in
                _ = sqlite3_bind_text(
                    self.sqliteStatement,
                    index,
                    characters,
                    Int32(clamping: value.utf8.count),
                    Self.transient
                )
            }
        }

        /// Bytes that stay where they are until the statement has run.
        func setText(_ index: Int32, borrowing bytes: UnsafeRawBufferPointer) {
            guard bytes.count > 0 else { return self.set(index, "") }
            sqlite3_bind_text(
                self.sqliteStatement,
                index,
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(clamping: bytes.count),
                nil
            )
        }

        /// Bytes that stay where they are until the statement has run.
        func setBlob(_ index: Int32, borrowing bytes: UnsafeRawBufferPointer) {
            guard bytes.count > 0 else {
                sqlite3_bind_zeroblob(self.sqliteStatement, index, 0)
                return
            }
            sqlite3_bind_blob(self.sqliteStatement, index, bytes.baseAddress, Int32(clamping: bytes.count), nil)
        }

        /// Bytes that are copied; nil: NULL.
        func setBlob(_ index: Int32, _ bytes: [UInt8]?) {
            guard let bytes else {
                sqlite3_bind_null(self.sqliteStatement, index)
                return
            }
            guard !bytes.isEmpty else {
                sqlite3_bind_zeroblob(self.sqliteStatement, index, 0)
                return
            }
            sqlite3_bind_blob(self.sqliteStatement, index, bytes, Int32(clamping: bytes.count), Self.transient)
        }

        /// Goes on to the next row.
        ///
        /// - Returns: whether there is one.
        func step() throws(SQLiteFailure) -> Bool {
            switch sqlite3_step(self.sqliteStatement) {
            case SQLITE_ROW: return true
            case SQLITE_DONE: return false
            default:
                let database = sqlite3_db_handle(self.sqliteStatement)
                let failure = SQLiteFailure(
                    code: sqlite3_extended_errcode(database),
                    message: sqlite3_errmsg(database).map { String(cString: $0) } ?? ""
                )
                self.rewind()
                throw failure
            }
        }

        /// Runs it to its end; it returns no rows.
        func run() throws(SQLiteFailure) {
            _ = try self.step()
            self.rewind()
        }

        /// Makes it ready to run again.
        func rewind() { sqlite3_reset(self.sqliteStatement) }

        func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(self.sqliteStatement, column) }

        func isNull(_ column: Int32) -> Bool { sqlite3_column_type(self.sqliteStatement, column) == SQLITE_NULL }

        func optionalInt64(_ column: Int32) -> Int64? { self.isNull(column) ? nil : self.int64(column) }

        /// The bytes of a text or blob, valid until the statement goes on.
        func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
            let start = sqlite3_column_blob(self.sqliteStatement, column)
            return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(self.sqliteStatement, column)))
        }

        /// nil: NULL, or no UTF-8.
        func text(_ column: Int32) -> String? {
            guard !self.isNull(column) else { return nil }
            let characters = self.bytes(column).assumingMemoryBound(to: UInt8.self)
            // Several times as fast as the initializer for any encoding.
            guard let text = try? UTF8Span(validating: characters.span) else { return nil }
            return String(copying: text)
        }
    }

#endif

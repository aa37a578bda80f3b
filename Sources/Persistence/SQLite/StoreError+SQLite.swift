//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB
    import GRDBSQLite

    /// What SQLite has said to a statement.
    struct SQLiteFailure: Error {
        /// The extended result code.
        let code: Int32
        let message: String
    }

    extension StoreError {
        /// What an error of SQLite means to an operator.
        init(_ error: any Error, path: String) {
            switch error {
            case let error as StoreError: self = error
            case let error as SQLiteFailure: self.init(code: error.code, message: error.message, path: path)
            case let error as DatabaseError:
                self.init(
                    code: error.extendedResultCode.rawValue,
                    message: error.message ?? "unknown error",
                    path: path
                )
            default: self = .other(path: path, code: 0, detail: "\(error)")
            }
        }

        private init(code: Int32, message: String, path: String) {
            switch code & 0xFF {
            case SQLITE_FULL: self = .full(path: path)
            case SQLITE_READONLY: self = .readOnly(path: path)
            case SQLITE_BUSY, SQLITE_LOCKED: self = .inUse(path: path)
            case SQLITE_NOTADB: self = .notADatabase(path: path)
            case SQLITE_CORRUPT: self = .corrupt(path: path, detail: message)
            case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: self = .unreachable(path: path, reason: message)
            case SQLITE_IOERR: self = .inputOutput(path: path, detail: "\(message) (\(code))")
            default: self = .other(path: path, code: Int(code), detail: message)
            }
        }
    }

#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Why a store can't be opened, read or written.
public enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// This broker was built without SQLite.
    case unsupported
    /// The file can't be opened or created; `reason` is the system's.
    case unreachable(path: String, reason: String)
    /// It is a symbolic link, a directory or a device.
    case notRegular(path: String)
    /// Another process uses it.
    case inUse(path: String)
    /// It is no database.
    case notADatabase(path: String)
    /// It is a database, but not one of a broker.
    case foreign(path: String)
    /// A later version of the broker has written it.
    case newer(path: String, version: Int, known: Int)
    /// It is damaged; `detail` says where.
    case corrupt(path: String, detail: String)
    /// The disk is full.
    case full(path: String)
    /// The file or its file system can only be read.
    case readOnly(path: String)
    /// The disk fails.
    case inputOutput(path: String, detail: String)
    /// Something else that SQLite says.
    case other(path: String, code: Int, detail: String)
    /// It has been closed.
    case closed

    /// For operators.
    public var description: String {
        switch self {
        case .unsupported: "this broker was built without SQLite (the trait SQLite), so it can't keep a database"
        case .unreachable(let path, let reason): "\(path): can't be opened: \(reason)"
        case .notRegular(let path): "\(path): is no regular file"
        case .inUse(let path): "\(path): another process uses it"
        case .notADatabase(let path): "\(path): is no SQLite database"
        case .foreign(let path): "\(path): is a database, but none of a NanoMQ broker"
        case .newer(let path, let version, let known):
            "\(path): is of version \(version), from a later broker; this one knows versions up to \(known)"
        case .corrupt(let path, let detail): "\(path): is damaged: \(detail)"
        case .full(let path): "\(path): the disk is full"
        case .readOnly(let path): "\(path): can't be written, it is read-only"
        case .inputOutput(let path, let detail): "\(path): the disk fails: \(detail)"
        case .other(let path, let code, let detail): "\(path): \(detail) (SQLite code \(code))"
        case .closed: "the store has been closed"
        }
    }
}

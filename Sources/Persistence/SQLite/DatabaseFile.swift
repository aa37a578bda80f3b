//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB
    import GRDBSQLite
    import SystemPackage

    #if canImport(Darwin)
        import Darwin
    #elseif canImport(Musl)
        import Musl
    #else
        import Glibc
    #endif

    /// Opens the database of a broker so that nobody else can read it, and no other process can use it meanwhile.
    enum DatabaseFile {
        /// What it is called in its folder.
        static let name = "nanomq.db"

        /// What may be done with it.
        enum Access {
            /// Everything; it is created if it isn't there.
            case broker(Durability, cacheBytes: Int)
            /// Everything; it has to be there.
            case maintenance
        }

        static func path(in directory: String) -> FilePath { FilePath(directory).appending(Self.name) }

        /// Opens it, and brings its schema up to date.
        static func open(_ path: FilePath, for access: Access) throws(StoreError) -> DatabaseQueue {
            let isThere = try Self.restrict(path)
            switch access {
            case .broker where !isThere: try Self.create(path)
            case .maintenance where !isThere:
                throw .unreachable(path: path.string, reason: "\(Errno.noSuchFileOrDirectory)")
            default: break
            }
            var configuration = Configuration()
            configuration.label = "nanomq.database"
            configuration.foreignKeysEnabled = false
            configuration.allowsUnsafeTransactions = true
            let pragmas = Self.pragmas(for: access)
            configuration.prepareDatabase { database in
                // Before anything is read: then the index of the log is in this process's memory, and the lock on the
                // file stays until it is closed.
                try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
                try Schema.check(database, path: path.string)
                for pragma in pragmas { try database.execute(sql: pragma) }
            }
            do {
                let queue = try DatabaseQueue(path: path.string, configuration: configuration)
                try queue.inDatabase { database in
                    try Schema.migrate(database)
                }
                // The log has come into being with the first of this.
                _ = try Self.restrict(FilePath(path.string + "-wal"))
                return queue
            } catch {
                throw StoreError(error, path: path.string)
            }
        }

        private static func pragmas(for access: Access) -> [String] {
            var pragmas = [
                "PRAGMA journal_mode = WAL",
                // 16 MiB between two checkpoints, and a log that has once been longer is cut.
                "PRAGMA wal_autocheckpoint = 4096",
                "PRAGMA journal_size_limit = 33554432",
            ]
            if case .broker(let durability, let cacheBytes) = access {
                pragmas.append("PRAGMA cache_size = -\(max(cacheBytes, 1 << 20) / 1024)")
                pragmas.append("PRAGMA temp_store = MEMORY")
                // Even where nothing is promised the file has to stay sound: so it is synchronised at checkpoints.
                pragmas += durability == .none ? ["PRAGMA synchronous = NORMAL"] : Self.full
            } else {
                // What is sorted may be far more than memory.
                pragmas.append("PRAGMA temp_store = FILE")
                pragmas += Self.full
            }
            return pragmas
        }

        /// A transaction survives the loss of power. On macOS that takes `F_FULLFSYNC`: its `fsync` leaves to the disk
        /// when it writes. Elsewhere the latter two change nothing.
        private static let full = [
            "PRAGMA synchronous = FULL", "PRAGMA fullfsync = ON", "PRAGMA checkpoint_fullfsync = ON",
        ]

        /// Takes everybody else's rights on a file away.
        ///
        /// By its path: closing a descriptor of the file would give up the locks that this process has on it. The folder is
        /// the operator's, so nobody changes what the path names.
        ///
        /// - Returns: whether it is there.
        private static func restrict(_ path: FilePath) throws(StoreError) -> Bool {
            do {
                let status = try path.stat(followTargetSymlink: false)
                guard status.type == .regular else { throw StoreError.notRegular(path: path.string) }
                guard status.permissions.rawValue & 0o077 != 0 else { return true }
                guard path.withPlatformString({ chmod($0, 0o600) }) == 0 else { throw Errno(rawValue: errno) }
                return true
            } catch Errno.noSuchFileOrDirectory {
                return false
            } catch let error as StoreError {
                throw error
            } catch {
                throw .unreachable(path: path.string, reason: "\(error)")
            }
        }

        private static func create(_ path: FilePath) throws(StoreError) {
            do {
                let options: FileDescriptor.OpenOptions = [.create, .exclusiveCreate, .noFollow, .closeOnExec]
                let file = try FileDescriptor.open(path, .readWrite, options: options, permissions: [.ownerReadWrite])
                try file.close()
                // The file's name has to survive as well.
                let folder = try FileDescriptor.open(path.removingLastComponent(), .readOnly, options: [.closeOnExec])
                try folder.closeAfter {
                    guard fsync(folder.rawValue) == 0 else { throw Errno(rawValue: errno) }
                }
            } catch Errno.fileExists {
                // Another process is faster; who gets the lock is settled later.
            } catch {
                throw .unreachable(path: path.string, reason: "\(error)")
            }
        }
    }

#endif

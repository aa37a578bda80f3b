//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import GRDB
    import MQTTCodec
    import NIOCore
    import SystemPackage
    import TestSupport
    import Testing

    #if canImport(Darwin)
        import Darwin
    #elseif canImport(Musl)
        import Musl
    #else
        import Glibc
    #endif

    @testable import BrokerCore
    @testable import Persistence

    /// The file itself: who may read it, what it may be, and what happens to it.
    @Suite("Database file")
    struct DatabaseFileTests {
        let session = number(1)

        private func open(_ folder: TemporaryFolder) throws -> SQLiteBackend {
            try SQLiteBackend(StoreSettings(directory: folder.path.string), clock: TestClock().clock)
        }

        /// Why it can't be opened.
        private func refusal(_ folder: TemporaryFolder) -> StoreError? {
            do {
                let backend = try self.open(folder)
                try backend.close()
                return nil
            } catch {
                return error as? StoreError
            }
        }

        private func mode(_ path: FilePath) throws -> UInt16 {
            UInt16(try path.stat(followTargetSymlink: false).permissions.rawValue & 0o777)
        }

        @Test("Only its owner may read it")
        func permissions() throws {
            let folder = try TemporaryFolder()
            var backend = try self.open(folder)
            #expect(try self.mode(folder.file("nanomq.db")) == 0o600)
            #expect(try self.mode(folder.file("nanomq.db-wal")) == 0o600)
            // The index of the log is in memory.
            #expect(Set(folder.names) == ["nanomq.db", "nanomq.db-wal"])
            try backend.close()
            #expect(folder.names == ["nanomq.db"])
            #expect(folder.file("nanomq.db").withPlatformString { chmod($0, 0o644) } == 0)
            backend = try self.open(folder)
            #expect(try self.mode(folder.file("nanomq.db")) == 0o600)
            try backend.close()
        }

        @Test(
            "A transaction is on disk with what the system has for it",
            arguments: [(Durability.acknowledged, 2), (.periodic(interval: .seconds(1)), 2), (.none, 1)]
        )
        func synchronous(durability: Durability, level: Int) throws {
            let folder = try TemporaryFolder()
            let settings = StoreSettings(directory: folder.path.string, durability: durability)
            let backend = try SQLiteBackend(settings, clock: TestClock().clock)
            let values = try ["synchronous", "fullfsync", "checkpoint_fullfsync"].map { pragma in
                try backend.withDatabase { database, _ in try Int.fetchOne(database, sql: "PRAGMA \(pragma)") }
            }
            // Unlike the second, the third is on by default where the system's own build of SQLite says so.
            #expect(values.prefix(2) == [level, level == 2 ? 1 : 0])
            if level == 2 { #expect(values.last == 1) }
        }

        @Test("A second one is refused, until the first has closed it")
        func secondOpener() throws {
            let folder = try TemporaryFolder()
            let path = folder.file("nanomq.db").string
            let backend = try self.open(folder)
            #expect(self.refusal(folder) == .inUse(path: path))
            #expect(throws: StoreError.inUse(path: path)) { try StoreFile(directory: folder.path.string) }
            // Being refused takes nothing away from the first.
            #expect(self.refusal(folder) == .inUse(path: path))
            try backend.close()
            #expect(self.refusal(folder) == nil)
            let file = try StoreFile(directory: folder.path.string)
            #expect(self.refusal(folder) == .inUse(path: path))
            #expect(try file.check { _ in }.isEmpty)
        }

        @Test("Files that are none of a broker's are left alone")
        func strangers() throws {
            let folder = try TemporaryFolder()
            let path = folder.file("nanomq.db").string
            let noise = (0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
            try folder.write(noise, to: "nanomq.db")
            #expect(self.refusal(folder) == .notADatabase(path: path))
            #expect(try folder.bytes(of: "nanomq.db") == noise)

            #expect(folder.file("nanomq.db").withPlatformString { unlink($0) } == 0)
            var other: DatabaseQueue? = try DatabaseQueue(path: path)
            try other?.inDatabase { try $0.execute(sql: "CREATE TABLE t (x)") }
            try other?.close()
            #expect(self.refusal(folder) == .foreign(path: path))

            other = try DatabaseQueue(path: path)
            try other?.inDatabase {
                try $0.execute(sql: "PRAGMA application_id = \(Schema.applicationIdentifier); PRAGMA user_version = 99")
            }
            try other?.close()
            #expect(self.refusal(folder) == .newer(path: path, version: 99, known: Schema.version))
        }

        @Test("Only a regular file will do")
        func irregular() throws {
            let folder = try TemporaryFolder()
            let path = folder.file("nanomq.db")
            try folder.write([], to: "elsewhere")
            #expect(symlink("elsewhere", path.string) == 0)
            #expect(self.refusal(folder) == .notRegular(path: path.string))
            #expect(unlink(path.string) == 0)
            #expect(mkdir(path.string, 0o700) == 0)
            #expect(self.refusal(folder) == .notRegular(path: path.string))
            let nowhere = StoreSettings(directory: folder.path.string + "/none")
            #expect { try SQLiteBackend(nowhere, clock: TestClock().clock) } throws: {
                guard case StoreError.unreachable? = $0 as? StoreError else { return false }
                return true
            }
        }

        @Test("A folder that can't be written is told so", .enabled(if: getuid() != 0, "root may write everywhere"))
        func readOnlyFolder() throws {
            let folder = try TemporaryFolder()
            #expect(chmod(folder.path.string, 0o500) == 0)
            defer { _ = chmod(folder.path.string, 0o700) }
            guard case .unreachable? = self.refusal(folder) else { return #expect(Bool(false), "it was opened") }
        }

        @Test("A full disk: nothing of the write is there, and all of it when there is room")
        func full() throws {
            let store = try TestStore(.sqlite)
            try store.write(.session(makeSession(self.session)))
            let backend = try #require(store.backend as? SQLiteBackend)
            let pages = try #require(
                try backend.queue?.unsafeReentrantWrite { try Int.fetchOne($0, sql: "PRAGMA page_count") }
            )
            try backend.queue?.unsafeReentrantWrite {
                _ = try Int.fetchOne($0, sql: "PRAGMA max_page_count = \(pages + 4)")
            }
            let payload = String(repeating: "x", count: 3000)
            for count in 0..<50 as Range<Int64> {
                store.add(
                    makeDelivery(number(10 + count), of: makeMessage(100 + count, payload: payload), to: self.session)
                )
            }
            #expect(throws: StoreError.full(path: backend.path)) { try store.write() }
            #expect(backend.totals.messages == 0)
            #expect(try store.page(self.session).queued.isEmpty)
            // Meanwhile one is acknowledged, and another comes.
            store.add(.removed(session: self.session, delivery: number(10)))
            #expect(throws: StoreError.full(path: backend.path)) { try store.write() }
            try backend.queue?.unsafeReentrantWrite {
                _ = try Int.fetchOne($0, sql: "PRAGMA max_page_count = 1000000")
            }
            try store.write(makeDelivery(number(90), of: makeMessage(200), to: self.session))
            let page = try store.page(self.session)
            #expect(page.queuedNumbers == ((11..<60) + [90]).map { number($0) })
            #expect(backend.totals.messages == 50)
            try backend.close()
            #expect(try StoreFile(directory: store.folder.path.string).check { _ in }.isEmpty)
        }

        @Test("A log with rubbish at its end, or cut off anywhere, gives what was committed", arguments: 0..<12)
        func damagedLog(step: Int) throws {
            let store = try TestStore(.sqlite)
            try store.write(.session(makeSession(self.session)))
            for count in 0..<20 as Range<Int64> {
                try store.write(
                    makeDelivery(number(10 + 2 * count), of: makeMessage(100 + count), to: self.session),
                    makeDelivery(number(11 + 2 * count), of: makeMessage(200 + count), to: self.session)
                )
            }
            let copy = try store.folder.copy()
            var log = try copy.bytes(of: "nanomq.db-wal")
            if step == 0 {
                log += (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            } else {
                log.removeLast(log.count * step / 12 + step)
            }
            try copy.write(log, to: "nanomq.db-wal")
            do {
                let backend = try self.open(copy)
                store.backend = backend
                let numbers = try store.page(self.session).queuedNumbers
                if step == 0 { #expect(numbers.count == 40) }
                // Whole transactions, the first ones.
                #expect(numbers.count % 2 == 0)
                #expect(numbers == (0..<Int64(numbers.count)).map { number(10 + $0) })
                try backend.close()
            }
            #expect(try StoreFile(directory: copy.path.string).check { _ in }.isEmpty)
        }

        @Test("Damage in the middle is an error, and no crash")
        func damaged() throws {
            let store = try TestStore(.sqlite)
            store.add(.session(makeSession(self.session)))
            for count in 0..<500 as Range<Int64> {
                store.add(makeDelivery(number(10 + count), of: makeMessage(1000 + count), to: self.session))
            }
            try store.write()
            try store.backend.close()
            var bytes = try store.folder.bytes(of: "nanomq.db")
            for index in stride(from: 4096 * 6, to: bytes.count, by: 3) { bytes[index] = 0xA5 }
            try store.folder.write(bytes, to: "nanomq.db")
            var error: StoreError?
            do {
                let backend = try self.open(store.folder)
                store.backend = backend
                defer { try? backend.close() }
                _ = try store.page(self.session, maximumCount: 1000)
            } catch let failure as StoreError {
                error = failure
            }
            guard case .corrupt? = error else { return #expect(Bool(false), "\(String(describing: error))") }
            // Perhaps it can't even be opened.
            if let file = try? StoreFile(directory: store.folder.path.string) {
                #expect(try !file.check { _ in }.isEmpty)
            }
        }

        @Test("Rows that make no sense are an error, and no crash")
        func undecodable() throws {
            let changes = [
                "UPDATE message SET topic = 'a/#'", "UPDATE message SET properties = x'FFFF'",
                "UPDATE message SET qos = 9", "UPDATE message SET qos = -1", "UPDATE message SET payload_format = 700",
                "UPDATE delivery SET qos = 0", "UPDATE delivery SET identifiers = x'01'", "DELETE FROM message",
                "UPDATE message SET topic = ''", "UPDATE message SET publisher = CAST(x'C0' AS TEXT)",
            ]
            for change in changes {
                let store = try TestStore(.sqlite)
                try store.write(
                    .session(makeSession(self.session)),
                    makeDelivery(number(10), of: makeMessage(9), to: self.session)
                )
                let backend = try #require(store.backend as? SQLiteBackend)
                try backend.queue?.unsafeReentrantWrite { try $0.execute(sql: change) }
                #expect { try store.page(self.session) } throws: {
                    guard case StoreError.corrupt? = $0 as? StoreError else { return false }
                    return true
                }
            }
        }

        /// A session with a message, which is also retained.
        private func makeStore() throws -> TestStore {
            let store = try TestStore(.sqlite)
            let retained = RetainedStore(settings: BrokerSettings())
            let message = makeMessage(9, isRetained: true)
            #expect(retained.store(message) == .stored)
            try store.write(
                .session(makeSession(self.session)),
                .received(session: self.session, packetIdentifier: 1),
                makeDelivery(number(10), of: message, to: self.session),
                makeDelivery(number(11), of: makeMessage(8), to: self.session),
                .retained(RetainedChange(topic: message.topic, store: retained))
            )
            return store
        }

        @Test(
            "Integers that can't be are an error at start",
            arguments: [
                "UPDATE meta SET value = # WHERE key = 'bytes'", "UPDATE meta SET value = # WHERE key = 'messages'",
                "UPDATE meta SET value = # WHERE key = 'last_number'", "UPDATE delivery SET bytes = #",
                "UPDATE received SET packet_identifier = #", "UPDATE session SET number = #",
            ]
        )
        func integers(change: String) throws {
            for value in ["-9223372036854775808", "-1", "9223372036854775807"] {
                let store = try self.makeStore()
                let backend = try #require(store.backend as? SQLiteBackend)
                let text = change.split(separator: "#", omittingEmptySubsequences: false).joined(separator: value)
                try backend.queue?.unsafeReentrantWrite {
                    try $0.execute(sql: text)
                    // What a session refers to goes with it.
                    for table in ["delivery", "received"] where change.contains("session SET number") {
                        try $0.execute(sql: "UPDATE \(table) SET session = \(value)")
                    }
                }
                #expect {
                    try store.reopen()
                    _ = try store.sessions()
                } throws: {
                    guard case StoreError.corrupt? = $0 as? StoreError else { return false }
                    return true
                }
            }
        }

        @Test("Sizes that can't be do not keep a broker from removing what has them")
        func sizes() throws {
            for value in [Int64.min, -1, .max] {
                let store = try self.makeStore()
                let backend = try #require(store.backend as? SQLiteBackend)
                try backend.queue?.unsafeReentrantWrite {
                    try $0.execute(sql: "UPDATE delivery SET bytes = \(value); UPDATE retained SET bytes = \(value)")
                }
                try store.write(.removed(session: self.session, delivery: number(11)))
                let retained = RetainedStore(settings: BrokerSettings())
                #expect(retained.store(makeMessage(12, payload: "")) == .unchanged)
                try store.write(.retained(RetainedChange(topic: "a/b", store: retained)))
                try store.write(.sessionEnded(self.session))
                _ = try store.sweepAll()
                #expect(backend.totals.messages == 0)
                #expect(backend.totals.bytes >= 0)
                try backend.close()
                let statistics = try StoreFile(directory: store.folder.path.string).statistics()
                #expect(statistics.messages == 0)
            }
        }
    }

#endif

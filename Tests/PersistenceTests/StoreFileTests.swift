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

    @testable import BrokerCore
    @testable import Persistence

    /// What can be done with the file of a broker that does not run.
    @Suite("Store file")
    struct StoreFileTests {
        /// A file with a bit of everything, closed.
        private func makeStore() throws -> TestStore {
            let store = try TestStore(.sqlite)
            let retained = RetainedStore(settings: BrokerSettings())
            let message = makeMessage(5, topic: "r\"1\n", payload: "hello", isRetained: true)
            _ = retained.store(message)
            try store.write(
                .session(makeSession(number(1), client: "one", disconnectedAt: store.clock.now)),
                .session(makeSession(number(2), client: "two")),
                .subscribed(
                    session: number(1),
                    SubscriptionRecord(filter: "r/#", options: SubscriptionOptions(qos: .exactlyOnce), identifier: 3)
                ),
                .received(session: number(1), packetIdentifier: 77),
                makeDelivery(number(10), of: message, to: number(1)),
                makeDelivery(number(11), of: makeMessage(6, payload: ""), to: number(1)),
                makeDelivery(number(12), of: message, to: number(2)),
                .retained(RetainedChange(topic: message.topic, store: retained))
            )
            return store
        }

        private func change(_ store: TestStore, _ sql: String) throws {
            let backend = try #require(store.backend as? SQLiteBackend)
            try backend.queue?.unsafeReentrantWrite { try $0.execute(sql: sql) }
        }

        private func file(_ store: TestStore) throws -> StoreFile {
            try store.backend.close()
            return try StoreFile(directory: store.folder.path.string)
        }

        @Test("A sound file has no faults")
        func sound() throws {
            var progress: [Double] = []
            #expect(try self.file(self.makeStore()).check { progress.append($0) } == [])
            #expect(progress.last == 1)
            #expect(progress == progress.sorted())
        }

        @Test(
            "Faults are found",
            arguments: [
                ("UPDATE message SET refs = 7 WHERE refs = 3", "references"),
                ("INSERT INTO delivery VALUES (900, 1, 5, 1, 1, 0, NULL, NULL, 0, 0)", "which there is not"),
                ("DELETE FROM message WHERE refs = 1", "is missing"),
                ("UPDATE message SET qos = 5", "can't be read"),
                ("UPDATE delivery SET qos = 5", "can't be read"),
                ("UPDATE session SET version = 77", "can't be read"),
                ("UPDATE subscription SET filter = 'a#'", "can't be read"),
                ("UPDATE meta SET value = 1 WHERE key = 'last_number'", "noted as the last"),
                (
                    "UPDATE delivery SET number = 1 << 50 WHERE number = (SELECT max(number) FROM delivery)",
                    "noted as the last"
                ),
                ("UPDATE meta SET value = 9 WHERE key = 'messages'", "are noted"),
                ("UPDATE meta SET value = -1 WHERE key = 'bytes'", "can't be read"),
                ("UPDATE delivery SET bytes = 5 WHERE number = (SELECT max(number) FROM delivery)", "notes 5 bytes"),
                ("UPDATE retained SET bytes = 9223372036854775807", "is noted with"),
                ("UPDATE retained SET topic = 'other'", "a topic that is not its own"),
                ("UPDATE received SET packet_identifier = 65536", "can't be read"),
                ("UPDATE received SET packet_identifier = 0", "can't be read"),
            ]
        )
        func faults(change: String, words: String) throws {
            let store = try self.makeStore()
            try self.change(store, change)
            let faults = try self.file(store).check { _ in }
            #expect(faults.contains { $0.contains(words) }, "\(faults)")
        }

        @Test("How far checking and compacting are moves during their longest statements too")
        func progress() throws {
            let store = try self.makeStore()
            for count in 0..<3000 as Range<Int64> {
                store.add(makeDelivery(number(1000 + count), of: makeMessage(5000 + count), to: number(1)))
            }
            try store.write()
            var progress: [Double] = []
            let file = try self.file(store)
            #expect(try file.check { progress.append($0) } == [])
            #expect(progress == progress.sorted() && progress.last == 1)
            #expect(progress.contains { 0 < $0 && $0 < 0.4 })
            progress = []
            try file.compact { progress.append($0) }
            #expect(progress == progress.sorted() && progress.last == 1)
            #expect(progress.contains { 0.4 < $0 && $0 < 0.9 })
        }

        @Test("What is in it is counted")
        func statistics() throws {
            let statistics = try self.file(self.makeStore()).statistics()
            #expect(statistics.schemaVersion == 1)
            #expect(statistics.sessions == 2)
            #expect(statistics.subscriptions == 1)
            #expect(statistics.messages == 2)
            #expect(statistics.deliveries == 3)
            #expect(statistics.retained == 1)
            #expect(statistics.bytes == 9 + 3)
            #expect(statistics.oldestMessage == 1_700_000_000_000)
            #expect(statistics.lastWritten == 1_700_000_000_000)
            #expect(statistics.fileBytes >= 4096)
            #expect(
                statistics.biggestSessions == [
                    StoreStatistics.Session(client: "one", messages: 2, bytes: 12),
                    StoreStatistics.Session(client: "two", messages: 1, bytes: 9),
                ]
            )
        }

        @Test("Everything is told, an object a line")
        func export() throws {
            let file = try self.file(self.makeStore())
            var lines: [String] = []
            try file.export(progress: { _ in }, { lines.append($0) })
            #expect(lines.count == 5)
            let first = number(1).value
            #expect(
                lines.first == """
                    {"type": "session", "number": \(first), "client": "one", "user_name": "user", "version": 5, \
                    "peer": "192.0.2.1:4711", "listener": "ssl:outer", "expiry": 4294967295, \
                    "disconnected_at": 1700000000000, "has_ended": false, "will": null, \
                    "subscriptions": [{"filter": "r/#", "qos": 2, \
                    "no_local": false, "retain_as_published": false, "retain_handling": 0, "identifier": 3}], \
                    "received": [77]}
                    """
            )
            let deliveries = [(number(1), number(10)), (number(2), number(12))].map {
                """
                {"session": \($0.value), "number": \($1.value), "qos": 1, "packet_identifier": 0, "confirmed": false, \
                "share": null}
                """
            }
            #expect(
                lines[2] == """
                    {"type": "message", "number": \(number(5).value), "topic": "r\\"1\\u000a", "qos": 1, "retain": true, \
                    "expires_at": null, "publisher": "publisher", "properties": "", "payload": "aGVsbG8=", \
                    "deliveries": [\(deliveries.joined(separator: ", "))]}
                    """
            )
            #expect(
                lines.last == "{\"type\": \"retained\", \"topic\": \"r\\\"1\\u000a\", \"message\": \(number(5).value)}"
            )
            struct Stop: Error {}
            #expect(throws: Stop.self) { try file.export(progress: { _ in }, { _ in throw Stop() }) }
        }

        @Test("Compacting drops what nobody needs, and gives the room back")
        func compact() throws {
            let store = try self.makeStore()
            let payload = String(repeating: "x", count: 1000)
            store.add(.session(makeSession(number(3))), .session(makeSession(number(4), expiryInterval: 1)))
            for count in 0..<1000 as Range<Int64> {
                store.add(
                    makeDelivery(number(1000 + count), of: makeMessage(5000 + count, payload: payload), to: number(3))
                )
                store.add(
                    makeDelivery(number(3000 + count), of: makeMessage(6000 + count, payload: payload), to: number(4))
                )
                // The test's time is long ago.
                let old = makeMessage(7000 + count, payload: payload, expiresAt: store.clock.now.adding(seconds: 5))
                store.add(makeDelivery(number(8000 + count), of: old, to: number(1)))
            }
            try store.write()
            try store.write(.sessionEnded(number(3)))
            let file = try self.file(store)
            let before = try file.statistics()
            #expect(before.messages == 3002)
            var progress: [Double] = []
            try file.compact { progress.append($0) }
            #expect(progress == progress.sorted() && progress.last == 1)
            let after = try file.statistics()
            #expect(after.messages == 2)
            #expect(after.sessions == 2)
            #expect(after.ended == 0)
            #expect(after.freeBytes == 0)
            #expect(after.fileBytes < before.fileBytes / 4)
            #expect(after.lastWritten == before.lastWritten)
            #expect(try file.check { _ in } == [])
        }
    }

#endif

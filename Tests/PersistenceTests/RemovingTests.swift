//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import BrokerCore
    import GRDB
    import TestSupport
    import Testing

    @testable import Persistence

    /// Deliveries and messages are removed in runs; what is left has to be what is left when they go one by one.
    @Suite("Removing in runs")
    struct RemovingTests {
        /// A stretch of a thousand deliveries to three sessions, from which some are removed.
        @Test(
            "Whatever is removed, the rest stays",
            arguments: [
                // All, none, every other, blocks, a few far apart, one.
                { _ in true }, { _ in false }, { $0 % 2 == 0 }, { $0 / 50 % 2 == 0 }, { $0 % 97 == 0 }, { $0 == 500 },
            ] as [@Sendable (Int64) -> Bool]
        )
        func patterns(isRemoved: @Sendable (Int64) -> Bool) throws {
            try self.compare(removing: (0..<3000).filter(isRemoved))
        }

        @Test("In any order, and more than there are", arguments: 1...20 as ClosedRange<UInt64>)
        func random(seed: UInt64) throws {
            var generator = SeededGenerator(seed: seed)
            let count = Int64.random(in: 1...3000, using: &generator)
            let from = Int64.random(in: -100...2900, using: &generator)
            try self.compare(
                removing: (from..<from + count).filter { _ in generator.next() % 4 != 0 }.shuffled(using: &generator)
            )
        }

        @Test("The same twice, and of sessions that there are not")
        func unknown() throws {
            try self.compare(removing: [5, 5, 6, 6, 6])
            let store = try TestStore(.sqlite)
            try store.write(
                .session(makeSession(number(1))),
                makeDelivery(number(3), of: makeMessage(2), to: number(1))
            )
            var references = References()
            let backend = try #require(store.backend as? SQLiteBackend)
            try backend.inTransaction { statements, _ in
                try SQLiteBackend.remove(
                    [DeliveryKey(number(9), number(3)), DeliveryKey(number(1), number(4))],
                    statements,
                    &references
                )
            }
            #expect(try store.page(number(1)).queuedNumbers == [number(3)])
        }

        @Test("A table whose order is damaged does not hold it up", .timeLimit(.minutes(1)))
        func damaged() throws {
            let queue = try DatabaseQueue()
            try queue.inDatabase { database in
                try database.execute(sql: "CREATE TABLE t (number INTEGER PRIMARY KEY)")
                for number in 1...100 { try database.execute(sql: "INSERT INTO t VALUES (\(number))") }
                // A search that ends far in front of what it looks for, as it does in a tree with a wrong branch.
                let select = try database.makeStatement(
                    sql: "SELECT number FROM t WHERE ?1 IS NOT NULL AND number <= ?2 ORDER BY number"
                )
                var found: [Int] = []
                let runs = try RowRuns(of: [3, 500, 600], select, parameter: 1) { place in
                    found.append(place)
                    return true
                }
                #expect(found == [0])
                #expect(runs.runs == [3...3])
            }
        }

        /// Delivery `n` is one of session `n % 3`, and of a message that up to three deliveries share, of any sessions.
        private func compare(removing places: [Int64]) throws {
            let stores = try BackendKind.allCases.map { try TestStore($0) }
            let sessions = (1...3 as ClosedRange<Int64>).map { number($0) }
            let messages = (0..<1500 as Range<Int64>).map { makeMessage(100 + $0, payload: "\($0)") }
            for store in stores {
                for session in sessions { store.add(.session(makeSession(session))) }
                for place in 0..<3000 {
                    let message = messages[place % 5 == 0 ? place / 10 : place / 2]
                    store.add(makeDelivery(number(10_000 + Int64(place)), of: message, to: sessions[place % 3]))
                }
                try store.write()
                for place in places {
                    let session = sessions[Int(((place % 3) + 3) % 3)]
                    store.add(.removed(session: session, delivery: number(10_000 + place)))
                }
                try store.write()
            }
            let (one, other) = (stores[0], stores[1])
            #expect(one.backend.totals == other.backend.totals)
            for session in sessions {
                let left = try one.page(session, maximumCount: 3000)
                let right = try other.page(session, maximumCount: 3000)
                #expect(left.queuedNumbers == right.queuedNumbers)
                #expect(left.queued.map(\.message.number) == right.queued.map(\.message.number))
            }
            let removed = Set(places).intersection(0..<3000)
            let left = try sessions.map { try other.page($0, maximumCount: 3000).queued.count }.reduce(0, +)
            #expect(left == 3000 - removed.count)
        }
    }

#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import MQTTCodec
    import NIOCore
    import SystemPackage
    import TestSupport
    import Testing

    #if canImport(Darwin)
        import Darwin
    #else
        import Glibc
    #endif

    @testable import BrokerCore
    @testable import Persistence

    /// How fast the store is. To be run by hand, in a release build:
    ///
    ///     STORE_BENCHMARK=<folder> swift test -c release -Xswiftc -enable-testing --filter StoreBenchmark
    @Suite("StoreBenchmark", .enabled(if: getenv("STORE_BENCHMARK") != nil), .serialized)
    struct StoreBenchmark {
        static let time = StoreClock(
            monotonic: {
                var time = timespec()
                clock_gettime(CLOCK_MONOTONIC, &time)
                return MonotonicTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
            },
            wall: {
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
            }
        )

        private func measure(_ what: String, _ count: Int, _ body: () throws -> Void) rethrows {
            let cpu = clock()
            let start = ContinuousClock.now
            try body()
            let wall = start.duration(to: .now) / .seconds(1)
            let busy = Double(clock() - cpu) / Double(CLOCKS_PER_SEC)
            print("\(what): \(count) in \(wall) s, CPU \(busy) s: \(Int(Double(count) / busy)) a second of CPU")
        }

        private func write(_ changes: inout StoreChanges, to backend: SQLiteBackend) throws {
            changes.prepare()
            try backend.write(changes)
            changes.didWrite()
        }

        @Test("Insert and remove", arguments: [1000, 5000])
        func messages(batch: Int64) throws {
            let folder = try TemporaryFolder()
            let backend = try SQLiteBackend(StoreSettings(directory: folder.path.string), clock: Self.time)
            var changes = StoreChanges()
            let sessions: Int64 = 100
            for session in 1...sessions { changes.add(.session(makeSession(number(session)))) }
            try self.write(&changes, to: backend)
            let total: Int64 = 500_000
            let messages = (0..<total).map { makeMessage(1000 + 2 * $0, payload: String(repeating: "x", count: 64)) }
            try self.measure("batches of \(batch), stored", Int(total)) {
                for start in stride(from: 0, to: total, by: Int(batch)) {
                    for index in start..<min(start + batch, total) {
                        let session = number(1 + index % sessions)
                        changes.add(makeDelivery(number(1001 + 2 * index), of: messages[Int(index)], to: session))
                    }
                    try self.write(&changes, to: backend)
                }
            }
            try self.measure("batches of \(batch), removed", Int(total)) {
                for start in stride(from: 0, to: total, by: Int(batch)) {
                    for index in start..<min(start + batch, total) {
                        let session = number(1 + index % sessions)
                        changes.add(.removed(session: session, delivery: number(1001 + 2 * index)))
                    }
                    try self.write(&changes, to: backend)
                }
            }
            self.measure("gathered only, and cancelled", Int(2 * total)) {
                for index in 0..<total {
                    let session = number(1 + index % sessions)
                    changes.add(makeDelivery(number(1001 + 2 * index), of: messages[Int(index)], to: session))
                    changes.add(.removed(session: session, delivery: number(1001 + 2 * index)))
                }
            }
            #expect(backend.totals.messages == 0)
            try backend.close()
        }

        @Test("Load")
        func load() throws {
            let folder = try TemporaryFolder()
            var backend = try SQLiteBackend(StoreSettings(directory: folder.path.string), clock: Self.time)
            var changes = StoreChanges()
            let subscription = SubscriptionRecord(
                filter: "sensors/+/temperature",
                options: SubscriptionOptions(qos: .atLeastOnce),
                identifier: 0
            )
            for session in 1...100_000 as ClosedRange<Int64> {
                changes.add(.session(makeSession(number(session), disconnectedAt: Self.time.now.past)))
                changes.add(.subscribed(session: number(session), subscription))
                for index in 0..<10 as Range<Int64> {
                    let message = 1_000_000 + session / 10 * 10 + index
                    changes.add(
                        makeDelivery(
                            number(3_000_000 + session * 10 + index),
                            of: makeMessage(message),
                            to: number(session)
                        )
                    )
                }
                if session % 1000 == 0 { try self.write(&changes, to: backend) }
            }
            try self.write(&changes, to: backend)
            try backend.close()
            try self.measure("sessions loaded, of a million deliveries", 100_000) {
                backend = try SQLiteBackend(StoreSettings(directory: folder.path.string), clock: Self.time)
                var sessions = 0
                var messages = 0
                try backend.loadSessions {
                    sessions += $0.count
                    messages += $0.reduce(0) { $0 + $1.messageCount }
                }
                #expect(sessions == 100_000)
                #expect(messages == 1_000_000)
            }
            try backend.close()
        }

        @Test("Page")
        func page() throws {
            let store = try TestStore(.sqlite)
            store.add(.session(makeSession(number(1))))
            for index in 0..<100_000 as Range<Int64> {
                store.add(makeDelivery(number(1001 + 2 * index), of: makeMessage(1000 + 2 * index), to: number(1)))
            }
            try store.write()
            try self.measure("backlog read", 100_000) {
                var after = StoreNumber.none
                while true {
                    let page = try store.page(number(1), after: after, maximumCount: 500)
                    guard let last = page.queued.last else { break }
                    after = last.delivery
                }
            }
        }
    }

    extension StoreClock.Reading {
        fileprivate var past: MonotonicTime { MonotonicTime(milliseconds: self.monotonic) }
    }
#endif

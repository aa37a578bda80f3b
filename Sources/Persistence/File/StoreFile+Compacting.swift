//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    internal import BrokerCore
    import GRDB

    #if canImport(Darwin)
        import Darwin
    #elseif canImport(Musl)
        import Musl
    #else
        import Glibc
    #endif

    extension StoreFile {
        func clearAndShrink(progress: (Double) -> Void) throws(StoreError) {
            progress(0)
            let wall = Self.wallClock
            let clock = StoreClock(monotonic: { MonotonicTime(milliseconds: wall()) }, wall: wall)
            let backend = try SQLiteBackend(self.queue, path: self.path, clock: clock, isBroker: false)
            // Both drop what has expired, and that is all that is wanted of them.
            try backend.loadSessions { _ in }
            try backend.loadRetained { _ in }
            progress(0.1)
            try backend.removeExpired()
            progress(0.2)
            while try backend.sweep() {}
            progress(0.4)
            backend.statements = nil
            do {
                try self.queue.unsafeReentrantWrite { database in
                    try database.telling(progress, from: 0.4, to: 0.9) { try database.execute(sql: "VACUUM") }
                    progress(0.9)
                    _ = try database.checkpoint(.truncate)
                }
            } catch {
                throw StoreError(error, path: self.path)
            }
            progress(1)
        }

        private static let wallClock: @Sendable () -> Int64 = {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        }
    }

    extension SQLiteBackend {
        /// Removes deliveries that have not been sent, of messages that have expired.
        func removeExpired() throws(StoreError) {
            let now = self.clock.now
            var session = Int64.min
            var number = Int64.min
            while true {
                var found: [DeliveryKey] = []
                try self.withDatabase { database, _ in
                    let select = try database.makeStatement(
                        sql: """
                            SELECT delivery.session, delivery.number FROM delivery
                            JOIN message ON message.number = delivery.message
                            WHERE (delivery.session, delivery.number) > (?, ?) AND message.expires_at <= ?
                            AND delivery.packet_identifier = 0
                            ORDER BY delivery.session, delivery.number LIMIT \(Self.slice)
                            """
                    )
                    defer { select.rewind() }
                    select.set(1, session)
                    select.set(2, number)
                    select.set(3, now.wall)
                    while try select.step() {
                        found.append(DeliveryKey(session: select.int64(0), delivery: select.int64(1)))
                    }
                }
                guard let last = found.last else { return }
                (session, number) = (last.session, last.delivery)
                try self.inTransaction { statements, totals in
                    var references = References()
                    try Self.remove(found, statements, &references)
                    try references.write(statements, &totals, at: now)
                }
            }
        }
    }

#endif

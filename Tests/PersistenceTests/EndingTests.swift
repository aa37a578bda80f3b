//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import SystemPackage
import TestSupport
import Testing

@testable import BrokerCore
@testable import Persistence

/// Sessions that end, and time that passes.
@Suite("Ends and expiry")
struct EndingTests {
    let session = number(1)

    @Test("What a session leaves goes in slices", arguments: BackendKind.allCases)
    func slices(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let other = number(2)
        let shared = makeMessage(3)
        store.add(.session(makeSession(self.session)), .session(makeSession(other)))
        for count in 0..<12_000 as Range<Int64> {
            let message = count == 0 ? shared : makeMessage(100_000 + count)
            store.add(makeDelivery(number(10 + count), of: message, to: self.session))
        }
        store.add(makeDelivery(number(50_000), of: shared, to: other))
        try store.write()
        #expect(store.backend.totals.messages == 12_000)
        try store.write(.sessionEnded(self.session))
        #expect(store.backend.totals.sessions == 1)
        // Not at once, and what is left is remembered.
        #expect(store.backend.totals.messages == 12_000)
        #expect(try store.backend.sweep())
        #expect(store.backend.totals.messages < 12_000)
        #expect(store.backend.totals.messages > 1)
        try store.reopen()
        #expect(try store.sessions().map(\.record.number) == [other])
        #expect(try store.sweepAll() >= 2)
        #expect(store.backend.totals == StoreTotals(sessions: 1, messages: 1, bytes: shared.byteCount))
        #expect(try store.page(other).queuedNumbers == [number(50_000)])
        #expect(try store.page(self.session).queued.isEmpty)
    }

    @Test("Many sessions without messages end", arguments: BackendKind.allCases)
    func manySessions(kind: BackendKind) throws {
        let store = try TestStore(kind)
        for count in 1...12_000 as ClosedRange<Int64> { store.add(.session(makeSession(number(count)))) }
        try store.write()
        for count in 1...12_000 as ClosedRange<Int64> { store.add(.sessionEnded(number(count))) }
        try store.write()
        #expect(store.backend.totals.sessions == 0)
        _ = try store.sweepAll()
        try store.reopen()
        #expect(try !store.backend.sweep())
    }

    @Test("A later session of a client takes the place of the earlier one", arguments: BackendKind.allCases)
    func sameClient(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let later = number(5)
        try store.write(
            .session(makeSession(self.session, client: "c")),
            makeDelivery(number(3), of: makeMessage(2), to: self.session)
        )
        // The shard of the earlier one has not said yet that it has ended.
        try store.write(.session(makeSession(later, client: "c")))
        #expect(store.backend.totals.sessions == 1)
        try store.write(.sessionEnded(self.session))
        _ = try store.sweepAll()
        #expect(try store.sessions().map(\.record.number) == [later])
        #expect(store.backend.totals == StoreTotals(sessions: 1))
    }

    @Test("Of a session that is displaced in the same write nothing is written", arguments: BackendKind.allCases)
    func displaced(kind: BackendKind) throws {
        let (earlier, later) = (self.session, number(5))
        // The displaced one may be heard of before the other, or after it.
        for (first, second) in [(earlier, later), (later, earlier)] {
            let store = try TestStore(kind)
            try store.write(.session(makeSession(first, client: "c")))
            try store.write(
                .session(makeSession(second, client: "c")),
                makeDelivery(number(13), of: makeMessage(12), to: earlier),
                .subscribed(
                    session: earlier,
                    SubscriptionRecord(filter: "f", options: SubscriptionOptions(qos: .atLeastOnce), identifier: 0)
                ),
                .received(session: earlier, packetIdentifier: 9),
                makeDelivery(number(15), of: makeMessage(14), to: later)
            )
            #expect(store.backend.totals.messages == 1)
            #expect(store.backend.totals.sessions == 1)
            #if SQLite
                if let backend = store.backend as? SQLiteBackend {
                    try backend.close()
                    #expect(try StoreFile(directory: store.folder.path.string).check { _ in } == [])
                    try store.reopen()
                }
            #endif
            _ = try store.sweepAll()
            #expect(store.backend.totals.messages == 1)
            #expect(try store.page(later).queuedNumbers == [number(15)])
        }
    }

    @Test("A client's old and new session in one write", arguments: BackendKind.allCases)
    func replaced(kind: BackendKind) throws {
        let store = try TestStore(kind)
        try store.write(.session(makeSession(self.session, client: "c")))
        try store.write(.sessionEnded(self.session), .session(makeSession(number(5), client: "c")))
        try store.reopen()
        #expect(try store.sessions().map(\.record.number) == [number(5)])
    }

    @Test("What a session leaves to others does not stand in its client's way", arguments: BackendKind.allCases)
    func estate(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let next = number(5)
        // The new session may be in the same write, the next one, or behind a restart; and its number may be lower.
        for (first, second) in [(self.session, next), (next, self.session)] {
            for writes in 0..<3 {
                try store.write(
                    .session(makeSession(first, client: "c")),
                    makeDelivery(number(11), of: makeMessage(10), to: first, group: "$share/g/t")
                )
                store.add(.session(makeSession(first, client: "c", disconnectedAt: store.clock.now, hasEnded: true)))
                if writes > 0 { try store.write() }
                if writes > 1 {
                    try store.reopen()
                    #expect(try store.sessions().map(\.record.hasEnded) == [true])
                }
                try store.write(.session(makeSession(second, client: "c")))
                try store.reopen()
                let found = try store.sessions().map(\.record)
                #expect(found.map(\.number) == [first, second].sorted())
                #expect(found.first { $0.hasEnded }?.number == first && found.count(where: \.hasEnded) == 1)
                #expect(try store.page(first).queued.map(\.group) == ["$share/g/t"])
                try store.write(.removed(session: first, delivery: number(11)), .sessionEnded(first))
                #expect(try store.sessions().map(\.record.number) == [second])
                try store.write(.sessionEnded(second))
                _ = try store.sweepAll()
                #expect(store.backend.totals == StoreTotals())
            }
        }
    }

    @Test(
        "An expired session with messages of shared groups is given back, until they have gone",
        arguments: BackendKind.allCases
    )
    func expiredWithShares(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let (own, next) = (number(2), number(3))
        try store.write(
            .session(makeSession(self.session, client: "c", expiryInterval: 100, disconnectedAt: store.clock.now)),
            .session(makeSession(own, expiryInterval: 100, disconnectedAt: store.clock.now)),
            makeDelivery(number(11), of: makeMessage(10), to: self.session, group: "$share/g/t"),
            makeDelivery(number(13), of: makeMessage(12), to: self.session),
            makeDelivery(number(15), of: makeMessage(14), to: own)
        )
        store.clock.advance(seconds: 200)
        for _ in 0..<2 {
            try store.reopen()
            let found = try store.sessions().map(\.record)
            #expect(found.map(\.number) == [self.session] && found.map(\.hasEnded) == [true])
        }
        // Its client is back, which changes nothing.
        try store.write(.session(makeSession(next, client: "c")))
        #expect(try store.page(self.session).queuedNumbers == [number(11), number(13)])
        try store.write(.removed(session: self.session, delivery: number(11)), .sessionEnded(self.session))
        _ = try store.sweepAll()
        #expect(try store.sessions().map(\.record.number) == [next])
        #expect(store.backend.totals == StoreTotals(sessions: 1))
    }

    @Test("Sessions expire while there is no broker", arguments: BackendKind.allCases)
    func expiry(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let will = DelayedWill(
            will: Will(topic: "w", payload: ByteBuffer()),
            dueAt: store.clock.now.adding(seconds: 60)
        )
        try store.write(
            .session(makeSession(number(1), expiryInterval: 100, disconnectedAt: store.clock.now)),
            .session(makeSession(number(2), expiryInterval: 300, disconnectedAt: store.clock.now)),
            .session(makeSession(number(3), expiryInterval: .max, disconnectedAt: store.clock.now)),
            .session(makeSession(number(4), expiryInterval: 0)),
            .session(makeSession(number(5), expiryInterval: 100, disconnectedAt: store.clock.now, will: will)),
            makeDelivery(number(9), of: makeMessage(8), to: number(1))
        )
        store.restartMachine(after: 200)
        try store.reopen()
        let sessions = try store.sessions()
        #expect(sessions.map(\.record.number) == [number(2), number(3), number(5)])
        // 200 s ago, which is before the machine's own time began.
        #expect(sessions.first?.record.disconnectedAt?.milliseconds == store.clock.now.milliseconds - 200_000)
        #expect(sessions.last?.record.will?.dueAt.milliseconds == store.clock.now.milliseconds - 140_000)
        #expect(store.backend.totals.sessions == 3)
        _ = try store.sweepAll()
        #expect(store.backend.totals.messages == 0)
    }

    @Test("A broker that dies disconnects its clients when it last wrote", arguments: BackendKind.allCases)
    func crash(kind: BackendKind) throws {
        let store = try TestStore(kind)
        try store.write(.session(makeSession(self.session, expiryInterval: 100)))
        store.clock.advance(seconds: 1000)
        try store.write(.session(makeSession(number(2), expiryInterval: 50)))
        try store.reopen(afterCrash: true)
        store.clock.advance(seconds: 60)
        let sessions = try store.sessions()
        #expect(sessions.map(\.record.number) == [self.session])
        #expect(sessions.first?.record.disconnectedAt?.milliseconds == store.clock.now.milliseconds - 60_000)
    }

    #if SQLite
        @Test("A broker that dies may have lived two minutes longer than it last wrote")
        func silence() throws {
            let store = try TestStore(.sqlite)
            try store.write(
                .session(makeSession(self.session, expiryInterval: 100)),
                .session(makeSession(number(2), expiryInterval: 20))
            )
            store.clock.advance(seconds: 150)
            try store.reopen(afterCrash: true)
            let sessions = try store.sessions()
            #expect(sessions.map(\.record.number) == [self.session])
            #expect(sessions.first?.record.disconnectedAt?.milliseconds == store.clock.now.milliseconds - 30_000)
        }

        @Test("One that dies and is opened at once disconnects nobody in the future")
        func quickRestart() throws {
            let store = try TestStore(.sqlite)
            try store.write(.session(makeSession(self.session, expiryInterval: 100)))
            store.clock.advance(seconds: 10)
            try store.reopen(afterCrash: true)
            #expect(try store.sessions().first?.record.disconnectedAt == store.clock.now)
            store.clock.advance(seconds: 100)
            #expect(try store.sessions().isEmpty)
        }

        @Test("Sessions of a broker that died go on expiring over several starts, whatever those write")
        func severalStarts() throws {
            let store = try TestStore(.sqlite)
            let retained = RetainedStore(settings: BrokerSettings())
            try store.write(.session(makeSession(self.session, expiryInterval: 300)))
            for count in 2...4 as ClosedRange<Int64> {
                // Of which each start removes one that has expired, and so writes.
                let expiry = store.clock.now.adding(seconds: 10)
                let message = makeMessage(count, topic: "t\(count)", expiresAt: expiry)
                #expect(retained.store(message) == .stored)
                try store.write(.retained(RetainedChange(topic: message.topic, store: retained)))
                store.clock.advance(seconds: 150)
                try store.reopen(afterCrash: true)
                #expect(try store.retained().isEmpty)
                // 120 s after it wrote for the last time before the first start.
                let isLeft = 150 * (count - 1) - 120 < 300
                #expect(try store.sessions().isEmpty == !isLeft)
            }
        }
    #endif

    @Test("A calendar that was set back moves nothing into the future", arguments: BackendKind.allCases)
    func clockSetBack(kind: BackendKind) throws {
        let store = try TestStore(kind)
        try store.write(.session(makeSession(self.session, expiryInterval: 100, disconnectedAt: store.clock.now)))
        store.clock.setWall(0)
        try store.reopen()
        let found = try #require(try store.sessions().first)
        #expect(try #require(found.record.disconnectedAt) <= store.clock.now)
    }

    #if SQLite
        @Test("A machine that does not know the time when it starts ends nothing too early")
        func clockNotSet() throws {
            let store = try TestStore(.sqlite)
            let right = store.clock.clock.now.wall
            try store.write(
                .session(makeSession(number(1), expiryInterval: 100)),
                .session(makeSession(number(2), expiryInterval: 100, disconnectedAt: store.clock.now))
            )
            // The power fails; it starts in 1970, and a time server tells it the time when messages wait already.
            store.clock.restart(after: 0)
            store.clock.setWall(1000)
            try store.reopen(afterCrash: true)
            #expect(try store.sessions().count == 2)
            let expiry = store.clock.now.adding(seconds: 3600)
            try store.write(makeDelivery(number(9), of: makeMessage(8, expiresAt: expiry), to: number(1)))
            store.clock.setWall(right + 50_000)
            #expect(try store.page(number(1)).queued.map(\.message.expiresAt) == [expiry])
            try store.reopen(afterCrash: true)
            #expect(try store.sessions().count == 2)
            #expect(try store.page(number(1)).queued.count == 1)
            // From then on it goes by the clock.
            store.clock.advance(seconds: 60)
            try store.reopen(afterCrash: true)
            #expect(try store.sessions().isEmpty)
        }

        @Test("What passes while the clock is wrong has passed", arguments: [1000, 1_650_000_000_000] as [Int64])
        func clockWrongForLong(wrong: Int64) throws {
            let store = try TestStore(.sqlite)
            let right = store.clock.clock.now.wall
            try store.write(.session(makeSession(number(1), expiryInterval: 3600)))
            // It starts in 1970, or with an old date, and nobody tells it the time. Its client is there for ten hours.
            store.clock.restart(after: 0)
            store.clock.setWall(wrong)
            try store.reopen(afterCrash: true)
            #expect(try store.sessions().count == 1)
            try store.write(.session(makeSession(number(1), expiryInterval: 3600)))
            store.clock.advance(seconds: 36_000)
            try store.write(.session(makeSession(number(2), expiryInterval: 3600)))
            // The power fails for half an hour, and this time it knows the time.
            store.clock.restart(after: 0)
            store.clock.setWall(right + (36_000 + 1800) * 1000)
            try store.reopen(afterCrash: true)
            #expect(try store.sessions().count == 2)
            store.clock.advance(seconds: 3600)
            try store.reopen(afterCrash: true)
            #expect(try store.sessions().isEmpty)
        }

        @Test("A database that was made before the time was known goes on from there")
        func madeInThePast() throws {
            let store = try TestStore(.sqlite)
            // A new one, made in 1970.
            store.folder = try TemporaryFolder()
            store.clock.setWall(5000)
            try store.reopen(afterCrash: true)
            try store.write(
                .session(makeSession(number(1), expiryInterval: 100, disconnectedAt: store.clock.now)),
                makeDelivery(
                    number(9),
                    of: makeMessage(8, expiresAt: store.clock.now.adding(seconds: 50)),
                    to: number(1)
                )
            )
            store.clock.setWall(1_700_000_000_000)
            try store.reopen(afterCrash: true)
            #expect(try store.sessions().count == 1)
            // What was written since tells the difference.
            try store.write(.session(makeSession(number(2), expiryInterval: .max, disconnectedAt: store.clock.now)))
            let expiresAt = try #require(try store.page(number(1)).queued.first?.message.expiresAt)
            #expect(expiresAt > store.clock.now)
            store.clock.advance(seconds: 200)
            try store.reopen(afterCrash: true)
            #expect(try store.sessions().map(\.record.number) == [number(2)])
        }

        @Test("Setting the clock while a broker runs shortens nothing", arguments: [-1, 1])
        func clockSet(direction: Int64) throws {
            let store = try TestStore(.sqlite)
            let expiry = store.clock.now.adding(seconds: 100)
            try store.write(
                .session(makeSession(number(1), expiryInterval: 1000, disconnectedAt: store.clock.now)),
                makeDelivery(number(9), of: makeMessage(8, expiresAt: expiry), to: number(1))
            )
            store.clock.setWall(store.clock.clock.now.wall + direction * 86_400_000)
            #expect(try store.page(number(1)).queued.first?.message.expiresAt == expiry)
            try store.write(makeDelivery(number(10), of: makeMessage(7, expiresAt: expiry), to: number(1)))
            store.clock.advance(seconds: 60)
            try store.reopen(afterCrash: true)
            _ = try store.sessions()
            // If it was set back, the minute between the two brokers can't be told from none.
            let expected = direction > 0 ? expiry : expiry.adding(seconds: 60)
            #expect(try store.page(number(1)).queued.map(\.message.expiresAt) == [expected, expected])
        }
    #endif

    @Test("Times at the ends of the range")
    func extremes() {
        let reading = StoreClock(
            monotonic: { MonotonicTime(milliseconds: .min) },
            wall: { .max }
        ).now
        #expect(reading.wall(of: MonotonicTime(milliseconds: .max)) == .max)
        #expect(reading.time(of: .min).milliseconds == .min)
        #expect(reading.hasExpired(since: .min, interval: 5))
        #expect(!reading.hasExpired(since: .min, interval: .max))
        #expect(!StoreClock.Reading(monotonic: 0, wall: .min).hasExpired(since: .max, interval: .max - 1))
    }

    @Test("Retained messages expire while there is no broker", arguments: BackendKind.allCases)
    func retainedExpiry(kind: BackendKind) throws {
        let store = try TestStore(kind)
        let retained = RetainedStore(settings: BrokerSettings())
        let short = makeMessage(1, topic: "short", expiresAt: store.clock.now.adding(seconds: 10))
        let long = makeMessage(2, topic: "long", expiresAt: store.clock.now.adding(seconds: 100))
        for message in [short, long] {
            #expect(retained.store(message) == .stored)
            store.add(.retained(RetainedChange(topic: message.topic, store: retained)))
        }
        try store.write()
        store.restartMachine(after: 50)
        try store.reopen()
        let found = try store.retained()
        #expect(found.map(\.topic) == ["long"])
        #expect(found.first?.expiresAt?.milliseconds == store.clock.now.milliseconds + 50_000)
        #expect(store.backend.totals.messages == 1)
    }
}

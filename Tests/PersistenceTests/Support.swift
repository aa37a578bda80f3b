//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import BrokerCore
@testable import Persistence

/// Times that a test sets.
final class TestClock: Sendable {
    private let times = Mutex((monotonic: Int64(5_000), wall: Int64(1_700_000_000_000)))

    var clock: StoreClock {
        StoreClock(
            monotonic: { MonotonicTime(milliseconds: self.times.withLock { $0.monotonic }) },
            wall: { self.times.withLock { $0.wall } }
        )
    }

    var now: MonotonicTime { MonotonicTime(milliseconds: self.times.withLock { $0.monotonic }) }

    /// Time goes on, for both.
    func advance(seconds: Int64) {
        self.times.withLock {
            $0.monotonic += seconds * 1000
            $0.wall += seconds * 1000
        }
    }

    /// The machine starts anew: its own time begins again, the calendar goes on.
    func restart(after seconds: Int64) {
        self.times.withLock {
            $0.monotonic = 100
            $0.wall += seconds * 1000
        }
    }

    func setWall(_ wall: Int64) { self.times.withLock { $0.wall = wall } }
}

/// What the suites run with.
enum BackendKind: CaseIterable, Sendable {
    case memory
    #if SQLite
        case sqlite
    #endif
}

/// A backend with its changes, used as the writer does, and one that can be opened anew.
final class TestStore {
    let kind: BackendKind
    let clock = TestClock()
    var folder: TemporaryFolder
    var changes = StoreChanges()
    var backend: any StoreBackend

    init(_ kind: BackendKind) throws {
        self.kind = kind
        self.folder = try TemporaryFolder()
        self.backend = MemoryBackend(clock: self.clock.clock)
        #if SQLite
            if kind == .sqlite { self.backend = try SQLiteBackend(self.settings, clock: self.clock.clock) }
        #endif
    }

    var settings: StoreSettings { StoreSettings(directory: self.folder.path.string) }

    /// Gathers operations.
    func add(_ operations: StoreOperation...) {
        for operation in operations { self.changes.add(operation) }
    }

    /// Gathers operations and writes what has been gathered.
    func write(_ operations: StoreOperation...) throws {
        for operation in operations { self.changes.add(operation) }
        self.changes.prepare()
        try self.backend.write(self.changes)
        self.changes.didWrite()
    }

    /// As after a restart of the broker, in order unless it has crashed.
    func reopen(afterCrash: Bool = false) throws {
        if !afterCrash, self.kind != .memory { try self.backend.close() }
        #if SQLite
            if self.kind == .sqlite {
                // A copy taken now is what a process that is killed leaves.
                if afterCrash { self.folder = try self.folder.copy() }
                self.backend = try SQLiteBackend(self.settings, clock: self.clock.clock)
            }
        #endif
        self.changes = StoreChanges()
    }

    /// The machine starts anew, so much later. What is in memory does not see that.
    func restartMachine(after seconds: Int64) {
        if self.kind == .memory {
            self.clock.advance(seconds: seconds)
        } else {
            self.clock.restart(after: seconds)
        }
    }

    func sessions() throws -> [RestoredSession] {
        var found: [RestoredSession] = []
        try self.backend.loadSessions { found += $0 }
        for session in found { self.changes.noteStored(session.record.number) }
        return found
    }

    func retained() throws -> [Message] {
        var found: [Message] = []
        try self.backend.loadRetained { found += $0 }
        return found
    }

    func page(
        _ session: StoreNumber,
        after: StoreNumber = .none,
        known: [Int64] = [.max],
        maximumCount: Int = 100,
        maximumBytes: Int = 1 << 20,
        includesInflight: Bool = true
    ) throws -> BacklogPage {
        try self.backend.page(
            BacklogRequest(
                reader: .session(SessionAddress(shard: 0, slot: 0, generation: 0)),
                session: session,
                after: after,
                known: known,
                maximumCount: maximumCount,
                maximumBytes: maximumBytes,
                includesInflight: includesInflight
            )
        )
    }

    /// Until nothing is left of sessions that have ended.
    func sweepAll() throws -> Int {
        var slices = 1
        while try self.backend.sweep() { slices += 1 }
        return slices
    }
}

// MARK: Making things

func number(_ count: Int64, shard: UInt16 = 0) -> StoreNumber { StoreNumber(count: count, shard: shard) }

func makeMessage(
    _ count: Int64,
    topic: String = "a/b",
    payload: String = "hello",
    properties: Properties = [],
    isRetained: Bool = false,
    expiresAt: MonotonicTime? = nil
) -> Message {
    var encoded = ByteBuffer()
    try? properties.encodeWithoutLength(into: &encoded)
    return Message(
        topic: ByteBuffer(string: topic).readableBytesSpan,
        propertyBytes: encoded.readableBytesSpan,
        payload: ByteBuffer(string: payload).readableBytesSpan,
        qos: .atLeastOnce,
        isRetained: isRetained,
        expiresAt: expiresAt,
        payloadFormatIndicator: properties.payloadFormatIndicator,
        publisher: "publisher",
        number: number(count)
    )
}

func makeSession(
    _ number: StoreNumber,
    client: String? = nil,
    expiryInterval: UInt32 = .max,
    disconnectedAt: MonotonicTime? = nil,
    will: DelayedWill? = nil,
    hasEnded: Bool = false
) -> SessionRecord {
    SessionRecord(
        number: number,
        client: ClientInfo(
            restoring: client ?? "client-\(number.value)",
            userName: "user",
            peer: PeerAddress(host: "192.0.2.1", port: 4711),
            origin: ConnectionOrigin(
                transport: .tls,
                listener: "outer",
                port: 8883,
                certificate: CertificateIdentity(commonName: "sensor", subject: "CN=sensor"),
                userName: "proven"
            ),
            version: .v5,
            isBridge: true,
            isCleanStart: false,
            keepAlive: 60
        ),
        expiryInterval: expiryInterval,
        disconnectedAt: disconnectedAt,
        will: will,
        hasEnded: hasEnded
    )
}

func makeDelivery(
    _ delivery: StoreNumber,
    of message: Message,
    to session: StoreNumber,
    qos: QoS = .atLeastOnce,
    identifiers: [UInt32] = [],
    group: String? = nil
) -> StoreOperation {
    .queued(
        DeliveryRecord(
            message: message,
            messageNumber: message.number,
            session: session,
            delivery: delivery,
            qos: qos,
            isRetained: false,
            identifiers: identifiers,
            group: group
        )
    )
}

extension BacklogPage {
    var queuedNumbers: [StoreNumber] { self.queued.map(\.delivery) }
    var inflightNumbers: [StoreNumber] { self.inflight.map(\.delivery) }
}

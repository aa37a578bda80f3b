//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoMQ
import ServiceControl
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Answers for a running broker.
final class BrokerControl: ControlHandler {
    /// Where it is in its life.
    enum Phase: String {
        case starting, running, stopping
    }

    let reloader: Reloader
    private let broker: Broker
    private let started = ContinuousClock.now
    private let phase = Mutex(Phase.starting)

    init(broker: Broker, reloader: Reloader) {
        self.broker = broker
        self.reloader = reloader
    }

    /// There is no way back.
    func enter(_ phase: Phase) {
        self.phase.withLock { if $0 != .stopping { $0 = phase } }
    }

    /// Whether this status is that of a broker on its way to the end.
    static func isStopping(_ status: ControlMessage) -> Bool { status["state"] == Phase.stopping.rawValue }

    func reload(configuration: String?) async -> ControlMessage {
        guard self.phase.withLock({ $0 }) == .running else {
            return .failure("the broker is not running yet, or not any more")
        }
        return await self.reloader.reload(configuration)
    }

    func status() async -> ControlMessage {
        let uptime = (ContinuousClock.now - self.started).components.seconds
        let phase = self.phase.withLock { $0 }
        var reply = ControlMessage(
            ControlMessage.ok,
            [.init("pid", "\(getpid())"), .init("state", phase.rawValue), .init("uptime", "\(uptime) s")]
        )
        reply.fields += self.broker.listenerNames.map { .init("listener", $0) }
        if let store = self.broker.storeMetrics { reply.fields.append(.init("store", Self.describe(store))) }
        return reply
    }

    private static func describe(_ store: StoreMetrics) -> String {
        let (seconds, attoseconds) = (store.totalCommit / max(1, store.commits)).components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        return "\(store.totals.sessions) sessions, \(store.totals.messages) messages of \(store.totals.bytes) bytes, "
            + "\(store.commits) commits of \(microseconds) µs on average, \(store.failures) failures"
    }

    func arguments() async -> ControlMessage {
        let arguments = await self.reloader.options.arguments
        return ControlMessage(ControlMessage.ok, arguments.map { .init("argument", $0) })
    }
}

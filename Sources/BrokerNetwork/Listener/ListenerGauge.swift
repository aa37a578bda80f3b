//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import Synchronization

/// What one listener has counted.
public struct ListenerMetrics: Sendable, Equatable {
    /// Connections accepted, those that were closed at once because of a limit not included.
    public var accepted = 0
    /// Open connections, those in their handshake included.
    public var open = 0
    /// Connections in their handshake.
    public var handshakes = 0
    /// Connections closed at once because of a limit.
    public var refused = 0
    /// Connections that ended before their handshake was done.
    public var failed = 0

    /// All zero.
    public init() {}
}

/// Counts one listener's connections and holds them to its limits. Used from all event loops.
package final class ListenerGauge: Sendable {
    private static let lastNumber = Atomic<UInt64>(0)

    /// Tells its listener from all others of this process: names and ports do not, once a listener has moved.
    let listenerNumber = ListenerGauge.lastNumber.add(1, ordering: .relaxed).newValue
    private let accepted = Atomic<Int>(0)
    private let open = Atomic<Int>(0)
    private let handshakes = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let failed = Atomic<Int>(0)
    private let closed = Atomic<Bool>(false)
    private let rate = Mutex(Second())
    /// For what strangers can bring about at any rate: at most one line a second.
    private let lastLine = Mutex<Int64>(.min)
    /// For what is wrong with the machine: at most one line in ten seconds, which no stranger can hide.
    private let lastFailure = Mutex<Int64>(.min)

    private struct Second {
        var number: Int64 = .min
        var count = 0
    }

    /// Whether the listener accepts nobody any more; what it has accepted just before is closed.
    var isClosed: Bool { self.closed.load(ordering: .relaxed) }

    func close() { self.closed.store(true, ordering: .relaxed) }

    /// Whether one more connection may be let in; if so, it counts until ``release()``.
    func admit(_ settings: ListenerSettings, at now: MonotonicTime) -> Bool {
        guard !self.isClosed, self.isWithinRate(settings, at: now), self.isWithinCount(settings) else {
            self.refused.add(1, ordering: .relaxed)
            return false
        }
        self.accepted.add(1, ordering: .relaxed)
        return true
    }

    private func isWithinRate(_ settings: ListenerSettings, at now: MonotonicTime) -> Bool {
        guard let maximum = settings.maximumConnectRate else { return true }
        return self.rate.withLock { second in
            let number = now.milliseconds / 1000
            if second.number != number { second = Second(number: number) }
            second.count += 1
            return second.count <= maximum
        }
    }

    private func isWithinCount(_ settings: ListenerSettings) -> Bool {
        let count = self.open.add(1, ordering: .relaxed).newValue
        guard let maximum = settings.maximumConnections, count > maximum else { return true }
        self.open.subtract(1, ordering: .relaxed)
        return false
    }

    /// A connection that was let in has closed.
    func release() { self.open.subtract(1, ordering: .relaxed) }

    /// Whether one more connection may begin its handshake; if so, it counts until ``endHandshake(isDone:)``.
    func beginHandshake(_ settings: ListenerSettings) -> Bool {
        guard self.handshakes.add(1, ordering: .relaxed).newValue > settings.maximumHandshakes else { return true }
        self.handshakes.subtract(1, ordering: .relaxed)
        self.accepted.subtract(1, ordering: .relaxed)
        self.refused.add(1, ordering: .relaxed)
        return false
    }

    func endHandshake(isDone: Bool) {
        self.handshakes.subtract(1, ordering: .relaxed)
        if !isDone { self.failed.add(1, ordering: .relaxed) }
    }

    /// Whether a line about a stranger may be written now.
    func mayLog(at now: MonotonicTime) -> Bool { Self.take(self.lastLine, at: now, interval: 1000) }

    /// Whether a line about the machine may be written now.
    func mayLogFailure(at now: MonotonicTime) -> Bool { Self.take(self.lastFailure, at: now, interval: 10_000) }

    private static func take(_ last: borrowing Mutex<Int64>, at now: MonotonicTime, interval: Int64) -> Bool {
        last.withLock { last in
            guard last == .min || now.milliseconds - last >= interval else { return false }
            last = now.milliseconds
            return true
        }
    }

    package var metrics: ListenerMetrics {
        var metrics = ListenerMetrics()
        metrics.accepted = self.accepted.load(ordering: .relaxed)
        metrics.open = self.open.load(ordering: .relaxed)
        metrics.handshakes = self.handshakes.load(ordering: .relaxed)
        metrics.refused = self.refused.load(ordering: .relaxed)
        metrics.failed = self.failed.load(ordering: .relaxed)
        return metrics
    }
}

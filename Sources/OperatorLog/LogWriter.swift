//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Dispatch
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Takes messages out of the queue and writes them. Lives on a thread of its own.
final class LogWriter {
    /// How long messages gather between two rounds: a write and a waking for many, when there are many.
    private static let gathering = DispatchTimeInterval.milliseconds(2)
    /// How soon a target that takes nothing is tried again while others have messages to take.
    private static let briefly = DispatchTimeInterval.milliseconds(10)
    /// How soon it is looked whether there is anything to do but wait for a target, in milliseconds.
    private static let retry: CInt = 50

    private let queue: LogQueue
    private let clock: LogClock
    private var settings: LogSettings
    private var targets: [any LogTarget]
    private var limiter: LineLimiter
    private var renderer: LineRenderer
    private var delivery = LogQueue.Delivery()
    /// The first record of the delivery that has not been written.
    private var next = 0
    private var stops: [(deadline: DispatchTime, done: DispatchSemaphore)] = []

    init(queue: LogQueue, settings: LogSettings, targets: OpenedTargets, clock: LogClock) {
        self.queue = queue
        self.clock = clock
        self.settings = settings
        self.targets = targets.makeTargets(clock: clock)
        self.limiter = LineLimiter(settings.rateLimit)
        self.renderer = LineRenderer(format: settings.format)
    }

    /// Writes until it is told to stop.
    func run() {
        while true {
            let hasWork = self.turn()
            if let deadline = self.stops.map(\.deadline).min() {
                if self.isIdle && self.queue.isEmpty || DispatchTime.now() >= deadline { return self.end() }
            }
            if self.targets.contains(where: { $0.waiting != nil }) {
                if self.targets.allSatisfy({ $0.waiting != nil }) {
                    self.waitForTargets()
                } else {
                    self.queue.sleep(until: .now() + Self.briefly)
                }
            } else if hasWork {
                self.queue.nap(until: .now() + Self.gathering)
            } else {
                self.queue.sleep(until: self.nextSummary)
            }
        }
    }

    /// - Returns: whether there was anything to do.
    private func turn() -> Bool {
        if self.delivery.records.isEmpty {
            self.queue.take(&self.delivery)
        } else {
            // It goes no further with these messages: changes do not wait for them.
            self.delivery.orders += self.queue.takeOrders()
            self.obey(all: true)
        }
        if !self.isBlocked { self.summarise(self.limiter.summaries(before: self.clock.monotonic())) }
        let hasWork = !self.delivery.records.isEmpty || !self.delivery.orders.isEmpty || self.delivery.dropped > 0
        while self.next < self.delivery.records.count, !self.isBlocked {
            self.obey(all: false)
            self.write(self.delivery.records[self.next])
            self.next += 1
        }
        if self.next == self.delivery.records.count { self.finishDelivery() }
        self.flush()
        if self.isIdle { self.queue.tellFlushed() }
        return hasWork
    }

    private func finishDelivery() {
        self.obey(all: true)
        if self.delivery.dropped > 0 {
            self.tell(.warn, "\(self.delivery.dropped) messages dropped: the log could not keep up")
            self.delivery.dropped = 0
        }
        let count = self.delivery.records.count
        guard count > 0 else { return }
        self.delivery.records.removeAll(keepingCapacity: self.delivery.records.capacity <= 1024)
        self.next = 0
        self.queue.finish(count)
    }

    /// All that was taken has left the process.
    private var isIdle: Bool { self.delivery.records.isEmpty && self.targets.allSatisfy { $0.waiting == nil } }

    /// No target takes any more.
    private var isBlocked: Bool { !self.targets.isEmpty && self.targets.allSatisfy(\.isFull) }

    private func waitForTargets() {
        var entries = self.targets.compactMap(\.waiting).map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
        poll(&entries, nfds_t(entries.count), Self.retry)
    }

    private var nextSummary: DispatchTime {
        guard let deadline = self.limiter.deadline else { return .distantFuture }
        let milliseconds = max(0, min(deadline - self.clock.monotonic(), 3_600_000))
        return .now() + .milliseconds(Int(milliseconds))
    }

    // MARK: Lines

    private func write(_ record: LogRecord) {
        guard !self.limiter.isFlood(record) else { return }
        let line = LogLine(record)
        if self.limiter.admits(line, at: self.clock.monotonic()) { self.write(line) }
    }

    private func write(_ line: LogLine) {
        self.renderer.begin()
        for target in self.targets { target.add(line, self.renderer) }
    }

    /// The log's own word.
    private func line(_ level: LogSettings.Level, _ message: String, _ fields: [LogLine.Field] = []) -> LogLine {
        LogLine(
            time: self.clock.wall(),
            level: level,
            label: OperatorLog.rootLabel,
            message: message,
            fields: fields
        )
    }

    private func tell(_ level: LogSettings.Level, _ message: String) {
        self.write(self.line(level, message))
    }

    private func summarise(_ summaries: [LineLimiter.Summary]) {
        for summary in summaries {
            self.write(
                LogLine(
                    time: self.clock.wall(),
                    level: summary.level,
                    label: summary.label,
                    message: summary.message,
                    fields: summary.fields
                )
            )
        }
    }

    private func flush() {
        for target in self.targets { target.flush() }
        for target in self.targets {
            self.tellOthersOfLosses(of: target)
            self.tellOfLosses(of: target)
        }
    }

    private func tellOthersOfLosses(of target: any LogTarget) {
        let others = self.targets.filter { $0 !== target }
        guard !others.isEmpty, let loss = target.losses.tellOthers(at: self.clock.monotonic()) else { return }
        let line = self.line(
            .error,
            "the log cannot be written",
            [
                LogLine.Field("target", target.name), LogLine.Field("cause", "\(loss.cause)"),
                LogLine.Field("lost", "\(loss.lines)"),
            ]
        )
        self.renderer.begin()
        for other in others {
            other.add(line, self.renderer)
            other.flush()
        }
    }

    /// A target that works again tells what is missing in it.
    private func tellOfLosses(of target: any LogTarget) {
        guard target.waiting == nil, let loss = target.losses.tellItself() else { return }
        self.renderer.begin()
        target.add(
            self.line(.error, "\(loss.lines) lines are missing here", [LogLine.Field("cause", "\(loss.cause)")]),
            self.renderer
        )
        target.flush()
    }

    // MARK: Commands

    /// - Parameter all: or else only those that were given before the next record.
    private func obey(all: Bool) {
        while let first = self.delivery.orders.first, all || first.position <= self.next {
            self.delivery.orders.removeFirst()
            switch first.command {
            case .apply(let settings, let targets): self.apply(settings, targets)
            case .reopen: for target in self.targets { target.reopen() }
            case .stop(let deadline, let done): self.stops.append((deadline, done))
            }
        }
    }

    private func apply(_ settings: LogSettings, _ targets: OpenedTargets) {
        if settings.rateLimit != self.settings.rateLimit {
            self.summarise(self.limiter.allSummaries())
            self.limiter = LineLimiter(settings.rateLimit)
        }
        self.flush()
        let lost = self.targets.map { ($0.name, $0.close()) }.filter { $0.1 > 0 }
        self.settings = settings
        self.targets = targets.makeTargets(clock: self.clock)
        self.renderer = LineRenderer(format: settings.format)
        for (name, lines) in lost {
            let fields = [LogLine.Field("target", name), LogLine.Field("lost", "\(lines)")]
            self.write(self.line(.error, "the log's former target did not take all lines", fields))
        }
    }

    private func end() {
        self.summarise(self.limiter.allSummaries())
        self.flush()
        if self.isIdle { self.queue.tellFlushed() }
        for target in self.targets { _ = target.close() }
        for command in self.delivery.orders.map(\.command)
            + self.queue.close(losing: self.delivery.records.count - self.next)
        {
            switch command {
            case .apply(_, let targets): targets.close()
            case .reopen: break
            case .stop(let deadline, let done): self.stops.append((deadline, done))
            }
        }
        for stop in self.stops { stop.done.signal() }
    }
}

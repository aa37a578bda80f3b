//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Dispatch
import Synchronization

/// Messages between the threads that log and the one that writes.
///
/// Bounded in lines and bytes. Putting one in takes a lock for some instructions; it wakes the writer only when that
/// sleeps, never waits for it, and drops the message when there is no room.
final class LogQueue: Sendable {
    /// What the writer is to do beside writing.
    enum Command: Sendable {
        case apply(LogSettings, OpenedTargets)
        case reopen
        /// Ends the writer, at the latest at this time of the monotonic clock of the system.
        case stop(DispatchTime, done: DispatchSemaphore)
    }

    /// A command, and how many of the records of its delivery were there before it.
    struct Order: Sendable {
        let command: Command
        let position: Int
    }

    /// What the writer finds when it asks.
    struct Delivery {
        var records: [LogRecord] = []
        var orders: [Order] = []
        /// Messages that were dropped after these.
        var dropped = 0
    }

    private enum Wait {
        /// The writer works.
        case none
        /// It gathers messages for a moment; only what is urgent wakes it.
        case nap
        /// Anything wakes it.
        case sleep
    }

    private struct Flush: Sendable {
        let accepted: UInt64
        let done: DispatchSemaphore
    }

    private struct State {
        var records: [LogRecord] = []
        var orders: [Order] = []
        var bytes = 0
        /// What the writer has taken and not yet written.
        var takenLines = 0
        var takenBytes = 0
        var dropped = 0
        var droppedInAll = 0
        /// Counts of messages: taken in, done with by the writer, out of the process.
        var accepted: UInt64 = 0
        var finished: UInt64 = 0
        var written: UInt64 = 0
        var flushes: [Flush] = []
        var wait = Wait.none
        /// The end has been asked for: what is there is written, and no more is taken.
        var isEnding = false
        var isClosed = false
    }

    /// A share of the lines above the capacity is for level error and fatal, which a flood of others must not push
    /// out.
    private static let reserve = 256

    private let capacity: LogCapacity
    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)

    init(capacity: LogCapacity) {
        self.capacity = capacity
    }

    /// Messages dropped since the start.
    var droppedCount: Int { self.state.withLock { $0.droppedInAll } }

    // MARK: For those who log

    /// Never waits for the writer.
    func add(_ record: LogRecord) {
        let size = record.size
        let isSerious = record.level == .error || record.level == .fatal
        let lines = isSerious ? self.capacity.lines + Self.reserve : self.capacity.lines
        let bytes = isSerious ? self.capacity.bytes + 1024 * Self.reserve : self.capacity.bytes
        let mustWake = self.state.withLock { state in
            guard !state.isEnding, state.records.count + state.takenLines < lines,
                state.bytes + state.takenBytes + size <= bytes
            else {
                state.dropped += 1
                state.droppedInAll += 1
                return false
            }
            state.records.append(record)
            state.bytes += size
            state.accepted += 1
            return Self.wakes(&state, isUrgent: isSerious)
        }
        if mustWake { self.wakeUp.signal() }
    }

    /// - Returns: whether the writer will see it.
    func add(_ command: Command) -> Bool {
        let (isOpen, mustWake) = self.state.withLock { state in
            if case .stop = command {
                guard !state.isClosed else { return (false, false) }
                state.isEnding = true
            } else {
                guard !state.isEnding else { return (false, false) }
            }
            state.orders.append(Order(command: command, position: state.records.count))
            return (true, Self.wakes(&state, isUrgent: true))
        }
        if mustWake { self.wakeUp.signal() }
        return isOpen
    }

    /// Waits until what has been accepted is written.
    func flush(until deadline: DispatchTime) -> Bool {
        let done = DispatchSemaphore(value: 0)
        let (accepted, isWritten, isClosed, mustWake) = self.state.withLock { state in
            guard state.written < state.accepted, !state.isClosed else {
                return (state.accepted, state.written == state.accepted, state.isClosed, false)
            }
            state.flushes.append(Flush(accepted: state.accepted, done: done))
            return (state.accepted, false, false, Self.wakes(&state, isUrgent: true))
        }
        if isWritten || isClosed { return isWritten }
        if mustWake { self.wakeUp.signal() }
        let isInTime = done.wait(timeout: deadline) == .success
        return self.state.withLock { state in
            state.flushes.removeAll { $0.done === done }
            return isInTime && state.written >= accepted
        }
    }

    private static func wakes(_ state: inout State, isUrgent: Bool) -> Bool {
        guard state.wait == .sleep || state.wait == .nap && isUrgent else { return false }
        state.wait = .none
        return true
    }

    // MARK: For the writer

    /// Takes everything that is there. The delivery must be empty; its memory is used again.
    func take(_ delivery: inout Delivery) {
        self.state.withLock { state in
            swap(&state.records, &delivery.records)
            swap(&state.orders, &delivery.orders)
            delivery.dropped = state.dropped
            state.dropped = 0
            state.takenLines = delivery.records.count
            state.takenBytes = state.bytes
            state.bytes = 0
        }
    }

    /// There is nothing to take.
    var isEmpty: Bool { self.state.withLock { $0.records.isEmpty && $0.orders.isEmpty } }

    /// Only the commands: the writer has messages that it cannot write yet.
    func takeOrders() -> [Order] {
        self.state.withLock { state in
            defer { state.orders.removeAll() }
            return state.orders
        }
    }

    /// The messages that were taken are done with.
    func finish(_ count: Int) {
        self.state.withLock { state in
            state.takenLines = 0
            state.takenBytes = 0
            state.finished += UInt64(count)
        }
    }

    /// All that is done with has left the process.
    func tellFlushed() {
        let done = self.state.withLock { state -> [Flush] in
            state.written = state.finished
            guard !state.flushes.isEmpty else { return [] }
            let done = state.flushes.filter { $0.accepted <= state.written }
            state.flushes.removeAll { $0.accepted <= state.written }
            return done
        }
        for flush in done { flush.done.signal() }
    }

    /// Waits for messages; returns at once if there are any.
    func sleep(until deadline: DispatchTime) { self.wait(.sleep, until: deadline) }

    /// Waits some time in which messages gather, unless one is urgent or somebody waits.
    func nap(until deadline: DispatchTime) { self.wait(.nap, until: deadline) }

    private func wait(_ wait: Wait, until deadline: DispatchTime) {
        let mustWait = self.state.withLock { state in
            guard state.orders.isEmpty, state.flushes.isEmpty, wait == .nap || state.records.isEmpty else {
                return false
            }
            state.wait = wait
            return true
        }
        guard mustWait, self.wakeUp.wait(timeout: deadline) == .timedOut else { return }
        let isSignalled = self.state.withLock { state in
            defer { state.wait = .none }
            return state.wait == .none
        }
        // Somebody has decided to wake us and is about to signal: the signal must not be left for the next wait.
        if isSignalled { self.wakeUp.wait() }
    }

    /// The writer ends. Who waits for messages to be written need not wait longer.
    ///
    /// - Parameter lost: messages that were taken and not written.
    /// - Returns: what was left to do.
    func close(losing lost: Int) -> [Command] {
        let (orders, flushes) = self.state.withLock { state in
            state.isClosed = true
            state.droppedInAll += state.records.count + lost
            state.records = []
            defer {
                state.orders = []
                state.flushes = []
            }
            return (state.orders, state.flushes)
        }
        for flush in flushes { flush.done.signal() }
        return orders.map(\.command)
    }
}

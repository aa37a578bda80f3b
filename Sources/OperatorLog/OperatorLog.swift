//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Dispatch
import Logging
import Synchronization

/// The operator's log: what loggers of swift-log say, on a console, in a file and in the system's log.
///
/// One thread writes. Whoever logs only puts the message into a bounded queue: a disk or a terminal that does not take
/// it costs messages, which are counted and told of, and never time. The thread does not survive `fork`: a program
/// that becomes a daemon makes its log afterwards.
package final class OperatorLog: Sendable {
    /// The logger that needs no name in the lines.
    static let rootLabel = "nanomq"

    private let queue: LogQueue
    private let clock: LogClock
    private let threshold: Atomic<Int>

    /// Opens the targets and starts to write.
    ///
    /// - Throws: ``LogError`` when a setting cannot work or the file cannot be opened. A system's log that is not
    ///   there is no error: it is looked for again.
    package convenience init(_ settings: LogSettings, capacity: LogCapacity = LogCapacity()) throws(LogError) {
        try self.init(settings, capacity: capacity, clock: .system)
    }

    init(_ settings: LogSettings, capacity: LogCapacity, clock: LogClock) throws(LogError) {
        try settings.check()
        let queue = LogQueue(capacity: capacity)
        self.queue = queue
        self.clock = clock
        self.threshold = Atomic(Self.index(settings.level.threshold))
        let targets = try OpenedTargets(settings)
        do {
            try WriterThread.start {
                LogWriter(queue: queue, settings: settings, targets: targets, clock: clock).run()
            }
        } catch {
            targets.close()
            throw error
        }
    }

    deinit {
        let done = DispatchSemaphore(value: 0)
        _ = self.queue.add(.stop(.now() + .seconds(1), done: done))
    }

    /// What `LoggingSystem.bootstrap` or `Logger` wants.
    package func handler(label: String, provider: Logger.MetadataProvider? = nil) -> any LogHandler {
        OperatorLogHandler(log: self, label: label, metadataProvider: provider)
    }

    /// Messages that were dropped since the start because the log could not keep up. Lines that were summed on
    /// purpose, or that a target has refused, are not among them.
    package var droppedCount: Int { self.queue.droppedCount }

    // MARK: Changes

    /// Changes level, form, targets and limits; what was logged before is written to the targets of then.
    ///
    /// Opens files: not for an event loop.
    ///
    /// - Throws: ``LogError`` when the settings cannot work, or the file cannot be opened; then nothing changes.
    package func update(_ settings: LogSettings) throws(LogError) {
        try settings.check()
        let targets = try OpenedTargets(settings)
        guard self.queue.add(.apply(settings, targets)) else {
            targets.close()
            throw .isShutDown
        }
        self.threshold.store(Self.index(settings.level.threshold), ordering: .relaxed)
    }

    /// Opens the file and the system's log anew: another program has put the file aside. For SIGUSR1.
    package func reopen() {
        _ = self.queue.add(.reopen)
    }

    /// Waits until all that has been accepted is written.
    ///
    /// Blocks: not for an event loop.
    ///
    /// - Returns: false if the time is over before.
    @discardableResult
    package func flush(timeout: Duration = .seconds(1)) -> Bool {
        self.queue.flush(until: .after(timeout))
    }

    /// Writes what has been accepted, closes the targets and ends the thread. What is logged afterwards is dropped.
    ///
    /// Blocks: not for an event loop.
    ///
    /// - Returns: false if the time is over before; the rest is lost.
    @discardableResult
    package func shutdown(timeout: Duration = .seconds(2)) -> Bool {
        let done = DispatchSemaphore(value: 0)
        let deadline = DispatchTime.after(timeout)
        let isOpen = self.queue.add(.stop(deadline, done: done))
        // The writer gives up at the deadline, and tells so a moment later.
        guard isOpen else { return self.queue.flush(until: deadline) }
        return done.wait(timeout: deadline + .milliseconds(100)) == .success && self.queue.flush(until: .now())
    }

    // MARK: For handlers

    /// The least serious level that is let through. Read for each message, from any thread.
    var level: Logger.Level {
        // In order of how often they are set.
        switch self.threshold.load(ordering: .relaxed) {
        case 2: .info
        case 3: .notice
        case 1: .debug
        case 0: .trace
        case 4: .warning
        case 5: .error
        default: .critical
        }
    }

    private static func index(_ level: Logger.Level) -> Int {
        switch level {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice: 3
        case .warning: 4
        case .error: 5
        case .critical: 6
        }
    }

    func add(_ event: LogEvent, label: String, metadata: Logger.Metadata, provided: Logger.Metadata?) {
        self.queue.add(
            LogRecord(
                time: self.clock.wall(),
                level: LogSettings.Level(event.level),
                label: label,
                message: event.message.description,
                metadata: (metadata, provided, event.metadata),
                error: event.error
            )
        )
    }
}

extension DispatchTime {
    /// The time after a duration from now; never, if it is very long.
    static func after(_ duration: Duration) -> DispatchTime {
        let (seconds, attoseconds) = duration.components
        guard seconds < 1_000_000 else { return .distantFuture }
        return .now() + .nanoseconds(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000))
    }
}

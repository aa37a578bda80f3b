//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Decides which lines are written when the same thing happens over and over.
///
/// Two rules: equal lines beyond the first few in a window are summed, and so are lines with the same message beyond so
/// many a second, whatever else they say: a client that comes back under ever new names does not fill the disk. What is
/// remembered is bounded; when there is no room for a new equal line it is written, and a new message shares its count
/// with all others for which there was none.
struct LineLimiter {
    /// What a summary of equal lines repeats.
    private struct Equal {
        let level: LogSettings.Level
        let label: String
        let message: String
        let fields: [LogLine.Field]
    }

    /// What a summary of lines with the same message repeats.
    private struct Kind {
        let level: LogSettings.Level
        let label: String
        let message: String
    }

    /// What is to be written beside, or instead.
    struct Summary: Equatable {
        let level: LogSettings.Level
        let label: String
        let message: String
        var fields: [LogLine.Field] = []
    }

    static let maximumEqual = 2048
    static let maximumKinds = 512

    private let settings: LogSettings.RateLimit?
    private var equal: WindowTable<Equal>
    private var kinds = WindowTable<Kind>(length: 1000, capacity: Self.maximumKinds)

    init(_ settings: LogSettings.RateLimit?) {
        self.settings = settings
        let window = settings?.window ?? .zero
        self.equal = WindowTable(length: window.milliseconds, capacity: Self.maximumEqual)
    }

    /// Whether a record can be passed over without a look at its metadata: its message has been written too often in
    /// this second.
    mutating func isFlood(_ record: LogRecord) -> Bool {
        guard let limit = self.settings?.linesPerSecond, Self.isFloodable(record.level)
        else { return false }
        let key = self.kindKey(record.level, record.label, record.message)
        guard let passed = self.kinds.passed(key), passed >= limit else { return false }
        self.kinds.holdBack(key)
        return true
    }

    /// Whether a line is to be written. Counts it.
    mutating func admits(_ line: LogLine, at now: Int64) -> Bool {
        guard let settings, Self.isLimited(line.level) else { return true }
        let key = Self.equalKey(line)
        if let passed = self.equal.passed(key) {
            guard passed < settings.equalLines else {
                self.equal.holdBack(key)
                return false
            }
            self.equal.pass(key)
        } else if !self.equal.isFull {
            let sample = Equal(level: line.level, label: line.label, message: line.message, fields: line.fields)
            self.equal.begin(key, sample, at: now)
        }
        if settings.linesPerSecond != nil, Self.isFloodable(line.level) {
            let key = self.kindKey(line.level, line.label, line.message)
            if self.kinds.passed(key) != nil {
                self.kinds.pass(key)
            } else if key == Self.otherKinds {
                self.kinds.begin(
                    key,
                    Kind(level: .warn, label: OperatorLog.rootLabel, message: "other messages"),
                    at: now
                )
            } else {
                self.kinds.begin(key, Kind(level: line.level, label: line.label, message: line.message), at: now)
            }
        }
        return true
    }

    /// What is to be said of windows that are over.
    mutating func summaries(before now: Int64) -> [Summary] {
        self.equal.end(before: now).map(self.summary) + self.kinds.end(before: now).map(self.summary)
    }

    /// What is to be said of all windows: the log ends, or gets other rules.
    mutating func allSummaries() -> [Summary] {
        self.equal.endAll().map(self.summary) + self.kinds.endAll().map(self.summary)
    }

    /// When there will be a summary, by the monotonic clock; nil: never, as it stands.
    var deadline: Int64? {
        switch (self.equal.deadline, self.kinds.deadline) {
        case (let left?, let right?): min(left, right)
        case (let left, let right): left ?? right
        }
    }

    // MARK: Parts

    private func summary(_ entry: WindowTable<Equal>.Entry) -> Summary {
        let window = (self.settings?.window ?? .zero).components.seconds
        let times = entry.heldBack == 1 ? "once" : "\(entry.heldBack) times"
        return Summary(
            level: entry.sample.level,
            label: entry.sample.label,
            message: "\(entry.sample.message): repeated \(times) in \(window) s",
            fields: entry.sample.fields
        )
    }

    private func summary(_ entry: WindowTable<Kind>.Entry) -> Summary {
        Summary(
            level: entry.sample.level,
            label: entry.sample.label,
            message: "\(entry.sample.message): \(entry.heldBack) more in 1 s, not written one by one"
        )
    }

    private static func isLimited(_ level: LogSettings.Level) -> Bool { level != .debug && level != .trace }

    private static func isFloodable(_ level: LogSettings.Level) -> Bool { level == .info || level == .warn }

    /// The key of all messages for which there is no room.
    private static let otherKinds = 0

    private func kindKey(_ level: LogSettings.Level, _ label: String, _ message: String) -> Int {
        var hasher = Hasher()
        hasher.combine(level)
        hasher.combine(label)
        hasher.combine(message)
        let key = hasher.finalize()
        // One place is kept for the others.
        let isNew = self.kinds.passed(key) == nil
        return isNew && self.kinds.isNearlyFull ? Self.otherKinds : key
    }

    /// A hash, seeded anew for each process, so that nobody can choose lines that collide.
    private static func equalKey(_ line: LogLine) -> Int {
        var hasher = Hasher()
        hasher.combine(line.level)
        hasher.combine(line.label)
        hasher.combine(line.message)
        for field in line.fields {
            hasher.combine(field.key)
            guard field.key == "peer", let colon = field.value.utf8.lastIndex(of: UInt8(ascii: ":")) else {
                hasher.combine(field.value)
                continue
            }
            // Each connection has a port of its own; the host is what is the same.
            hasher.combine(field.value[..<colon])
        }
        return hasher.finalize()
    }
}

extension Duration {
    /// Whole milliseconds; capped where they would not fit.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000).partialValue
    }
}

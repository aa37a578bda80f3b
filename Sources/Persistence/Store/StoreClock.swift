//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

package import BrokerCore

/// Tells the two times: a broker's own, which begins with the machine or the process, and the calendar's, which is
/// what can be kept on disk.
package struct StoreClock: Sendable {
    private let monotonic: @Sendable () -> MonotonicTime
    private let wall: @Sendable () -> Int64

    /// - Parameters:
    ///   - monotonic: the time as the shards know it.
    ///   - wall: milliseconds since 1970.
    package init(
        monotonic: @escaping @Sendable () -> MonotonicTime,
        wall: @escaping @Sendable () -> Int64
    ) {
        self.monotonic = monotonic
        self.wall = wall
    }

    /// A clock with a calendar of its own, which begins at a time and goes on as the broker's time does.
    ///
    /// Who sets the machine's clock while the broker runs, as a machine without a battery does when it has found a time
    /// server, then changes nothing of what expires when.
    func steady(from start: Int64) -> StoreClock {
        let monotonic = self.monotonic
        let began = monotonic().milliseconds
        return StoreClock(
            monotonic: monotonic,
            wall: { start.adding(monotonic().milliseconds.subtracting(began)) }
        )
    }

    /// Both times now.
    var now: Reading { Reading(monotonic: self.monotonic().milliseconds, wall: self.wall()) }

    /// Both times at one moment. The calendar may be set forward or back at any time, so each use takes a new one.
    struct Reading: Sendable {
        let monotonic: Int64
        /// Milliseconds since 1970.
        let wall: Int64

        /// Milliseconds since 1970 of a broker's time.
        func wall(of time: MonotonicTime) -> Int64 {
            self.wall.adding(time.milliseconds.subtracting(self.monotonic))
        }

        /// A broker's time of milliseconds since 1970.
        func time(of wall: Int64) -> MonotonicTime {
            MonotonicTime(milliseconds: self.monotonic.adding(wall.subtracting(self.wall)))
        }

        /// The same, but not later than now: a calendar that was set back makes the past look like the future.
        func past(of wall: Int64) -> MonotonicTime { self.time(of: min(wall, self.wall)) }

        /// Whether a session that has been without a connection since `disconnectedAt` has expired.
        func hasExpired(since disconnectedAt: Int64, interval: UInt32) -> Bool {
            interval != .max && min(disconnectedAt, self.wall).adding(Int64(interval) * 1000) <= self.wall
        }
    }
}

extension Int64 {
    /// The sum, or the end of the range that it lies beyond.
    func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the end of the range that it lies beyond.
    func subtracting(_ other: Int64) -> Int64 {
        let (difference, overflow) = self.subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}

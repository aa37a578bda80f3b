//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore
import DequeModule
import Synchronization

/// Counts the failures of addresses and says which of them have to wait.
///
/// Success takes nothing back: who owns one account could go on guessing at the others.
final class FailureCounter: Sendable {
    private struct Entry {
        var failures = 0
        var windowStart: Int64
        /// How often it was blocked, lately.
        var blocks = 0
        var blockedUntil = Int64.min
        /// When nothing of it matters any more.
        var forgetAt: Int64
    }

    private struct State {
        var entries: [IPAddress: Entry] = [:]
        /// The keys of `entries`, those that came first in front.
        var order: Deque<IPAddress> = []
    }

    private let state = Mutex(State())
    private let clock: @Sendable () -> MonotonicTime

    init(clock: @escaping @Sendable () -> MonotonicTime) {
        self.clock = clock
    }

    /// A client's network: its IPv4 address, or the /64 of its IPv6 address, of which one subscriber has all addresses.
    /// nil for what does not come from an IP address.
    static func key(_ peer: PeerAddress) -> IPAddress? {
        guard let address = IPAddress(peer.host) else { return nil }
        return address.isIPv4 ? address : address.prefix(64)
    }

    /// Whether an address has to wait.
    func isBlocked(_ key: IPAddress) -> Bool {
        let now = self.clock().milliseconds
        return self.state.withLock { ($0.entries[key]?.blockedUntil ?? .min) > now }
    }

    /// Notes a failure.
    /// - Returns: for how long the address is blocked now, if this failure was one too many
    func noteFailure(_ key: IPAddress, _ limit: FailureLimit) -> Duration? {
        let now = self.clock().milliseconds
        return self.state.withLock { state in
            if state.entries[key] == nil { Self.makeRoom(&state, limit, now) }
            let isNew = state.entries[key] == nil
            var entry = state.entries[key] ?? Entry(windowStart: now, forgetAt: now)
            // Attempts that were under way when the block began do not lengthen it.
            guard entry.blockedUntil <= now else { return nil }
            if now >= entry.forgetAt { entry = Entry(windowStart: now, forgetAt: now) }
            if Self.difference(now, entry.windowStart) > limit.window.inMilliseconds {
                entry.failures = 0
                entry.windowStart = now
            }
            entry.failures += 1
            var blocked: Int64?
            if entry.failures >= max(limit.failures, 1) {
                let time = Self.block(limit, after: entry.blocks)
                entry.failures = 0
                entry.windowStart = now
                entry.blocks = min(entry.blocks + 1, 62)
                entry.blockedUntil = Self.sum(now, time)
                entry.forgetAt = Self.sum(entry.blockedUntil, limit.maximumBlock.inMilliseconds)
                blocked = time
            } else {
                entry.forgetAt = max(entry.forgetAt, Self.sum(now, limit.window.inMilliseconds))
            }
            state.entries[key] = entry
            if isNew { state.order.append(key) }
            return blocked.map { .milliseconds($0) }
        }
    }

    /// Twice as long each time, up to the longest.
    private static func block(_ limit: FailureLimit, after blocks: Int) -> Int64 {
        let (first, longest) = (limit.block.inMilliseconds, limit.maximumBlock.inMilliseconds)
        let (time, overflow) = first.multipliedReportingOverflow(by: 1 << Int64(blocks))
        return max(overflow ? longest : min(time, longest), min(first, longest))
    }

    /// Lets go of what does not matter any more, two looks for each new address, and of the oldest if there is no room.
    /// An address that is blocked gets a few more turns.
    private static func makeRoom(_ state: inout State, _ limit: FailureLimit, _ now: Int64) {
        let room = max(limit.maximumAddresses, 1)
        var looks = 2
        while let oldest = state.order.first, looks > 0 || state.entries.count >= room {
            looks -= 1
            let entry = state.entries[oldest]
            state.order.removeFirst()
            let isPastUse = (entry?.forgetAt ?? .min) <= now
            let isBlocked = (entry?.blockedUntil ?? .min) > now
            if isPastUse || state.entries.count >= room && (!isBlocked || looks < -8) {
                state.entries[oldest] = nil
            } else {
                state.order.append(oldest)
            }
        }
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }

    private static func difference(_ later: Int64, _ earlier: Int64) -> Int64 {
        let (difference, overflow) = later.subtractingReportingOverflow(earlier)
        return overflow ? .max : difference
    }

    /// Addresses that are counted.
    var count: Int { self.state.withLock { $0.entries.count } }
}

extension Duration {
    /// Whole milliseconds, at least 0; saturates instead of overflowing.
    fileprivate var inMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? 0 : .max }
        let (sum, carry) = milliseconds.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return carry ? .max : max(sum, 0)
    }
}

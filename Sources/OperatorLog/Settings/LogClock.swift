//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The log's two clocks; tests have their own.
package struct LogClock: Sendable {
    /// The time of day, in milliseconds since 1970.
    var wall: @Sendable () -> Int64
    /// A clock that nobody sets, in milliseconds.
    var monotonic: @Sendable () -> Int64

    /// The system's clocks.
    package static let system = LogClock(
        wall: { Self.milliseconds(CLOCK_REALTIME) },
        monotonic: { Self.milliseconds(CLOCK_MONOTONIC) }
    )

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

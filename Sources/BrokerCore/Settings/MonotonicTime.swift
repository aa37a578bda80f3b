//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A point in time on a clock that never goes back, in milliseconds since an arbitrary start.
///
/// The core reads no clock: whoever drives it says what time it is, so a test can say anything.
public struct MonotonicTime: Comparable, Hashable, Sendable {
    /// Milliseconds since the clock's arbitrary start.
    public var milliseconds: Int64

    /// The point `milliseconds` after the clock's start.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Whether `left` is earlier.
    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The point `seconds` later; saturates instead of overflowing.
    func adding(seconds: UInt32) -> Self {
        self.adding(milliseconds: Int64(seconds) * 1000)
    }

    /// The point `milliseconds` later; saturates instead of overflowing.
    func adding(milliseconds: Int64) -> Self {
        let (sum, overflow) = self.milliseconds.addingReportingOverflow(milliseconds)
        return Self(milliseconds: overflow ? .max : sum)
    }

    /// Whole seconds from `self` to `later`, rounded up, at least 0.
    func seconds(until later: Self) -> UInt32 {
        let (difference, overflow) = later.milliseconds.subtractingReportingOverflow(self.milliseconds)
        guard !overflow, difference > 0 else { return 0 }
        return UInt32(clamping: difference / 1000 + (difference % 1000 == 0 ? 0 : 1))
    }
}

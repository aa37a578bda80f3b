//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// How attempts at something go that is tried again until it succeeds.
struct Trial {
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(2)

    private var failedSince: ContinuousClock.Instant?
    private var nextAttempt = ContinuousClock.now
    /// How long to wait from a failure to the next attempt.
    private(set) var pause = Self.shortestPause

    /// Whether the last attempt has failed.
    var isFailing: Bool { self.failedSince != nil }

    /// Whether it is time for an attempt.
    var mayTry: Bool { self.failedSince == nil || self.nextAttempt <= .now }

    /// It has failed.
    ///
    /// - Returns: whether it is the first time.
    mutating func fail() -> Bool {
        let isFirst = self.failedSince == nil
        self.pause = isFirst ? Self.shortestPause : min(self.pause * 2, Self.longestPause)
        if isFirst { self.failedSince = .now }
        // A little early, so that the timer which is set for this pause finds the time come.
        self.nextAttempt = .now + self.pause - .milliseconds(5)
        return isFirst
    }

    /// It has succeeded.
    ///
    /// - Returns: how long it had failed; nil: it hadn't.
    mutating func succeed() -> Duration? {
        guard let since = self.failedSince else { return nil }
        self = Trial()
        return since.duration(to: .now)
    }
}

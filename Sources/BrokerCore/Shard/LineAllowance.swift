//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// How many lines of one kind may be logged within a second: what strangers can bring about at any rate must neither
/// fill the log nor hold up the loop, and what one of them brings about must not hide all that others do.
struct LineAllowance {
    /// What a line is about.
    enum Kind: Int, CaseIterable {
        case denied
        case connectionLimit
        case sessionLimit
        case retainedLimit
        case notStored
    }

    /// Lines of a kind in a second, of each shard.
    static let linesPerSecond = 50

    private var windows = [(second: Int64, count: Int)](repeating: (.min, 0), count: Kind.allCases.count)

    /// Whether one more may be logged; then it counts.
    mutating func take(_ kind: Kind, at now: MonotonicTime) -> Bool {
        let second = now.milliseconds / 1000
        if self.windows[kind.rawValue].second != second { self.windows[kind.rawValue] = (second, 0) }
        guard self.windows[kind.rawValue].count < Self.linesPerSecond else { return false }
        self.windows[kind.rawValue].count += 1
        return true
    }
}

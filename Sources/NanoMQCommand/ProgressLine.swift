//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How far long work has come: a line on standard error that changes, if a person looks at it.
struct ProgressLine {
    private static let width = 30
    /// To the start of the line, and what is there is gone.
    private static let erase = "\r\u{1B}[K"

    private let what: String
    private let isShown: Bool
    private var percent = -1

    private init(_ what: String, isShown: Bool) {
        self.what = what
        self.isShown = isShown
    }

    /// Does work which says from time to time which part of it is done, 0 to 1. The line goes when it ends.
    ///
    /// - Parameter whileWriting: the work writes to standard output, which the line must not come between.
    static func showing<Result>(
        _ what: String,
        whileWriting: Bool = false,
        _ work: ((Double) -> Void) throws -> Result
    ) rethrows -> Result {
        let isHidden = whileWriting && isatty(STDOUT_FILENO) == 1
        var line = ProgressLine(what, isShown: isatty(STDERR_FILENO) == 1 && !isHidden)
        defer { line.end() }
        return try work { line.show($0) }
    }

    private mutating func show(_ part: Double) {
        guard self.isShown, part.isFinite else { return }
        let percent = Int(max(0, min(1, part)) * 100)
        guard percent != self.percent else { return }
        self.percent = percent
        let done = Self.width * percent / 100
        let bar = String(repeating: "#", count: done) + String(repeating: "-", count: Self.width - done)
        self.write("\(Self.erase)\(self.what) [\(bar)] \(percent) %")
    }

    private func end() {
        if self.isShown, self.percent >= 0 { self.write(Self.erase) }
    }

    private func write(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(text.utf8)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

/// A place that lines are written to. Only the writer's thread uses it.
protocol LogTarget: AnyObject {
    /// How other targets' lines call it.
    var name: String { get }
    /// What it could not write.
    var losses: Losses { get set }
    /// What it waits to be able to write to; nil: nothing is left to write.
    var waiting: CInt? { get }
    /// It takes no more lines for now: those it gets are lost.
    var isFull: Bool { get }

    /// Takes a line; may write.
    func add(_ line: LogLine, _ renderer: LineRenderer)
    /// Writes what it can without waiting for a reader.
    func flush()
    /// Finds its file or socket again.
    func reopen()
    /// - Returns: how many lines are lost by it.
    func close() -> Int
}

extension LogTarget {
    /// Bytes that a target keeps for a reader that does not read.
    static var maximumPending: Int { 256 << 10 }
}

/// What a target could not write, and whether that has been told.
struct Losses {
    /// Lines lost that its own lines have not told of.
    private var untold = 0
    /// Lines lost that the other targets' lines have not told of.
    private var untoldToOthers = 0
    private var cause: Errno?
    /// The last attempt to write has failed.
    private var isBroken = false
    private var isNew = false
    private var lastTold: Int64?

    /// Between two lines about the same target, in milliseconds.
    private static let interval: Int64 = 60_000

    mutating func add(_ lines: Int, _ cause: Errno) {
        self.untold += lines
        self.untoldToOthers += lines
        self.cause = cause
        self.isNew = true
        if lines > 0 { self.isBroken = true }
    }

    /// Lines have been written.
    mutating func worked() { self.isBroken = false }

    /// What the other targets are to be told now; nil: nothing.
    ///
    /// - Parameter now: the monotonic time, in milliseconds
    mutating func tellOthers(at now: Int64) -> (lines: Int, cause: Errno)? {
        guard self.isNew, let cause, self.lastTold.map({ now - $0 >= Self.interval }) ?? true else { return nil }
        defer { self.untoldToOthers = 0 }
        self.isNew = false
        self.lastTold = now
        return (self.untoldToOthers, cause)
    }

    /// What its own lines are to tell, now that it works again; nil: nothing.
    mutating func tellItself() -> (lines: Int, cause: Errno)? {
        guard self.untold > 0, !self.isBroken, let cause else { return nil }
        defer { self.untold = 0 }
        return (self.untold, cause)
    }
}

/// Makes bytes of a line, once for all targets that want the same.
final class LineRenderer {
    private let format: LogSettings.Format
    private var timestamp = Timestamp()
    private var stream: [UInt8] = []
    private var hasStream = false

    init(format: LogSettings.Format) {
        self.format = format
        self.stream.reserveCapacity(1024)
    }

    /// Another line is to be made bytes of.
    func begin() { self.hasStream = false }

    /// The line for a console or file, with its end.
    func bytes(_ line: LogLine) -> [UInt8] {
        guard !self.hasStream else { return self.stream }
        self.stream.removeAll(keepingCapacity: true)
        switch self.format {
        case .text: TextForm.append(line, &self.timestamp, to: &self.stream)
        case .json: JSONForm.append(line, &self.timestamp, to: &self.stream)
        }
        self.hasStream = true
        return self.stream
    }

    /// The line for the system's log, after a beginning: `Nov 21 13:44:43 nanomq[123]: connected client=sensor-7`.
    /// Level and time are the system's log's own.
    func appendSyslog(_ line: LogLine, tag: String, to text: inout [UInt8]) {
        let start = text.count
        self.timestamp.appendLocal(line.time, to: &text)
        text.append(UInt8(ascii: " "))
        text += tag.utf8
        text.append(": ")
        switch self.format {
        case .text: TextForm.appendBody(line, limit: SafeText.maximumLine - (text.count - start), to: &text)
        case .json: JSONForm.append(line, &self.timestamp, isLine: false, to: &text)
        }
    }
}

extension LogTarget {
    /// Counts what a write has lost. - Returns: whether the reader does not read.
    func isBlocked(after outcome: OutputBuffer.Outcome) -> Bool {
        switch outcome {
        case .done:
            self.losses.worked()
            return false
        case .blocked: return true
        case .failed(let cause, let lines):
            self.losses.add(lines, cause)
            return false
        }
    }
}

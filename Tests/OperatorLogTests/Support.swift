//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Foundation
import Logging
import Synchronization
import Testing

@testable import OperatorLog

/// A directory that goes with the test.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        self.path = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    func path(_ name: String) -> String { "\(self.path)/\(name)" }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: self.path(name))), as: UTF8.self)
    }

    /// Without their ends.
    func lines(_ name: String) throws -> [String] {
        try self.text(name).split(separator: "\n").map(String.init)
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: self.path(name)))
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: self.path(name)) }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: self.path).sorted() }
    }

    func rename(_ name: String, to other: String) throws {
        try FileManager.default.moveItem(atPath: self.path(name), toPath: self.path(other))
    }

    func setModified(_ name: String, _ seconds: Int64) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: TimeInterval(seconds))],
            ofItemAtPath: self.path(name)
        )
    }
}

/// Clocks that a test sets.
final class ManualClock: Sendable {
    /// 2026-11-21T13:44:43.123Z.
    static let start: Int64 = 1_795_268_683_123

    private let wall: Mutex<Int64>
    private let monotonic = Mutex<Int64>(1_000_000)

    init(_ wall: Int64 = ManualClock.start) {
        self.wall = Mutex(wall)
    }

    func advance(_ duration: Duration) {
        self.wall.withLock { $0 += duration.milliseconds }
        self.monotonic.withLock { $0 += duration.milliseconds }
    }

    var clock: LogClock {
        LogClock(
            wall: { self.wall.withLock { $0 } },
            monotonic: { self.monotonic.withLock { $0 } }
        )
    }
}

extension OperatorLog {
    /// A log in the file `nanomq.log` of a directory, and nowhere else.
    static func inFile(
        of directory: TemporaryDirectory,
        capacity: LogCapacity = LogCapacity(),
        clock: LogClock = .system,
        _ change: (inout LogSettings) -> Void = { _ in }
    ) throws -> OperatorLog {
        var settings = LogSettings.file(directory)
        change(&settings)
        return try OperatorLog(settings, capacity: capacity, clock: clock)
    }

    func logger(_ label: String = OperatorLog.rootLabel) -> Logger {
        Logger(label: label) { self.handler(label: $0) }
    }

    /// All that was logged is written.
    func written(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(self.flush(timeout: .seconds(30)), sourceLocation: sourceLocation)
    }
}

extension LogSettings {
    static func file(_ directory: TemporaryDirectory) -> LogSettings {
        var settings = LogSettings()
        settings.console = nil
        settings.file = LogSettings.File(directory: directory.path)
        settings.rateLimit = nil
        return settings
    }
}

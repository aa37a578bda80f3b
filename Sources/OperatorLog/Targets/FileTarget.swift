//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

/// A file that lines are appended to, and that is put aside when it has grown or its period is over.
///
/// It survives what others do to the file: renamed, removed, its directory removed, the disk full.
final class FileTarget: LogTarget {
    let name: String
    var losses = Losses()
    private let settings: LogSettings.File
    private let path: FilePath
    private let oldFiles: OldFiles
    private let clock: LogClock
    private var file: LogFile
    private var size: Int64
    /// The number of the period that the file's lines are from.
    private var period: Int64
    private var buffer = OutputBuffer()
    private var isBlocked = false
    /// When the path is looked at again, when the file may be put aside again after that has failed, and when old
    /// files are looked through, by the monotonic clock.
    private var nextLook: Int64
    private var nextPutAside: Int64 = .min
    private var nextCleaning: Int64

    init(_ settings: LogSettings.File, _ file: LogFile, clock: LogClock) {
        self.name = file.path.string
        self.settings = settings
        self.path = file.path
        self.oldFiles = OldFiles(path: file.path, settings: settings)
        self.clock = clock
        self.file = file
        self.size = file.size
        self.period = Self.period(of: file, settings)
        let now = clock.monotonic()
        self.nextLook = now + 1000
        self.nextCleaning = now + 3_600_000
        if file.isRegular { self.oldFiles.clean(at: clock.wall() / 1000) }
    }

    var waiting: CInt? { self.isBlocked ? self.file.descriptor.rawValue : nil }
    var isFull: Bool { self.isBlocked && self.buffer.count >= Self.maximumPending }

    func add(_ line: LogLine, _ renderer: LineRenderer) {
        guard !self.isFull else { return self.losses.add(1, .resourceTemporarilyUnavailable) }
        let bytes = renderer.bytes(line)
        if self.isDue(line, bytes.count) {
            self.flush()
            // Another broker may have put it aside while this was not looking.
            self.look()
            if self.isDue(line, bytes.count), self.file.isInPlace { self.putAside() }
        }
        self.period = max(self.period, Self.period(line.time / 1000, self.settings))
        self.buffer.append(bytes)
        if self.buffer.count >= 1 << 16, !self.isBlocked { self.flush() }
    }

    func flush() {
        guard self.buffer.count > 0 else { return }
        if self.clock.monotonic() >= self.nextLook { self.look() }
        let file = self.file
        let outcome = self.buffer.write(to: file.descriptor, mayBlock: file.isRegular) { self.size += Int64($0) }
        self.isBlocked = self.isBlocked(after: outcome)
        if self.clock.monotonic() >= self.nextCleaning, file.isRegular {
            self.nextCleaning = self.clock.monotonic() + 3_600_000
            self.oldFiles.clean(at: self.clock.wall() / 1000)
        }
    }

    func reopen() {
        self.flush()
        self.look()
    }

    func close() -> Int {
        try? self.file.descriptor.close()
        return self.buffer.discard()
    }

    // MARK: Putting aside

    /// Whether the file must be put aside before a line is written.
    private func isDue(_ line: LogLine, _ count: Int) -> Bool {
        guard self.file.isRegular, self.clock.monotonic() >= self.nextPutAside else { return false }
        let size = self.size + Int64(self.buffer.count)
        guard size > 0 else { return false }
        if let maximum = self.settings.maximumSize, size + Int64(count) > maximum { return true }
        // A clock that goes back begins no period.
        return Self.period(line.time / 1000, self.settings) > self.period
    }

    private func putAside() {
        do throws(Errno) {
            try self.oldFiles.putAside()
        } catch {
            // It grows on.
            self.losses.add(0, error)
            self.nextPutAside = self.clock.monotonic() + 60_000
            return
        }
        self.look()
        self.oldFiles.clean(at: self.clock.wall() / 1000)
    }

    private static func period(_ seconds: Int64, _ settings: LogSettings.File) -> Int64 {
        guard let interval = settings.interval?.components.seconds, interval > 0 else { return 0 }
        return seconds / interval
    }

    /// The period that a file's lines are from. That of an empty file begins with its first line, whatever the clock
    /// said when the file was made: it may have been set since.
    private static func period(of file: LogFile, _ settings: LogSettings.File) -> Int64 {
        file.size > 0 ? self.period(file.modified, settings) : .min
    }

    /// Sees to it that the path leads to the file that is open. If it cannot be opened, the old one is kept.
    private func look() {
        self.nextLook = self.clock.monotonic() + 1000
        guard self.file.isRegular, !self.file.isInPlace else { return }
        do throws(LogError) {
            let new = try LogFile(self.path)
            try? self.file.descriptor.close()
            self.file = new
            self.size = new.size
            self.period = Self.period(of: new, self.settings)
        } catch {
            if case .cannotOpen(_, let cause) = error { self.losses.add(0, cause) }
        }
    }
}

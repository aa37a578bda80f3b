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

/// Standard output or standard error.
final class ConsoleTarget: LogTarget {
    let name = "console"
    var losses = Losses()
    private let descriptor: FileDescriptor
    private var buffer = OutputBuffer()
    private var isBlocked = false

    /// - Parameter descriptor: becomes the target's own.
    init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
    }

    /// A descriptor of our own for a stream, so that nobody else's file is written to when the stream is closed and
    /// its number used again. nil: the stream is closed.
    static func open(_ console: LogSettings.Console) -> FileDescriptor? {
        let stream = console == .standardOutput ? FileDescriptor.standardOutput : .standardError
        let copy = fcntl(stream.rawValue, F_DUPFD_CLOEXEC, 3)
        return copy < 0 ? nil : FileDescriptor(rawValue: copy)
    }

    var waiting: CInt? { self.isBlocked ? self.descriptor.rawValue : nil }
    var isFull: Bool { self.isBlocked && self.buffer.count >= Self.maximumPending }

    func add(_ line: LogLine, _ renderer: LineRenderer) {
        guard !self.isFull else { return self.losses.add(1, .resourceTemporarilyUnavailable) }
        self.buffer.append(renderer.bytes(line))
        if self.buffer.count >= 1 << 16, !self.isBlocked { self.flush() }
    }

    func flush() {
        guard self.buffer.count > 0 else { return }
        let outcome = self.buffer.write(to: self.descriptor, mayBlock: false) { _ in }
        self.isBlocked = self.isBlocked(after: outcome)
    }

    func reopen() {}

    func close() -> Int {
        try? self.descriptor.close()
        return self.buffer.discard()
    }
}

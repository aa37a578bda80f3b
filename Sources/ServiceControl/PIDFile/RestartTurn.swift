//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization
public import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The right to restart the process of a PID file: one at a time.
///
/// Between the end of the old process and the start of the new one nobody holds the PID file. A second restart would
/// take that for "none is running", and start another one with options of its own. It waits here instead, on the lock
/// of a file beside the PID file, which is there only as long as somebody restarts.
public final class RestartTurn: Sendable {
    private let path: FilePath
    private let file: Mutex<FileDescriptor?>

    private init(path: FilePath, file: FileDescriptor) {
        self.path = path
        self.file = Mutex(file)
    }

    /// Waits until nobody else restarts the process of this PID file.
    ///
    /// - Throws: ``PIDFileError/system(_:_:_:)`` with `Errno.timedOut` when that takes too long.
    public static func take(for pidFile: FilePath, timeout: Duration) throws(PIDFileError) -> RestartTurn {
        let directory = try RuntimeDirectory(of: pidFile)
        let path = directory.path.appending((pidFile.lastComponent?.string ?? "nanomq.pid") + ".restart")
        let deadline = ContinuousClock.now + timeout
        while true {
            if let turn = try self.attempt(path) { return turn }
            guard ContinuousClock.now < deadline else { throw .system("wait for another restart", path, .timedOut) }
            poll(nil, 0, 20)
        }
    }

    /// Lets the next one in.
    public func release() {
        guard let file = self.file.withLock({ $0.take() }) else { return }
        // Before the lock is given up: who waits for it sees that the name leads elsewhere.
        _ = self.path.withPlatformString { unlink($0) }
        try? file.close()
    }

    private static func attempt(_ path: FilePath) throws(PIDFileError) -> RestartTurn? {
        let descriptor = path.withPlatformString {
            open($0, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o600)
        }
        guard descriptor >= 0 else { throw .system("make the lock of the restart", path, Errno(rawValue: errno)) }
        let file = FileDescriptor(rawValue: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, let status = try? FileStatus(of: file),
            FileStatus.name(path, leadsTo: status.identity)
        else {
            try? file.close()
            return nil
        }
        return RestartTurn(path: path, file: file)
    }
}

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

/// The directory of a PID file or a control socket: made if it is missing, and used only if no stranger can change
/// what is in it.
struct RuntimeDirectory {
    let path: FilePath

    /// - Throws: ``PIDFileError``.
    init(of file: FilePath) throws(PIDFileError) {
        let directory = file.removingLastComponent()
        self.path = directory.isEmpty ? "." : directory
        try Self.create(self.path)
        try self.check()
    }

    private static func create(_ path: FilePath) throws(PIDFileError) {
        if (try? FileStatus(following: path))?.kind == .directory { return }
        let parent = path.removingLastComponent()
        if !parent.isEmpty && parent != path { try self.create(parent) }
        // Another process may have made it in this moment.
        guard path.withPlatformString({ mkdir($0, 0o755) }) == 0 || errno == EEXIST else {
            throw .system("create the directory", path, Errno(rawValue: errno))
        }
    }

    private func check() throws(PIDFileError) {
        let name: FileStatus
        let directory: FileStatus
        do {
            name = try FileStatus(ofName: self.path)
            directory = try FileStatus(following: self.path)
        } catch {
            throw .system("look at the directory", self.path, error)
        }
        guard directory.kind == .directory else { throw .system("use the directory", self.path, .notDirectory) }
        // In /tmp anybody may have made the directory, or a link to another one, before us.
        for status in [name, directory] where status.owner != 0 && status.owner != geteuid() {
            throw .untrustedDirectory(self.path, "the directory belongs to another user")
        }
        guard !directory.isChangeableByAll else {
            throw .untrustedDirectory(self.path, "anybody may rename and remove what is in the directory")
        }
    }

    /// Runs `body` while no other NanoMQ takes or gives up a name in this directory.
    ///
    /// A stranger who may read the directory can hold this lock. So it is waited for a second only: without it the
    /// locks of the files still hold, and only two processes that replace the same odd file at once could meet.
    func withTurn<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let directory = try? FileDescriptor.open(self.path, .readOnly, options: [.directory, .closeOnExec])
        defer { try? directory?.close() }
        if let directory {
            let deadline = ContinuousClock.now + .seconds(1)
            while flock(directory.rawValue, LOCK_EX | LOCK_NB) != 0, ContinuousClock.now < deadline {
                poll(nil, 0, 5)
            }
        }
        return try body()
    }
}

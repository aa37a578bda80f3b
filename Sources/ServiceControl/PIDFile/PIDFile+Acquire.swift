//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension PIDFile {
    /// What is larger was not written by us or our kin, and might be somebody's work.
    static let maximumSize: Int64 = 64 << 10
    /// How long the lock may be held by one who does not say who it is. It takes microseconds.
    private static let patience: Duration = .seconds(2)

    /// Makes this process the one that runs.
    ///
    /// What is left of one that has ended is replaced: a file with its number or that of another program, with
    /// anything else or nothing in it, one that cannot be read, a symbolic link, which is not followed. The directory
    /// is made if it is missing. The file gets mode 0644.
    ///
    /// - Throws: ``PIDFileError/alreadyRunning(pid:)`` with file and process left alone; others when the place will
    ///   not do.
    public static func acquire(_ path: FilePath) throws(PIDFileError) -> PIDFile {
        let directory = try RuntimeDirectory(of: path)
        return try directory.withTurn { () throws(PIDFileError) in
            // Each turn ends with a file that is held, an error, or one obstacle less. Others may put up new ones.
            for _ in 0..<32 {
                if let held = try self.attempt(path) { return held }
            }
            throw .system("get hold of the PID file", path, .resourceBusy)
        }
    }

    /// Removes a file that nobody holds, if there is one: for who has just seen its process end.
    public static func removeStale(_ path: FilePath) throws(PIDFileError) {
        guard try self.inspect(path) == .stale else { return }
        try RuntimeDirectory(of: path).withTurn { () throws(PIDFileError) in
            guard let file = try? self.openFile(path, O_RDWR) else { return }
            defer { try? file.close() }
            guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0, let status = try? FileStatus(of: file),
                status.kind == .regular, FileStatus.name(path, leadsTo: status.identity)
            else { return }
            try self.remove(path)
        }
    }

    /// - Returns: nil when it is worth trying again.
    private static func attempt(_ path: FilePath) throws(PIDFileError) -> PIDFile? {
        guard let file = try self.openOrCreate(path) else { return nil }
        var keep = false
        defer { if !keep { try? file.close() } }
        try self.lock(file, path)
        let status: FileStatus
        do {
            status = try FileStatus(of: file)
        } catch {
            throw .system("look at the PID file", path, error)
        }
        // While we waited the owner may have removed it, and the name may lead to another one.
        guard FileStatus.name(path, leadsTo: status.identity) else { return nil }
        guard status.size <= self.maximumSize else { throw .notAPIDFile(path, "the file is not a PID file") }
        guard status.kind == .regular, status.links == 1, status.owner == geteuid() else {
            // Another user's file, or one that has a second name: what we write would be seen there too.
            try self.remove(path)
            return nil
        }
        try self.mark(file, path)
        try self.write(to: file, path)
        keep = true
        return PIDFile(path: path, file: file, identity: status.identity)
    }

    /// - Returns: nil when an obstacle has been cleared.
    private static func openOrCreate(_ path: FilePath) throws(PIDFileError) -> FileDescriptor? {
        let status: FileStatus
        do throws(Errno) {
            status = try FileStatus(ofName: path)
        } catch .noSuchFileOrDirectory {
            return try self.open(path, O_RDWR | O_CREAT | O_EXCL, again: .fileExists)
        } catch {
            throw .system("look at the PID file", path, error)
        }
        switch status.kind {
        case .regular:
            if status.owner == geteuid(), status.mode & 0o600 != 0o600 {
                // A lock on it stays: it is the file's, not the mode's.
                _ = path.withPlatformString { chmod($0, 0o644) }
            }
            return try self.open(path, O_RDWR, again: .noSuchFileOrDirectory)
        case .directory:
            throw .notAPIDFile(path, "this is a directory")
        case .symbolicLink, .socket, .other:
            // We never run on anything but a file.
            try self.remove(path)
            return nil
        }
    }

    private static func open(
        _ path: FilePath,
        _ flags: Int32,
        again: Errno
    ) throws(PIDFileError) -> FileDescriptor? {
        do {
            return try self.openFile(path, flags)
        } catch {
            if error == again || error == .tooManySymbolicLinkLevels { return nil }
            throw .system("open the PID file", path, error)
        }
    }

    private static func lock(_ file: FileDescriptor, _ path: FilePath) throws(PIDFileError) {
        let deadline = ContinuousClock.now + self.patience
        while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw .system("lock the PID file", path, Errno(rawValue: errno))
            }
            if let holder = self.holder(of: file) { throw .alreadyRunning(pid: holder) }
            // One that has just begun, or removes what another has left.
            guard ContinuousClock.now < deadline else { throw .alreadyRunning(pid: nil) }
            poll(nil, 0, 5)
        }
    }

    /// Says who holds the file.
    private static func mark(_ file: FileDescriptor, _ path: FilePath) throws(PIDFileError) {
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        guard fcntl(file.rawValue, F_SETLK, &request) != 0 else { return }
        guard errno == EAGAIN || errno == EACCES else {
            throw .system("lock the PID file", path, Errno(rawValue: errno))
        }
        throw .alreadyRunning(pid: self.holder(of: file) ?? nil)
    }

    private static func write(to file: FileDescriptor, _ path: FilePath) throws(PIDFileError) {
        do {
            // First the text, then the length: the file is at no time empty.
            let text = Array("\(getpid())\n".utf8)
            _ = try file.writeAll(toAbsoluteOffset: 0, text)
            guard ftruncate(file.rawValue, off_t(text.count)) == 0, fchmod(file.rawValue, 0o644) == 0 else {
                throw Errno(rawValue: errno)
            }
        } catch {
            throw .system("write the PID file", path, error as? Errno ?? .ioError)
        }
    }

    private static func remove(_ path: FilePath) throws(PIDFileError) {
        guard path.withPlatformString({ unlink($0) }) == 0 || errno == ENOENT else {
            throw .system("remove what is in the place of the PID file", path, Errno(rawValue: errno))
        }
    }
}

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

/// A PID file that this process holds: the claim that it is the one that runs.
///
/// Two locks are held on the open file for as long as the process lives, and the kernel gives them up when it ends,
/// however it ends. `flock` decides who may run. A POSIX record lock says who does: `F_GETLK` names its holder, and
/// does so without taking a lock itself, so nobody who only asks is in the way of one who starts. The text in the file
/// is for people and scripts; nothing here believes it, nor that the file exists.
///
/// A POSIX lock is lost when its process closes any descriptor of the file: nothing else in the process may open it.
/// Neither lock is told from those of other machines, so the file belongs on a local file system.
public final class PIDFile: Sendable {
    /// Where it is.
    public let path: FilePath
    private let file: Mutex<FileDescriptor?>
    private let identity: FileStatus.Identity

    init(path: FilePath, file: FileDescriptor, identity: FileStatus.Identity) {
        self.path = path
        self.file = Mutex(file)
        self.identity = identity
    }

    /// Removes the file, if the name still leads to it, and lets go of the locks: the last thing a process does.
    public func release() {
        guard let file = self.file.withLock({ $0.take() }) else { return }
        // Under the lock: a process that waits for it sees that the name leads elsewhere, and begins anew.
        let remove = {
            guard FileStatus.name(self.path, leadsTo: self.identity) else { return }
            _ = self.path.withPlatformString { unlink($0) }
        }
        if let directory = try? RuntimeDirectory(of: self.path) { directory.withTurn(remove) } else { remove() }
        try? file.close()
    }
}

extension PIDFile {
    /// Who, if anybody, holds a PID file.
    public enum State: Sendable, Equatable {
        /// There is no file.
        case none
        /// There is a file, or something else of that name, but nobody holds it.
        case stale
        /// A running process holds it; nil if its number cannot be seen from here.
        case running(pid: Int32?)
    }

    /// Looks, and changes nothing.
    ///
    /// - Throws: ``PIDFileError/system(_:_:_:)`` when that is not allowed.
    public static func inspect(_ path: FilePath) throws(PIDFileError) -> State {
        do throws(Errno) {
            let status = try FileStatus(ofName: path)
            guard status.kind == .regular else { return .stale }
            let file = try openFile(path, O_RDONLY)
            defer { try? file.close() }
            return self.holder(of: file).map(State.running(pid:)) ?? .stale
        } catch .noSuchFileOrDirectory {
            return .none
        } catch {
            throw .system("look at the PID file", path, error)
        }
    }

    /// How long ago the running process wrote the file, in whole seconds.
    public static func age(of path: FilePath) -> Int64? {
        guard let status = try? FileStatus(ofName: path) else { return nil }
        return max(0, Int64(time(nil)) - status.modified)
    }

    /// Who holds the POSIX lock for writing; nil for nobody. Only who may write the file can have it.
    static func holder(of file: FileDescriptor) -> Int32?? {
        var request = flock()
        // A lock for reading meets only those for writing: the locks of strangers, who can but read, do not count.
        request.l_type = Int16(F_RDLCK)
        request.l_whence = Int16(SEEK_SET)
        guard fcntl(file.rawValue, F_GETLK, &request) == 0, request.l_type != Int16(F_UNLCK) else { return nil }
        return .some(request.l_pid > 0 ? request.l_pid : nil)
    }

    static func openFile(_ path: FilePath, _ flags: Int32) throws(Errno) -> FileDescriptor {
        // O_NONBLOCK: should it have become a pipe by now, nobody waits for the other end.
        let flags = flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let descriptor = path.withPlatformString { open($0, flags, 0o644) }
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: descriptor)
    }
}

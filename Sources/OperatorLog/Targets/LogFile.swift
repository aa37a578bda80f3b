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

/// A file that is open for appending, and what was known of it then.
struct LogFile: Sendable {
    let path: FilePath
    let descriptor: FileDescriptor
    /// False: a pipe or a device, which is neither put aside nor looked for again.
    let isRegular: Bool
    let device: DeviceID
    let inode: Inode
    let size: Int64
    /// When it was last written to, in seconds since 1970.
    let modified: Int64

    /// Opens a file, or makes it, with mode 0640, and the directories to it.
    ///
    /// A symbolic link in the place of the file is refused: in a directory that others can write to, as /tmp, it could
    /// lead the broker to append to any file of the system.
    init(_ path: FilePath) throws(LogError) {
        do {
            self.descriptor = try Self.open(path)
        } catch {
            throw .cannotOpen(path: path.string, error)
        }
        self.path = path
        do {
            let found = try self.descriptor.stat()
            self.isRegular = found.type == .regular
            self.device = found.deviceID
            self.inode = found.inode
            self.size = found.size
            self.modified = Int64(found.st_mtim.tv_sec)
        } catch {
            try? self.descriptor.close()
            throw .cannotOpen(path: path.string, error)
        }
    }

    private static func open(_ path: FilePath) throws(Errno) -> FileDescriptor {
        do {
            return try self.openOnce(path)
        } catch .noSuchFileOrDirectory {
            try self.makeDirectory(path.removingLastComponent())
            return try self.openOnce(path)
        }
    }

    private static func openOnce(_ path: FilePath) throws(Errno) -> FileDescriptor {
        // Non-blocking, as a named pipe that nobody reads would keep us here for good. It says nothing to regular files.
        do {
            return try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .append, .closeOnExec, .noFollow, .nonBlocking],
                permissions: FilePermissions(rawValue: 0o640)
            )
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    /// Makes a directory with those above it, mode 0750.
    private static func makeDirectory(_ path: FilePath) throws(Errno) {
        guard !path.isEmpty, mkdir(path.string, 0o750) != 0 else { return }
        switch Errno(rawValue: errno) {
        case .fileExists: return
        case .noSuchFileOrDirectory:
            try self.makeDirectory(path.removingLastComponent())
            if mkdir(path.string, 0o750) != 0, errno != EEXIST { throw Errno(rawValue: errno) }
        case let cause: throw cause
        }
    }

    /// The path from the root, which stays the same when the working directory changes.
    static func absolute(_ path: String) -> FilePath {
        let path = FilePath(path)
        guard path.isRelative, let directory = getcwd(nil, 0) else { return path }
        // getcwd has allocated it for us.
        defer { free(directory) }
        return FilePath(platformString: directory).pushing(path)
    }

    /// Whether the path still leads to this file.
    var isInPlace: Bool {
        guard let found = try? Stat(self.path, followTargetSymlink: false) else { return false }
        return found.deviceID == self.device && found.inode == self.inode
    }
}

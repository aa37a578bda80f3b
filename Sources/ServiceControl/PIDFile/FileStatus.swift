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

/// What a name in the file system, or an open file, is.
struct FileStatus: Equatable {
    enum Kind { case regular, directory, symbolicLink, socket, other }

    /// Which file it is, however it is called.
    struct Identity: Equatable {
        var device: UInt64
        var number: UInt64
    }

    let kind: Kind
    let identity: Identity
    let owner: UInt32
    let mode: UInt32
    let links: UInt64
    let size: Int64
    /// Seconds since 1970.
    let modified: Int64

    /// The name itself, not what a symbolic link points to.
    init(ofName path: FilePath) throws(Errno) {
        var raw = stat()
        guard path.withPlatformString({ lstat($0, &raw) }) == 0 else { throw Errno(rawValue: errno) }
        self.init(raw)
    }

    /// What the name leads to.
    init(following path: FilePath) throws(Errno) {
        var raw = stat()
        guard path.withPlatformString({ stat($0, &raw) }) == 0 else { throw Errno(rawValue: errno) }
        self.init(raw)
    }

    /// An open file.
    init(of file: FileDescriptor) throws(Errno) {
        var raw = stat()
        guard fstat(file.rawValue, &raw) == 0 else { throw Errno(rawValue: errno) }
        self.init(raw)
    }

    private init(_ raw: stat) {
        self.kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFSOCK: .socket
            default: .other
            }
        self.identity = Identity(device: UInt64(raw.st_dev), number: UInt64(raw.st_ino))
        self.owner = UInt32(raw.st_uid)
        self.mode = UInt32(raw.st_mode)
        self.links = UInt64(raw.st_nlink)
        self.size = Int64(raw.st_size)
        #if canImport(Darwin)
            self.modified = Int64(raw.st_mtimespec.tv_sec)
        #else
            self.modified = Int64(raw.st_mtim.tv_sec)
        #endif
    }

    /// A directory in which anybody may rename and remove what others have made.
    var isChangeableByAll: Bool {
        self.kind == .directory && self.mode & UInt32(S_IWOTH) != 0 && self.mode & UInt32(S_ISVTX) == 0
    }

    /// The name leads to this very file.
    static func name(_ path: FilePath, leadsTo identity: Identity) -> Bool {
        (try? FileStatus(ofName: path))?.identity == identity
    }
}

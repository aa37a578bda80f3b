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

/// The name of a control socket in the file system, and the socket behind it.
struct ControlSocketFile {
    let path: FilePath
    let descriptor: Int32
    private let identity: FileStatus.Identity

    /// Binds and listens; replaces the socket of a process that has gone.
    static func bind(_ path: FilePath) throws(ControlError) -> ControlSocketFile {
        let directory: RuntimeDirectory
        do {
            directory = try RuntimeDirectory(of: path)
        } catch {
            throw .directory(error)
        }
        return try directory.withTurn { () throws(ControlError) in
            try self.clear(path)
            do throws(Errno) {
                let file = try UnixSocket.make(Int32(SOCK_STREAM.number))
                do throws(Errno) {
                    try UnixSocket.bind(file, to: path)
                    // Before it listens nobody can connect, so nobody does with the mode that the umask gave.
                    let isPrivate = path.withPlatformString { chmod($0, 0o600) } == 0
                    guard isPrivate, Glue.listen(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
                    let identity = try FileStatus(ofName: path).identity
                    return ControlSocketFile(path: path, descriptor: file.rawValue, identity: identity)
                } catch {
                    try? file.close()
                    throw error
                }
            } catch .fileNameTooLong {
                throw .pathTooLong(path)
            } catch .addressInUse {
                throw .inUse(path)
            } catch {
                throw .system("make the control socket", path, error)
            }
        }
    }

    /// Removes a socket on which nobody answers.
    private static func clear(_ path: FilePath) throws(ControlError) {
        let status: FileStatus
        do throws(Errno) {
            status = try FileStatus(ofName: path)
        } catch .noSuchFileOrDirectory {
            return
        } catch {
            throw .system("look at the control socket", path, error)
        }
        guard status.kind == .socket else { throw .notASocket(path) }
        guard !ControlClient.isAnswered(path) else { throw .inUse(path) }
        guard path.withPlatformString({ unlink($0) }) == 0 || errno == ENOENT else {
            throw .system("replace the control socket", path, Errno(rawValue: errno))
        }
    }

    /// Removes the name, if it still leads to this socket.
    func remove() {
        guard FileStatus.name(self.path, leadsTo: self.identity) else { return }
        _ = self.path.withPlatformString { unlink($0) }
    }
}

private enum Glue {
    static func listen(_ file: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.listen(file, 16)
        #elseif canImport(Musl)
            Musl.listen(file, 16)
        #else
            Darwin.listen(file, 16)
        #endif
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import RegularFile
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Replaces a small file as a whole, so that a crash leaves the old one or the new one.
enum AtomicFile {
    /// Reads a file, changes its bytes, and puts a new file in its place. Two who do this wait for each other.
    /// - Parameter change: from the old bytes (none, if there is no file) to the new ones, and something to return
    static func update<Result>(
        _ path: FilePath,
        createIfMissing: Bool,
        _ change: ([UInt8]) throws(PasswordFileError) -> (bytes: [UInt8], result: Result)
    ) throws(PasswordFileError) -> Result {
        do {
            let path = Self.target(of: path)
            let folder = path.removingLastComponent()
            let directory = try FileDescriptor.open(
                folder.isEmpty ? "." : folder,
                .readOnly,
                options: [.closeOnExec, .directory]
            )
            return try directory.closeAfter {
                // The lock is on the folder: the file itself is another one after each change.
                try Self.check(retrying: { flock(directory.rawValue, LOCK_EX) })
                let old = try Self.metadata(of: path)
                guard old != nil || createIfMissing else { throw Errno.noSuchFileOrDirectory }
                let bytes = old == nil ? [] : try PasswordFile.contents(of: path).bytes
                let (changed, result) = try change(bytes)
                try Self.replace(path, with: changed, like: old)
                try Self.check(retrying: { fsync(directory.rawValue) })
                return result
            }
        } catch let error as PasswordFileError {
            throw error
        } catch let error as Errno {
            throw PasswordFileError(.system(error), file: path.string)
        } catch {
            throw PasswordFileError(.system(.ioError), file: path.string)
        }
    }

    /// The file that a symbolic link leads to: the link is to stay.
    private static func target(of path: FilePath) -> FilePath {
        guard let resolved = path.withPlatformString({ realpath($0, nil) }) else { return path }
        defer { free(resolved) }
        return FilePath(platformString: resolved)
    }

    private static func metadata(of path: FilePath) throws -> Stat? {
        do {
            return try path.stat()
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
    }

    /// Writes a new file beside the old one and renames it.
    private static func replace(_ path: FilePath, with bytes: [UInt8], like old: Stat?) throws {
        let name = ".\(path.lastComponent?.string ?? "passwd").\(UInt64.random(in: 0 ... .max))"
        let draft = path.removingLastComponent().appending(name)
        let file = try FileDescriptor.open(
            draft,
            .writeOnly,
            options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
            permissions: .ownerReadWrite
        )
        do {
            try file.closeAfter {
                if let old {
                    let own = try file.stat()
                    if own.userID != old.userID || own.groupID != old.groupID {
                        try Self.check(retrying: { fchown(file.rawValue, old.userID.rawValue, old.groupID.rawValue) })
                    }
                    let permissions = old.permissions.intersection([.ownerReadWrite, .groupReadWrite])
                    try Self.check(retrying: { fchmod(file.rawValue, permissions.rawValue) })
                }
                try file.writeAll(bytes)
                try Self.check(retrying: { fsync(file.rawValue) })
            }
            try Self.check(
                retrying: { draft.withPlatformString { from in path.withPlatformString { rename(from, $0) } } }
            )
        } catch {
            // Nothing of it is to stay; that it cannot be removed is no news beside the error.
            _ = draft.withPlatformString { unlink($0) }
            throw error
        }
    }

    /// Calls until no signal interrupts.
    private static func check(retrying call: () -> CInt) throws {
        while call() != 0 {
            let error = Errno(rawValue: errno)
            if error != .interrupted { throw error }
        }
    }
}

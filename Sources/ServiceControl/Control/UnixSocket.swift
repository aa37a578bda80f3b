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

/// Calls on Unix domain sockets.
enum UnixSocket {
    static func make(_ type: Int32) throws(Errno) -> FileDescriptor {
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return FileDescriptor(rawValue: descriptor)
    }

    static func bind(_ file: FileDescriptor, to path: FilePath) throws(Errno) {
        let result = try self.withAddress(path) { Glue.bind(file.rawValue, $0, $1) }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    static func connect(_ file: FileDescriptor, to path: FilePath) throws(Errno) {
        let result = try self.withAddress(path) { Glue.connect(file.rawValue, $0, $1) }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    /// How long each read and write may take.
    static func setTimeout(_ file: FileDescriptor, _ timeout: Duration) {
        let parts = max(timeout, .milliseconds(1)).components
        var value = timeval()
        value.tv_sec = numericCast(parts.seconds)
        value.tv_usec = numericCast(parts.attoseconds / 1_000_000_000_000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(file.rawValue, SOL_SOCKET, SO_RCVTIMEO, &value, size)
        setsockopt(file.rawValue, SOL_SOCKET, SO_SNDTIMEO, &value, size)
    }

    /// - Throws: `Errno.fileNameTooLong` when the path does not fit.
    static func withAddress<Result>(
        _ path: FilePath,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(Errno) -> Result {
        try self.withAddress(
            bytes: path.withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) },
            body
        )
    }

    /// - Parameter bytes: a path without its end mark, or the name of an abstract socket with its leading 0.
    static func withAddress<Result>(
        bytes: [UInt8],
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(Errno) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isAbstract = bytes.first == 0
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { target in
            guard bytes.count < target.count else { return false }
            target.copyBytes(from: bytes)
            return true
        }
        guard fits else { throw .fileNameTooLong }
        // An abstract name ends with the address's length, a path with a 0.
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let length = socklen_t(isAbstract ? offset + bytes.count : MemoryLayout<sockaddr_un>.size)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

/// The system's functions, whose names are also those of methods here.
private enum Glue {
    static func bind(_ file: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
        #if canImport(Glibc)
            Glibc.bind(file, address, length)
        #elseif canImport(Musl)
            Musl.bind(file, address, length)
        #else
            Darwin.bind(file, address, length)
        #endif
    }

    static func connect(_ file: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
        #if canImport(Glibc)
            Glibc.connect(file, address, length)
        #elseif canImport(Musl)
            Musl.connect(file, address, length)
        #else
            Darwin.connect(file, address, length)
        #endif
    }
}

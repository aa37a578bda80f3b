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

/// What a running process was started with, as the system tells it. Linux only.
public struct ProcessCommandLine: Sendable, Equatable {
    /// Without the program's name.
    public let arguments: [String]
    /// The directory it is in now.
    public let directory: FilePath
    /// Whether it is a process of this user or of root, and was not started by another one either, who would have
    /// chosen the arguments.
    public let isTrusted: Bool

    /// Nil when there is no such process, or the system does not tell.
    public init?(of pid: Int32) {
        #if os(Linux)
            guard var bytes = Self.content(of: FilePath("/proc/\(pid)/cmdline")), bytes.popLast() == 0 else {
                return nil
            }
            let texts = bytes.split(separator: 0, omittingEmptySubsequences: false)
            self.arguments = texts.dropFirst().map { String(decoding: $0, as: UTF8.self) }
            var target = [CChar](repeating: 0, count: Int(PATH_MAX))
            let length = readlink("/proc/\(pid)/cwd", &target, target.count - 1)
            guard length > 0 else { return nil }
            self.directory = FilePath(platformString: target)
            let users = Self.content(of: FilePath("/proc/\(pid)/status")).map(Self.users) ?? []
            self.isTrusted = !users.isEmpty && users.allSatisfy { $0 == 0 || $0 == geteuid() }
        #else
            return nil
        #endif
    }

    #if os(Linux)
        private static func content(of path: FilePath) -> [UInt8]? {
            guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
            defer { try? file.close() }
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while bytes.count < 1 << 20 {
                guard let count = try? buffer.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
                if count == 0 { break }
                bytes += buffer.prefix(count)
            }
            return bytes
        }

        /// The real user, the effective one and two more (proc_pid_status(5), `Uid`). Not the owner of the file: that
        /// is root for every process which does not let itself be looked at.
        static func users(status: [UInt8]) -> [UInt32] {
            let name = Array("Uid:".utf8)
            guard let line = status.split(separator: 0x0A).first(where: { $0.starts(with: name) }) else { return [] }
            let numbers = line.dropFirst(name.count).split(separator: 0x09).map {
                UInt32(String(decoding: $0, as: UTF8.self))
            }
            return numbers.contains(nil) ? [] : numbers.compactMap(\.self)
        }
    #endif
}

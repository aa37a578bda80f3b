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

    /// Nil when there is no such process, or the system does not tell.
    public init?(of pid: Int32) {
        #if os(Linux)
            guard let file = try? FileDescriptor.open("/proc/\(pid)/cmdline", .readOnly, options: .closeOnExec) else {
                return nil
            }
            defer { try? file.close() }
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while bytes.count < 1 << 20 {
                guard let count = try? buffer.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
                if count == 0 { break }
                bytes += buffer.prefix(count)
            }
            guard bytes.popLast() == 0 else { return nil }
            let texts = bytes.split(separator: 0, omittingEmptySubsequences: false)
            self.arguments = texts.dropFirst().map { String(decoding: $0, as: UTF8.self) }
            var target = [CChar](repeating: 0, count: Int(PATH_MAX))
            let length = readlink("/proc/\(pid)/cwd", &target, target.count - 1)
            guard length > 0 else { return nil }
            self.directory = FilePath(platformString: target)
        #else
            return nil
        #endif
    }
}

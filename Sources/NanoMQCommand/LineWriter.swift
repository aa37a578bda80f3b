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

/// Lines on their way into a file, or to standard output.
struct LineWriter {
    /// Bytes that are written at once.
    private static let chunk = 64 * 1024

    private let path: String?
    private let file: FileDescriptor
    private var buffer: [UInt8] = []

    init(to path: String?) throws {
        self.path = path
        guard let path else {
            self.file = .standardOutput
            return
        }
        do {
            self.file = try FileDescriptor.open(
                FilePath(path),
                .writeOnly,
                options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: .ownerReadWrite
            )
        } catch let error as Errno {
            throw Failure("\(path): cannot be made: \(error)")
        }
    }

    var isStandardOutput: Bool { self.path == nil }

    mutating func write(_ line: String) throws {
        self.buffer += line.utf8
        self.buffer.append(0x0A)
        if self.buffer.count >= Self.chunk { try self.flush() }
    }

    mutating func finish() throws {
        try self.flush()
        guard let path else { return }
        do {
            try self.file.close()
        } catch {
            throw Failure("\(path): cannot be written: \(error)")
        }
    }

    /// Half a file would be taken for a whole one.
    func discard() {
        if let path { unlink(path) }
    }

    private mutating func flush() throws {
        do {
            try self.file.writeAll(self.buffer)
        } catch {
            throw Failure("\(self.path ?? "standard output"): cannot be written: \(error)")
        }
        self.buffer.removeAll(keepingCapacity: true)
    }
}

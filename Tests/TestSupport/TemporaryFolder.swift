//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

package import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder for one test, removed with all that is in it.
package final class TemporaryFolder: Sendable {
    package let path: FilePath

    package init() throws {
        var template = Array("/tmp/nanomq-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        self.path = FilePath(platformString: template)
    }

    deinit {
        Self.remove(self.path)
    }

    package func file(_ name: String) -> FilePath { self.path.appending(name) }

    /// A folder with the same files in it.
    package func copy() throws -> TemporaryFolder {
        let other = try TemporaryFolder()
        for name in self.names {
            try other.write(try self.bytes(of: name), to: name)
        }
        return other
    }

    /// The files in it.
    package var names: [String] {
        guard let directory = self.path.withPlatformString({ opendir($0) }) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    package func bytes(of name: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(self.file(name), .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                guard count > 0 else { return bytes }
                bytes += buffer[..<count]
            }
        }
    }

    package func write(_ bytes: [UInt8], to name: String, permissions: FilePermissions = [.ownerReadWrite]) throws {
        let file = try FileDescriptor.open(
            self.file(name),
            .writeOnly,
            options: [.create, .truncate],
            permissions: permissions
        )
        _ = try file.closeAfter { try file.writeAll(bytes) }
    }

    package func write(_ text: String, to name: String) throws { try self.write(Array(text.utf8), to: name) }

    package func text(of name: String) throws -> String { String(decoding: try self.bytes(of: name), as: UTF8.self) }

    private static func remove(_ path: FilePath) {
        if let directory = path.withPlatformString({ opendir($0) }) {
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != "." && name != ".." { self.remove(path.appending(name)) }
            }
            closedir(directory)
            _ = path.withPlatformString { rmdir($0) }
        } else {
            _ = path.withPlatformString { unlink($0) }
        }
    }
}

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

/// A folder for one test, removed with all that is in it.
final class TemporaryFolder: Sendable {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/nanomq-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        self.path = FilePath(platformString: template)
    }

    deinit {
        Self.remove(self.path)
    }

    func file(_ name: String) -> FilePath { self.path.appending(name) }

    func write(_ text: String, to name: String) throws {
        let file = try FileDescriptor.open(
            self.file(name),
            .writeOnly,
            options: [.create, .truncate],
            permissions: [.ownerReadWrite]
        )
        _ = try file.closeAfter { try file.writeAll(text.utf8) }
    }

    func text(of name: String) throws -> String {
        let file = try FileDescriptor.open(self.file(name), .readOnly)
        return try file.closeAfter {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

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

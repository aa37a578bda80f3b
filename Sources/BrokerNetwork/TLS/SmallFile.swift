//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import RegularFile
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads files that are small by their nature.
enum SmallFile {
    /// Bytes that are read at most: a revocation list of some 100,000 entries.
    static let maximumSize = 16 * 1024 * 1024
    /// Files of a directory that are looked at, at most.
    static let maximumCount = 1024

    static func read(_ path: String) throws(ListenerError) -> [UInt8] {
        do throws(RegularFile.Failure) {
            return try RegularFile(reading: FilePath(path), maximum: self.maximumSize).bytes
        } catch {
            throw ListenerError("\(path): \(error)")
        }
    }

    /// The files of a directory, by name.
    static func list(_ path: String) throws(ListenerError) -> [String] {
        guard let directory = opendir(path) else {
            throw ListenerError("\(path): cannot be read: \(Errno(rawValue: errno))")
        }
        defer { closedir(directory) }
        var paths: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                // The system ends the name with a zero within its array.
                $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
            }
            var status = stat()
            let file = path + "/" + name
            guard stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            paths.append(file)
            guard paths.count <= self.maximumCount else { throw ListenerError("\(path): holds too many files") }
        }
        return paths.sorted()
    }
}

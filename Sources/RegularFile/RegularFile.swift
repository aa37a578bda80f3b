//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

package import SystemPackage

/// The whole of a file that somebody has written for the broker: a configuration, passwords, certificates.
///
/// Whoever reads it cannot be held up: of a pipe or a device nothing is read, since it might never end, or begin.
package struct RegularFile: Sendable {
    /// Why a file was not read.
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// What the system says.
        case system(Errno)
        /// It is a directory, a pipe, a socket or a device.
        case notRegular
        /// It has more bytes than this.
        case tooLarge(maximum: Int)

        /// For people; without the path.
        package var description: String {
            switch self {
            case .system(let errno): "cannot be read: \(errno)"
            case .notRegular: "cannot be read: it is no regular file"
            case .tooLarge(let maximum): "larger than \(maximum) bytes"
            }
        }
    }

    /// What is in it.
    package let bytes: [UInt8]
    /// Who may do what with it.
    package let permissions: FilePermissions

    /// Reads a file.
    ///
    /// - Parameter maximum: bytes that it may have.
    package init(reading path: FilePath, maximum: Int) throws(Failure) {
        do {
            // Without waiting: opening a pipe would wait for its writer.
            let file = try FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
            (self.bytes, self.permissions) = try file.closeAfter { try Self.read(file, maximum: maximum) }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .system(error as? Errno ?? .ioError)
        }
    }

    private static func read(_ file: FileDescriptor, maximum: Int) throws -> ([UInt8], FilePermissions) {
        let status = try file.stat()
        guard status.type == .regular else { throw Failure.notRegular }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
            guard count > 0 else { return (bytes, status.permissions) }
            guard bytes.count + count <= maximum else { throw Failure.tooLarge(maximum: maximum) }
            bytes += buffer[..<count]
        }
    }
}

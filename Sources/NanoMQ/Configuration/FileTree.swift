//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import NanoConfiguration
import SystemPackage

/// The tree of a configuration file with all it includes.
struct FileTree {
    /// No configuration is larger; what is, is something else.
    static let maximumSize = 4 * 1024 * 1024

    var root: HOCONObject
    var warnings: [ConfigurationWarning] = []
    var notes: [ConfigurationWarning] = []

    /// Reads a file in HOCON.
    static func hocon(
        _ path: String,
        environment: [String: String],
        requiresIncludes: Bool = false
    ) throws(ConfigurationFileError) -> FileTree {
        let text = try self.text(of: path)
        var missing: [ConfigurationWarning] = []
        do throws(HOCONError) {
            let root = try withoutActuallyEscaping(
                { (request: IncludeRequest) throws(HOCONError) -> IncludedText? in
                    let text = try self.included(request)
                    if text == nil, !requiresIncludes {
                        let source = ConfigurationSource.file(request.location)
                        missing.append(ConfigurationWarning(.includeMissing(request.name), key: "", source: source))
                    } else if text == nil {
                        throw HOCONError(.includeMissing(name: request.name), at: request.location)
                    }
                    return text
                },
                do: { include throws(HOCONError) in
                    try HOCON.parse(text, file: path, environment: environment, include: include)
                }
            )
            return FileTree(root: root, warnings: missing)
        } catch {
            throw ConfigurationFileError(description: "\(error)")
        }
    }

    /// Reads a file in the original's flat form.
    static func old(_ path: String) throws(ConfigurationFileError) -> FileTree {
        let text = try self.text(of: path)
        do throws(ConfigurationError) {
            let (root, warnings, notes) = try OldConfiguration.parse(text, file: path)
            return FileTree(root: root, warnings: warnings, notes: notes)
        } catch {
            throw ConfigurationFileError(description: "\(error)")
        }
    }

    /// The text of an included file; `nil` if it is not there. One that is there and cannot be read is an error: it may
    /// hold the passwords.
    private static func included(_ request: IncludeRequest) throws(HOCONError) -> IncludedText? {
        do {
            return IncludedText(file: request.path, text: try self.content(of: request.path))
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            return nil
        } catch {
            throw HOCONError(.includeFailed(name: request.name, reason: "\(error)"), at: request.location)
        }
    }

    static func text(of path: String) throws(ConfigurationFileError) -> String {
        do {
            return try self.content(of: path)
        } catch {
            throw ConfigurationFileError(description: "\(path): cannot be read: \(error)")
        }
    }

    private static func content(of path: String) throws -> String {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        let bytes = try file.closeAfter {
            // One byte more than allowed tells a file that is too large from one that just fits.
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 16 * 1024)
            while bytes.count <= self.maximumSize {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                guard count > 0 else { break }
                bytes += buffer.prefix(count)
            }
            return bytes
        }
        guard bytes.count <= self.maximumSize else {
            throw ConfigurationFileError(description: "larger than \(self.maximumSize) bytes")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationFileError(description: "is not UTF-8")
        }
        return text
    }
}

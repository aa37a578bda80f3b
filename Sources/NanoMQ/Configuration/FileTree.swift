//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import NanoConfiguration
import RegularFile
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
        do throws(Unreadable) {
            return IncludedText(file: request.path, text: try self.content(of: request.path))
        } catch .file(.system(.noSuchFileOrDirectory)), .file(.system(.notDirectory)) {
            return nil
        } catch {
            throw HOCONError(.includeFailed(name: request.name, reason: "\(error)"), at: request.location)
        }
    }

    /// The text of a file.
    static func text(of path: String) throws(ConfigurationFileError) -> String {
        do throws(Unreadable) {
            return try self.content(of: path)
        } catch {
            throw ConfigurationFileError(description: "\(path): \(error)")
        }
    }

    private enum Unreadable: Error, CustomStringConvertible {
        case file(RegularFile.Failure)
        case notText

        var description: String {
            switch self {
            case .file(let failure): "\(failure)"
            case .notText: "is not UTF-8"
            }
        }
    }

    private static func content(of path: String) throws(Unreadable) -> String {
        let bytes: [UInt8]
        do throws(RegularFile.Failure) {
            bytes = try RegularFile(reading: FilePath(path), maximum: self.maximumSize).bytes
        } catch {
            throw .file(error)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
        return text
    }
}

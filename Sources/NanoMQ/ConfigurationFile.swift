//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import NanoConfiguration
import SystemPackage

/// Reads a configuration from files: the only place where they are opened.
public enum ConfigurationFile {
    /// No configuration is larger; what is, is something else.
    static let maximumSize = 4 * 1024 * 1024

    /// Reads a file and all it includes.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - environment: what substitutions fall back to.
    /// - Returns: the configuration, and what in the file has no effect.
    /// - Throws: ``ConfigurationFileError``; a broker is not started on half a configuration.
    public static func read(
        _ path: String,
        environment: [String: String] = ProcessEnvironment.variables
    ) throws(ConfigurationFileError) -> (NanoConfiguration, warnings: [ConfigurationWarning]) {
        let text = try self.text(of: path)
        let root: HOCONObject
        do throws(HOCONError) {
            root = try HOCON.parse(text, file: path, environment: environment) { request in
                // What is not there is an error only where the include says that it is required.
                guard let text = try? self.text(of: request.path) else { return nil }
                return IncludedText(file: request.path, text: text)
            }
        } catch {
            throw ConfigurationFileError(description: "\(error)")
        }
        do throws(ConfigurationError) {
            return try NanoConfiguration.load(hocon: root)
        } catch {
            throw ConfigurationFileError(description: "\(error)")
        }
    }

    private static func text(of path: String) throws(ConfigurationFileError) -> String {
        let bytes: [UInt8]
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly)
            bytes = try file.closeAfter {
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
        } catch {
            throw ConfigurationFileError(description: "\(path): cannot be read: \(error)")
        }
        guard bytes.count <= self.maximumSize else {
            throw ConfigurationFileError(description: "\(path): larger than \(self.maximumSize) bytes")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationFileError(description: "\(path): is not UTF-8")
        }
        return text
    }
}

/// What is wrong with a configuration file: the place, the key and what was expected.
public struct ConfigurationFileError: Error, CustomStringConvertible, Equatable {
    /// For people.
    public let description: String
}

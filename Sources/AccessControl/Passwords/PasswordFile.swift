//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import RegularFile
public import SystemPackage

/// A file of users: a line `<user>:<password>` each, where the password is plain or hashed as mosquitto_passwd does it.
/// Empty lines and lines that start with `#` are left out.
public struct PasswordFile: Sendable {
    /// Users with their passwords; at least one.
    public let users: [String: PasswordRecord]
    /// Whether others than its owner and group may read it. It is worth a warning.
    public let isReadableByOthers: Bool

    /// Bytes that a file may have.
    public static let maximumSize = 64 << 20

    /// Reads a file.
    /// - Throws: anything that is not right, a file without users included
    public init(reading path: FilePath) throws(PasswordFileError) {
        let contents = try Self.contents(of: path)
        self.users = try Self.parse(contents.bytes, file: path.string)
        self.isReadableByOthers = contents.permissions.contains(.otherRead)
    }

    /// Reads the text of a file.
    /// - Parameter file: the name that errors shall tell
    public static func parse(_ bytes: [UInt8], file: String) throws(PasswordFileError) -> [String: PasswordRecord] {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw PasswordFileError(.notText, file: file) }
        var users: [String: PasswordRecord] = [:]
        for (index, line) in PasswordFileLine.lines(of: text).enumerated() {
            guard !line.isBlank else { continue }
            func error(_ problem: PasswordFileError.Problem) -> PasswordFileError {
                PasswordFileError(problem, file: file, line: index + 1)
            }
            guard let user = line.user, let password = line.password else { throw error(.noColon) }
            guard PasswordFileLine.isValid(user: user) else { throw error(.invalidUserName) }
            guard users[user] == nil else { throw error(.duplicateUser) }
            do throws(PasswordFormatError) {
                users[user] = try PasswordRecord(parsing: password)
            } catch let problem {
                throw error(.password(problem))
            }
        }
        guard !users.isEmpty else { throw PasswordFileError(.noUsers, file: file) }
        return users
    }

    static func contents(of path: FilePath) throws(PasswordFileError) -> RegularFile {
        do throws(RegularFile.Failure) {
            return try RegularFile(reading: path, maximum: self.maximumSize)
        } catch {
            switch error {
            case .system(let errno): throw PasswordFileError(.system(errno), file: path.string)
            case .notRegular: throw PasswordFileError(.notRegular, file: path.string)
            case .tooLarge: throw PasswordFileError(.tooLarge, file: path.string)
            }
        }
    }
}

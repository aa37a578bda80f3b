//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import RegularFile
import SystemPackage

/// Adds, changes and removes users of a password file, and leaves the other lines as they are. This is what
/// `nanomq passwd` does.
///
/// A file is replaced as a whole: whoever reads it meanwhile sees the old one or the new one. A file that it makes may
/// be read and written by its owner alone; one that was there keeps its owner, its group, and what these may do, and is
/// closed to all others.
public struct PasswordFileEditor: Sendable {
    /// What an edit has done.
    public enum Change: Sendable, Hashable {
        /// The user is new.
        case added
        /// The user was there and has another password now.
        case changed
    }

    /// The file.
    public let path: FilePath

    /// Edits a file.
    public init(_ path: FilePath) {
        self.path = path
    }

    /// Gives a user a password, stored as PBKDF2-SHA512. Makes the file if there is none. Takes its time, on purpose.
    /// - Parameters:
    ///   - user: 1 to 65535 bytes without colon, line break and U+0000, not starting with `#`
    ///   - iterations: 1 to ``PasswordHash/maximumIterations``
    /// - Throws: if the name cannot stand in a file, the password is empty, or the file cannot be read or written
    public func add(
        _ user: String,
        password: [UInt8],
        iterations: Int = PasswordHash.defaultIterations
    ) throws(PasswordFileError) -> Change {
        guard PasswordFileLine.isValid(user: user) else { throw self.error(.invalidUserName) }
        guard !password.isEmpty else { throw self.error(.password(.empty)) }
        let line = PasswordFileLine(user: user, password: PasswordHash.make(password, iterations: iterations))
        return try AtomicFile.update(self.path, createIfMissing: true) { bytes throws(PasswordFileError) in
            var lines = try self.lines(bytes)
            let change = Self.set(line, for: user, in: &lines)
            return (Self.bytes(lines), change)
        }
    }

    /// Removes a user.
    /// - Throws: if there is no such user, or the file cannot be read or written
    public func remove(_ user: String) throws(PasswordFileError) {
        try AtomicFile.update(self.path, createIfMissing: false) { bytes throws(PasswordFileError) in
            let lines = try self.lines(bytes)
            let others = lines.filter { $0.user?.hasSameBytes(as: user) != true }
            guard others.count < lines.count else { throw self.error(.unknownUser) }
            return (Self.bytes(others), ())
        }
    }

    /// The names of the users, in the order of the file.
    /// - Throws: if the file cannot be read
    public func list() throws(PasswordFileError) -> [String] {
        try self.lines(try PasswordFile.contents(of: self.path).bytes).compactMap(\.user)
    }

    // MARK: Text

    private func lines(_ bytes: [UInt8]) throws(PasswordFileError) -> [PasswordFileLine] {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw self.error(.notText) }
        return PasswordFileLine.lines(of: text)
    }

    /// Puts a user's line in the place of the one it had; a second one of the same user would not be read, so it goes.
    private static func set(
        _ line: PasswordFileLine,
        for user: String,
        in lines: inout [PasswordFileLine]
    ) -> Change {
        guard let place = lines.firstIndex(where: { $0.user?.hasSameBytes(as: user) == true }) else {
            lines.append(line)
            return .added
        }
        lines[place] = line
        let rest = lines[(place + 1)...].filter { $0.user?.hasSameBytes(as: user) != true }
        lines.replaceSubrange((place + 1)..., with: rest)
        return .changed
    }

    private static func bytes(_ lines: [PasswordFileLine]) -> [UInt8] {
        lines.flatMap { Array($0.text.utf8) + [UInt8(ascii: "\n")] }
    }

    private func error(_ problem: PasswordFileError.Problem) -> PasswordFileError {
        PasswordFileError(problem, file: self.path.string)
    }
}

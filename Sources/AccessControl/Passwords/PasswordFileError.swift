//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

/// What is wrong with a password file, and where. It quotes neither names nor passwords.
public struct PasswordFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of problem.
    public enum Problem: Sendable, Hashable {
        /// The file cannot be read or written.
        case system(Errno)
        /// It is a directory, a pipe, a socket or a device.
        case notRegular
        /// The file is larger than ``PasswordFile/maximumSize``.
        case tooLarge
        /// The file is not UTF-8.
        case notText
        /// There is no user in it. An empty file would otherwise let in everybody or nobody, and both surprise.
        case noUsers
        /// A line has no colon.
        case noColon
        /// A user name is empty, contains a colon, a line break or U+0000, starts with `#`, or is too long.
        case invalidUserName
        /// A user is there twice.
        case duplicateUser
        /// A password cannot be used.
        case password(PasswordFormatError)
        /// The user that is to be removed is not there.
        case unknownUser
    }

    /// The file.
    public let file: String
    /// The line, from 1; nil if it is about the whole file.
    public let line: Int?
    /// What the problem is.
    public let problem: Problem

    init(_ problem: Problem, file: String, line: Int? = nil) {
        self.problem = problem
        self.file = file
        self.line = line
    }

    /// `file:line: message`.
    public var description: String {
        let message =
            switch self.problem {
            case .system(let error): "\(error)"
            case .notRegular: "no regular file"
            case .tooLarge: "larger than \(PasswordFile.maximumSize) bytes"
            case .notText: "not UTF-8"
            case .noUsers: "no users"
            case .noColon: "expected <user>:<password>"
            case .invalidUserName: "not a user name"
            case .duplicateUser: "the user is there twice"
            case .password(let error): "\(error)"
            case .unknownUser: "no such user"
            }
        return self.line.map { "\(self.file):\($0): \(message)" } ?? "\(self.file): \(message)"
    }
}

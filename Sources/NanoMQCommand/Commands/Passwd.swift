//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser

/// `nanomq passwd`: the users of a password file.
struct Passwd: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add, change or remove a user of a password file.",
        discussion: """
            The password is asked for without being shown, or read from standard input, one line, if that is not a \
            terminal. A running broker sees the change at its next reload.
            """
    )

    @Argument(help: "Password file; made if it is missing.")
    var file: String

    @Argument(help: "User name.")
    var user: String

    @Flag(name: [.customShort("D"), .long], help: "Remove the user.")
    var delete = false

    @Option(
        name: [.customShort("b"), .customLong("batch")],
        help: ArgumentHelp("The password. Others can see it in the list of processes.", valueName: "password")
    )
    var password: String?

    @Option(
        name: .customLong("password_file"),
        help: ArgumentHelp("Read the password from the first line of this file.", valueName: "file")
    )
    var passwordFile: String?

    func validate() throws {
        let sources = [self.delete, self.password != nil, self.passwordFile != nil].filter { $0 }
        guard sources.count <= 1 else {
            throw ValidationError("--delete, --batch and --password_file exclude each other.")
        }
        guard !self.user.isEmpty, !self.user.contains(where: { $0 == ":" || $0.isNewline || $0 == "\0" }) else {
            throw ValidationError("A user name is not empty and has no colon and no line break.")
        }
    }

    func run() throws {
        guard let editor = PasswordEditors.current else {
            throw Failure("This build has no password files.")
        }
        if self.delete {
            guard try editor.remove(user: self.user, from: self.file) else {
                throw Failure("\(self.file): there is no user of this name.")
            }
            return
        }
        try editor.set(password: try self.readPassword(), for: self.user, in: self.file)
    }

    private func readPassword() throws -> String {
        if let password {
            Console.error("warning: a password on the command line can be seen by others.")
            return password
        }
        if let passwordFile { return try PasswordPrompt.read(file: passwordFile) }
        return try PasswordPrompt.ask()
    }
}

/// What edits password files.
protocol PasswordEditing: Sendable {
    /// Adds the user, or changes the password of the one there is.
    func set(password: String, for user: String, in file: String) throws

    /// - Returns: false if there is no such user.
    func remove(user: String, from file: String) throws -> Bool
}

/// The editor of this build.
enum PasswordEditors {
    static let current: (any PasswordEditing)? = nil
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import AccessControl
import ArgumentParser
import SystemPackage

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
        let editor = PasswordFileEditor(FilePath(self.file))
        if self.delete {
            try editor.remove(self.user)
        } else {
            _ = try editor.add(self.user, password: Array(try self.readPassword().utf8))
        }
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

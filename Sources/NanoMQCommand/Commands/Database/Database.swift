//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser

/// `nanomq db`: looks after the database of a broker that is stopped.
struct Database: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db",
        abstract: "Look after the database of a stopped broker.",
        discussion: """
            While a broker uses the database, all of these refuse to work and say so. The exit code is 0 if all is \
            well, and 1 if faults were found or the work could not be done.
            """,
        subcommands: [
            CheckDatabase.self, DatabaseStatistics.self, CompactDatabase.self, ExportDatabase.self,
        ]
    )

    /// For the help of the commands that only read.
    static let opening = """
        What is kept stays as it is, but opening the database brings tables of an earlier version up to date, moves what \
        is in the log (-wal) into it, and takes the rights of others on the files away.
        """

    /// Without a sub-command: what there is, and exit code 1, as with `nanomq` alone.
    func run() throws {
        Console.error(NanoMQCommand.helpMessage(for: Self.self))
        throw ExitCode.failure
    }
}

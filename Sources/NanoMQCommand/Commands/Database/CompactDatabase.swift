//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import Persistence

/// `nanomq db compact`: gives room back to the file system.
struct CompactDatabase: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Remove what has expired, and make the file as small as it can be.",
        discussion: """
            While it works it needs as much room as the file will have in the end: once in the directory for temporary \
            files (SQLITE_TMPDIR or TMPDIR of the environment, else /var/tmp), and once beside the database.
            """
    )

    @OptionGroup
    var options: DatabaseOptions

    func run() throws {
        let database = try self.options.open()
        let before = try database.file.statistics().fileBytes
        try ProgressLine.showing("compacting") { progress in try database.file.compact(progress: progress) }
        Console.print("\(database.path): \(before) -> \(try database.file.statistics().fileBytes) bytes")
    }
}

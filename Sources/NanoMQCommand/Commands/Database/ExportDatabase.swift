//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import Persistence

/// `nanomq db export`: what is in a database, for other programs.
struct ExportDatabase: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write sessions, messages and retained messages as JSON, an object a line.",
        discussion: """
            Payloads are in it, so a file is readable by its owner only. Some of what only a broker needs is left out: to \
            restore a broker, copy its files. \(Database.opening)
            """
    )

    @OptionGroup
    var options: DatabaseOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write here, to a file that is not there yet; default: standard output.", valueName: "file")
    )
    var output: String?

    func run() throws {
        let database = try self.options.open()
        var lines = try LineWriter(to: self.output)
        do {
            try ProgressLine.showing("exporting", whileWriting: lines.isStandardOutput) { progress in
                try database.file.export(progress: progress) { line in try lines.write(line) }
            }
            try lines.finish()
        } catch {
            lines.discard()
            throw error
        }
    }
}

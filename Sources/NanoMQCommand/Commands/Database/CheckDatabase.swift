//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import Persistence

/// `nanomq db check`: whether a database is sound.
struct CheckDatabase: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that the database is sound.",
        discussion: "Each fault is a line on standard output. None is mended. \(Database.opening)"
    )

    @OptionGroup
    var options: DatabaseOptions

    func run() throws {
        let database = try self.options.open()
        let faults = try ProgressLine.showing("checking") { progress in try database.file.check(progress: progress) }
        for fault in faults { Console.print(fault) }
        guard faults.isEmpty else { throw Failure("\(database.path): not sound") }
        Console.print("\(database.path): sound")
    }
}

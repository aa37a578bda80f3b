//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoConfiguration
import NanoMQ

/// `nanomq check`: whether a broker would start with these options, and what it would be told.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the configuration, and print what holds.",
        discussion: "Takes the options of start, and starts nothing. The exit code is 1 if the configuration is wrong."
    )

    @OptionGroup
    var options: StartOptions

    func run() async throws {
        let loaded = try self.options.withAbsolutePaths().load()
        for note in loaded.notes { Console.error("note: \(note)") }
        for warning in loaded.warnings { Console.error("warning: \(warning)") }
        // What is in the files that it names counts too.
        let plan = try BrokerPlan(loaded.configuration)
        try await plan.check()
        for warning in plan.warnings { Console.error("warning: \(warning)") }
        Console.print(loaded.effective())
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoConfiguration

/// `nanomq check`: whether a broker would start with these options, and what it would be told.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the configuration, and print what holds.",
        discussion: "Takes the options of start, and starts nothing. The exit code is 1 if the configuration is wrong."
    )

    @OptionGroup
    var options: StartOptions

    func run() throws {
        let loaded = try self.options.withAbsolutePaths().load()
        for warning in loaded.warnings { Console.error("warning: \(warning)") }
        for line in loaded.effective { Console.print(line) }
    }
}

extension LoadedConfiguration {
    /// What holds, key by key.
    var effective: [String] {
        self.configuration.listeners.map { "listeners.tcp.\($0.name).bind = \"\($0.host):\($0.port)\"" }
            + ["log.level = \(self.configuration.log.level.rawValue)"]
    }
}

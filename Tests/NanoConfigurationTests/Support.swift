//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import NanoConfiguration

/// Loads a text as a file of the name `test.conf`.
func load(_ text: String) throws -> (NanoConfiguration, warnings: [ConfigurationWarning]) {
    let loaded = try loadAll(text)
    return (loaded.configuration, loaded.warnings)
}

/// Loads a text as a file of the name `test.conf`, with an environment and a command line.
func loadAll(
    _ text: String,
    environment: [String: String] = [:],
    overrides: CommandLineOverrides = CommandLineOverrides()
) throws -> LoadedConfiguration {
    try NanoConfiguration.load(
        hocon: try HOCON.parse(text, file: "test.conf"),
        environment: environment,
        overrides: overrides
    )
}

/// The message of the error which a text gives; `nil` if it loads.
func failure(_ text: String) -> String? {
    do {
        _ = try load(text)
        return nil
    } catch {
        return "\(error)"
    }
}

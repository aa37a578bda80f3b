//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import HOCON

/// Where a value of the configuration comes from. Later ones win: default, file, environment, command line.
public enum ConfigurationSource: Sendable, Equatable, CustomStringConvertible {
    /// Nobody said anything.
    case standard
    /// A place in a file.
    case file(SourceLocation)
    /// A variable of the environment, by its name.
    case environment(String)
    /// A flag of the command line, by its name, such as `--url`.
    case commandLine(String)

    /// `default`, `file:line:column`, or the name of the variable or flag.
    public var description: String {
        switch self {
        case .standard: "default"
        case .file(let location): "\(location)"
        case .environment(let name), .commandLine(let name): name
        }
    }
}

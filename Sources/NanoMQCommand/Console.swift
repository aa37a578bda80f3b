//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

/// What the command says to people and scripts. Unlike `print` it is there at once, also in a pipe.
enum Console {
    /// A line on standard output.
    static func print(_ text: String) { self.write(text, to: .standardOutput) }

    /// A line on standard error.
    static func error(_ text: String) { self.write(text, to: .standardError) }

    private static func write(_ text: String, to file: FileDescriptor) {
        _ = try? file.writeAll((text + "\n").utf8)
    }
}

/// What could not be done, for people: the exit code is 1.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A place in a configuration text.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The name the text was given by the caller, or by the include loader. Not interpreted.
    public var file: String

    /// The line, counted from 1.
    public var line: Int

    /// The column in Unicode scalars, counted from 1.
    public var column: Int

    /// Makes a location from its parts.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, the form editors and compilers understand.
    public var description: String { "\(file):\(line):\(column)" }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import HOCON

/// The original's flat form, `--old_conf`: a line `key=value` each, `#` in front of comments.
///
/// It becomes the tree which the same configuration has in HOCON, with the places of the lines, so that it is read and
/// checked by the same definitions.
public enum OldConfiguration {
    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: the configuration.
    ///   - file: its name, for messages.
    /// - Returns: the tree, and what in the text has no effect.
    /// - Throws: the first line that cannot be understood.
    public static func parse(
        _ text: String,
        file: String
    ) throws(ConfigurationError) -> (root: HOCONObject, warnings: [ConfigurationWarning], notes: [ConfigurationWarning])
    {
        var reader = OldReader(file: file)
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            try reader.read(line, number: index + 1)
        }
        try reader.finish()
        return (reader.root, reader.findings.warnings, reader.findings.notes)
    }
}

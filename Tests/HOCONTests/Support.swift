//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import Testing

/// Parses a text and writes the tree as compact JSON, in the order of the tree.
func json(
    _ text: String,
    environment: [String: String] = [:],
    files: [String: String] = [:]
) throws -> String {
    let root = try HOCON.parse(text, file: "main.conf", environment: environment, include: loader(files))
    return json(HOCONValue(.object(root), at: root.location))
}

/// An include loader which reads from a dictionary of paths.
func loader(_ files: [String: String]) -> HOCON.IncludeLoader {
    { (request) throws(HOCONError) in
        files[request.path].map { IncludedText(file: request.path, text: $0) }
    }
}

/// The error which a text gives; a test fails if it gives none.
func failure(
    _ text: String,
    environment: [String: String] = [:],
    files: [String: String] = [:],
    sourceLocation: Testing.SourceLocation = #_sourceLocation
) -> HOCONError? {
    do throws(HOCONError) {
        _ = try HOCON.parse(text, file: "main.conf", environment: environment, include: loader(files))
        Issue.record("parsed, although it should not", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

/// The value at `a` of a text.
func value(_ text: String) throws -> HOCONValue {
    try #require(try HOCON.parse(text, file: "main.conf")["a"])
}

private func json(_ value: HOCONValue) -> String {
    switch value.content {
    case .null: "null"
    case .boolean(let value): "\(value)"
    case .number(let number): number.text
    case .string(let text): quoted(text)
    case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
    case .object(let object):
        "{" + object.members.map { quoted($0.key) + ":" + json($0.value) }.joined(separator: ",") + "}"
    }
}

private func quoted(_ text: String) -> String {
    "\"" + text.map { $0 == "\n" ? "\\n" : $0 == "\"" ? "\\\"" : String($0) }.joined() + "\""
}

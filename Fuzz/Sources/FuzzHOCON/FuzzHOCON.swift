//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// The configuration language: the text before the first zero byte, which includes the one behind it.
///
/// A text that has a tree must have the same one each time, every reader must take or refuse every value, and the
/// tree written as JSON must be read as the same tree.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHOCON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let parts = UnsafeBufferPointer(start: start, count: count)
        .split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    guard let text = parts.first else { return 0 }
    let parse = { () throws(HOCONError) -> HOCONObject in
        try HOCON.parse(text, file: "main", environment: ["HOME": "/home", "N": "1"]) { request in
            parts.count > 1 ? IncludedText(file: request.path, text: parts[1]) : nil
        }
    }
    do throws(HOCONError) {
        let tree = try parse()
        check(try parse() == tree, "another tree the second time")
        for member in tree.members { read(member.value) }
        checkJSON(tree)
    } catch {
        check(error.location.line > 0 && error.location.column > 0, "an error at \(error.location)")
        check(!error.description.isEmpty, "an error that says nothing")
    }
    return 0
}

/// Asks a value, and those in it, for everything that it could be.
private func read(_ value: HOCONValue) {
    _ = try? value.boolean()
    _ = try? value.integer()
    _ = try? value.double()
    _ = try? value.string()
    _ = try? value.duration(defaultUnit: .seconds)
    _ = try? value.byteSize()
    _ = try? value.percentage()
    if let elements = try? value.array() { elements.forEach(read) }
    if let object = try? value.object() { object.members.forEach { read($0.value) } }
}

/// Every JSON text is HOCON.
private func checkJSON(_ tree: HOCONObject) {
    let json = tree.json
    do throws(HOCONError) {
        let again = try HOCON.parse(json, file: "json")
        check(again == tree, "another tree from its JSON: \(json)")
    } catch {
        // Substitutions may have put together what is nested too deep for one text.
        guard case .limitExceeded = error.problem else { fail("\(error) in \(json)") }
    }
}

extension HOCONObject {
    fileprivate var json: String {
        "{" + self.members.map { "\($0.key.json):\($0.value.json)" }.joined(separator: ",") + "}"
    }
}

extension HOCONValue {
    fileprivate var json: String {
        switch self.content {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let number): number.text
        case .string(let text): text.json
        case .array(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
        case .object(let object): object.json
        }
    }
}

extension String {
    fileprivate var json: String {
        let hexadecimal = Array("0123456789abcdef")
        var json = "\""
        for scalar in self.unicodeScalars {
            if scalar == "\"" || scalar == "\\" {
                json += "\\\(scalar)"
            } else if scalar.value < 0x20 {
                json += "\\u00\(hexadecimal[Int(scalar.value >> 4)])\(hexadecimal[Int(scalar.value & 15)])"
            } else {
                json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}

/// Ends the run, with a reason, unless the condition holds.
private func check(_ condition: Bool, _ reason: @autoclosure () -> String) {
    if !condition { fail(reason()) }
}

/// A trap is what libFuzzer records as a crash.
private func fail(_ reason: String) -> Never { fatalError(reason) }

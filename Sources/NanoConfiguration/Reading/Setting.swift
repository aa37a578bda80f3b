//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// A value on its way into the configuration, with the key it was found at.
struct Setting {
    let key: String
    let value: HOCONValue
    /// Where values come from which are not from the file, by key.
    let origins: [String: ConfigurationSource]

    init(key: String, value: HOCONValue, origins: [String: ConfigurationSource] = [:]) {
        self.key = key
        self.value = value
        self.origins = origins
    }

    var source: ConfigurationSource { origins[key] ?? .file(value.location) }

    /// The setting of a member of this one, which is an object.
    func member(_ member: HOCONObject.Member) -> Setting {
        Setting(key: "\(key).\(member.key)", value: member.value, origins: origins)
    }

    /// The setting of an element of this one, which is a list. It has the same key.
    func element(_ value: HOCONValue) -> Setting {
        Setting(key: key, value: value, origins: origins)
    }

    func error(_ problem: ConfigurationError.Problem) -> ConfigurationError {
        ConfigurationError(problem, key: key, source: source)
    }
}

extension Setting {
    /// Reads the value; what HOCON's readers find wrong is told in the words of the definition.
    func read<Value>(
        _ expected: String,
        _ reader: (HOCONValue) throws(HOCONError) -> Value
    ) throws(ConfigurationError) -> Value {
        do throws(HOCONError) {
            return try reader(value)
        } catch {
            if case .wrongType(_, let found) = error.problem {
                throw self.error(.wrongType(expected: expected, found: found))
            }
            throw self.error(.expected(expected))
        }
    }

    /// Reads a value which must be in a range.
    func read<Value: Comparable>(
        _ expected: String,
        in range: ClosedRange<Value>,
        _ reader: (HOCONValue) throws(HOCONError) -> Value
    ) throws(ConfigurationError) -> Value {
        let value = try read(expected, reader)
        guard range.contains(value) else { throw error(.expected(expected)) }
        return value
    }

    /// The value as a block of keys.
    func block() throws(ConfigurationError) -> HOCONObject {
        try read("a block { ... }") { value throws(HOCONError) in try value.object() }
    }

    /// Reads `true` or `false`.
    func boolean() throws(ConfigurationError) -> Bool {
        try read("true or false") { value throws(HOCONError) in try value.boolean() }
    }

    /// Reads one of a few words.
    func choice<Choice: ConfigurationChoice>() throws(ConfigurationError) -> Choice {
        let expected = Format.words(Choice.self)
        let word = try read(expected) { value throws(HOCONError) in try value.string() }
        guard let choice = Choice(rawValue: word) else { throw error(.expected(expected)) }
        return choice
    }

    /// Reads a text of at least one byte, without control characters.
    func text(
        _ expected: String = "a text without control characters",
        upTo limit: Int = 65_535
    ) throws(ConfigurationError) -> String {
        let text = try read(expected) { value throws(HOCONError) in try value.string() }
        let isClean = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard isClean, (1...limit).contains(text.utf8.count) else { throw error(.expected(expected)) }
        return text
    }

    /// The elements of a list; a text alone counts as a list of one.
    func elements(_ expected: String) throws(ConfigurationError) -> [Setting] {
        if case .string = value.content { return [self] }
        return try read(expected) { value throws(HOCONError) in try value.array() }.map(element)
    }

    /// Whether the value is a block which says `enable = false`.
    var isSwitchedOff: Bool {
        guard case .object(let object) = value.content else { return false }
        return (try? object["enable"]?.boolean()) == false
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// The definition of one key of the file: all that is known about it is said here, once.
///
/// The loader reads values with the definitions, and `docs/configuration.md` is made of them. A default is not part of
/// a definition: it is taken from ``NanoConfiguration``'s initialiser.
public struct ConfigurationKey: Sendable {
    /// The path in the file, its elements separated by dots; `<name>` stands for any name.
    public let path: String

    /// What is accepted: the type, with the range.
    public let accepted: String

    /// The default, as it would be written in the file.
    public let standard: String

    /// Whether a change takes effect when the file is read again while the broker runs.
    public let reloads: Bool

    /// What the key sets.
    public let meaning: String

    /// Stores a value; `nil` if the listeners' own reader does.
    let read: Reader?

    typealias Reader =
        @Sendable (Setting, inout NanoConfiguration, inout [ConfigurationWarning])
        throws(ConfigurationError) -> Void

    init(
        _ path: String,
        accepted: String,
        standard: String,
        meaning: String,
        reloads: Bool = false,
        read: Reader? = nil
    ) {
        self.path = path
        self.accepted = accepted
        self.standard = standard
        self.reloads = reloads
        self.meaning = meaning
        self.read = read
    }

    /// All keys, block by block.
    public static let all: [ConfigurationKey] = listeners + system + mqtt + limits + sys + log + auth
}

/// A value of the file on its way into the configuration, with the key it was found at.
struct Setting {
    let key: String
    let value: HOCONValue

    func error(_ problem: ConfigurationError.Problem) -> ConfigurationError {
        ConfigurationError(problem, key: key, at: value.location)
    }

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
}

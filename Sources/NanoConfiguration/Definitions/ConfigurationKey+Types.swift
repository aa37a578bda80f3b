//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// A property of the configuration, as a definition names it.
typealias Property<Value> = any WritableKeyPath<NanoConfiguration, Value> & Sendable

/// The kinds of definition.
extension ConfigurationKey {
    /// A whole number in a range.
    static func integer(
        _ path: String,
        _ property: Property<Int>,
        _ range: ClosedRange<Int>,
        _ meaning: String
    ) -> ConfigurationKey {
        let accepted = "number, \(range.lowerBound) to \(range.upperBound)"
        return number(path, property, range, accepted, "a \(accepted)", Format.number, meaning) {
            value throws(HOCONError) in Int(clamping: try value.integer())
        }
    }

    /// A whole number in a range, or a word instead of one.
    static func integer(
        _ path: String,
        _ property: Property<Int?>,
        _ range: ClosedRange<Int>,
        or word: String = "unlimited",
        _ meaning: String
    ) -> ConfigurationKey {
        let accepted = "number, \(range.lowerBound) to \(range.upperBound)"
        return number(path, property, range, accepted, "a \(accepted)", word, Format.number, meaning) {
            value throws(HOCONError) in Int(clamping: try value.integer())
        }
    }

    /// A number of bytes in a range.
    static func size(
        _ path: String,
        _ property: Property<Int>,
        _ range: ClosedRange<Int>,
        _ meaning: String
    ) -> ConfigurationKey {
        let accepted = "size, \(Format.size(range.lowerBound)) to \(Format.size(range.upperBound))"
        return number(path, property, range, accepted, "a \(accepted)", Format.size, meaning) {
            value throws(HOCONError) in Int(clamping: try value.byteSize())
        }
    }

    /// A number of bytes in a range, or `unlimited`.
    static func size(
        _ path: String,
        _ property: Property<Int?>,
        _ range: ClosedRange<Int>,
        _ meaning: String
    ) -> ConfigurationKey {
        let accepted = "size, \(Format.size(range.lowerBound)) to \(Format.size(range.upperBound))"
        return number(path, property, range, accepted, "a \(accepted)", "unlimited", Format.size, meaning) {
            value throws(HOCONError) in Int(clamping: try value.byteSize())
        }
    }

    /// A duration in a range, a bare number being in seconds.
    static func duration(
        _ path: String,
        _ property: Property<Duration>,
        _ range: ClosedRange<Duration>,
        _ meaning: String
    ) -> ConfigurationKey {
        let accepted = "duration, \(Format.duration(range.lowerBound)) to \(Format.duration(range.upperBound))"
        return number(path, property, range, accepted, "a \(accepted)", Format.duration, meaning) {
            value throws(HOCONError) in try value.duration(defaultUnit: .seconds)
        }
    }

    /// A duration in a range, or `unlimited`.
    static func duration(
        _ path: String,
        _ property: Property<Duration?>,
        _ range: ClosedRange<Duration>,
        _ meaning: String
    ) -> ConfigurationKey {
        let accepted = "duration, \(Format.duration(range.lowerBound)) to \(Format.duration(range.upperBound))"
        return number(path, property, range, accepted, "a \(accepted)", "unlimited", Format.duration, meaning) {
            value throws(HOCONError) in try value.duration(defaultUnit: .seconds)
        }
    }

    /// A number, with a fraction or without, in a range.
    static func decimal(
        _ path: String,
        _ property: Property<Double>,
        _ range: ClosedRange<Double>,
        _ meaning: String
    ) -> ConfigurationKey {
        let accepted = "number, \(Format.decimal(range.lowerBound)) to \(Format.decimal(range.upperBound))"
        return number(path, property, range, accepted, "a \(accepted)", Format.decimal, meaning) {
            value throws(HOCONError) in try value.double()
        }
    }

    /// `true` or `false`.
    static func boolean(_ path: String, _ property: Property<Bool>, _ meaning: String) -> ConfigurationKey {
        ConfigurationKey(
            path,
            accepted: "boolean",
            standard: "\(NanoConfiguration()[keyPath: property])",
            meaning: meaning
        ) { setting, configuration, _ throws(ConfigurationError) in
            configuration[keyPath: property] = try setting.read("true or false") { value throws(HOCONError) in
                try value.boolean()
            }
        }
    }

    /// One of a few words.
    static func choice<Choice: ConfigurationChoice>(
        _ path: String,
        _ property: Property<Choice>,
        _ meaning: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            path,
            accepted: Format.words(Choice.self, quote: "`"),
            standard: NanoConfiguration()[keyPath: property].rawValue,
            meaning: meaning
        ) { setting, configuration, _ throws(ConfigurationError) in
            configuration[keyPath: property] = try setting.choice()
        }
    }

    private static func number<Value: Comparable & Sendable>(
        _ path: String,
        _ property: Property<Value>,
        _ range: ClosedRange<Value>,
        _ accepted: String,
        _ expected: String,
        _ format: (Value) -> String,
        _ meaning: String,
        _ reader: @escaping @Sendable (HOCONValue) throws(HOCONError) -> Value
    ) -> ConfigurationKey {
        ConfigurationKey(
            path,
            accepted: accepted,
            standard: format(NanoConfiguration()[keyPath: property]),
            meaning: meaning
        ) { setting, configuration, _ throws(ConfigurationError) in
            configuration[keyPath: property] = try setting.read(expected, in: range, reader)
        }
    }

    private static func number<Value: Comparable & Sendable>(
        _ path: String,
        _ property: Property<Value?>,
        _ range: ClosedRange<Value>,
        _ accepted: String,
        _ expected: String,
        _ word: String,
        _ format: (Value) -> String,
        _ meaning: String,
        _ reader: @escaping @Sendable (HOCONValue) throws(HOCONError) -> Value
    ) -> ConfigurationKey {
        ConfigurationKey(
            path,
            accepted: accepted + ", or `\(word)`",
            standard: NanoConfiguration()[keyPath: property].map(format) ?? word,
            meaning: meaning
        ) { setting, configuration, _ throws(ConfigurationError) in
            if setting.value.content == .string(word) {
                configuration[keyPath: property] = nil
            } else {
                configuration[keyPath: property] = try setting.read(expected + ", or \(word)", in: range, reader)
            }
        }
    }
}

extension Setting {
    /// Reads one of a few words.
    func choice<Choice: ConfigurationChoice>() throws(ConfigurationError) -> Choice {
        let expected = Format.words(Choice.self)
        let word = try read(expected) { value throws(HOCONError) in try value.string() }
        guard let choice = Choice(rawValue: word) else { throw error(.expected(expected)) }
        return choice
    }
}

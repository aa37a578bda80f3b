//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// Definitions of numbers.
extension Definition {
    /// A whole number in a range.
    static func integer(
        _ path: String,
        _ property: Property<Root, Int>,
        _ range: ClosedRange<Int>,
        _ meaning: String
    ) -> Definition {
        number(path, property, "number", range, Format.number, meaning) { value throws(HOCONError) in
            Int(clamping: try value.integer())
        }
    }

    /// A whole number in a range, or a word instead of one.
    static func integer(
        _ path: String,
        _ property: Property<Root, Int?>,
        _ range: ClosedRange<Int>,
        or word: String = "unlimited",
        _ meaning: String
    ) -> Definition {
        number(path, property, "number", range, or: word, Format.number, meaning) { value throws(HOCONError) in
            Int(clamping: try value.integer())
        }
    }

    /// A number of bytes in a range.
    static func size(
        _ path: String,
        _ property: Property<Root, Int>,
        _ range: ClosedRange<Int>,
        _ meaning: String
    ) -> Definition {
        number(path, property, "size", range, Format.size, meaning) { value throws(HOCONError) in
            Int(clamping: try value.byteSize())
        }
    }

    /// A number of bytes in a range, or `unlimited`.
    static func size(
        _ path: String,
        _ property: Property<Root, Int?>,
        _ range: ClosedRange<Int>,
        _ meaning: String
    ) -> Definition {
        number(path, property, "size", range, or: "unlimited", Format.size, meaning) { value throws(HOCONError) in
            Int(clamping: try value.byteSize())
        }
    }

    /// A duration in a range, a bare number being in seconds.
    static func duration(
        _ path: String,
        _ property: Property<Root, Duration>,
        _ range: ClosedRange<Duration>,
        _ meaning: String
    ) -> Definition {
        number(path, property, "duration", range, Format.duration, meaning) { value throws(HOCONError) in
            try value.duration(defaultUnit: .seconds)
        }
    }

    /// A duration in a range, or a word instead of one.
    static func duration(
        _ path: String,
        _ property: Property<Root, Duration?>,
        _ range: ClosedRange<Duration>,
        or word: String = "unlimited",
        _ meaning: String
    ) -> Definition {
        number(path, property, "duration", range, or: word, Format.duration, meaning) { value throws(HOCONError) in
            try value.duration(defaultUnit: .seconds)
        }
    }

    /// A number, with a fraction or without, in a range.
    static func decimal(
        _ path: String,
        _ property: Property<Root, Double>,
        _ range: ClosedRange<Double>,
        _ meaning: String
    ) -> Definition {
        number(path, property, "number", range, Format.decimal, meaning) { value throws(HOCONError) in
            try value.double()
        }
    }

    private static func number<Value: Comparable & Sendable>(
        _ path: String,
        _ property: Property<Root, Value>,
        _ type: String,
        _ range: ClosedRange<Value>,
        _ format: @escaping @Sendable (Value) -> String,
        _ meaning: String,
        _ reader: @escaping @Sendable (HOCONValue) throws(HOCONError) -> Value
    ) -> Definition {
        let accepted = "\(type), \(format(range.lowerBound)) to \(format(range.upperBound))"
        return .property(path, property, accepted: accepted, meaning: meaning, text: format) {
            setting,
            _ throws(ConfigurationError) in
            try setting.read("a \(accepted)", in: range, reader)
        }
    }

    private static func number<Value: Comparable & Sendable>(
        _ path: String,
        _ property: Property<Root, Value?>,
        _ type: String,
        _ range: ClosedRange<Value>,
        or word: String,
        _ format: @escaping @Sendable (Value) -> String,
        _ meaning: String,
        _ reader: @escaping @Sendable (HOCONValue) throws(HOCONError) -> Value
    ) -> Definition {
        let accepted = "\(type), \(format(range.lowerBound)) to \(format(range.upperBound)), or "
        return .property(
            path,
            property,
            accepted: accepted + "`\(word)`",
            meaning: meaning,
            text: { $0.map(format) ?? word },
            read: { setting, _ throws(ConfigurationError) in
                if setting.value.content == .string(word) { return nil }
                return try setting.read("a \(accepted)\(word)", in: range, reader)
            }
        )
    }
}

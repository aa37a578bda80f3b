//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// One value of a configuration, with the place it was written at.
public struct HOCONValue: Sendable {
    /// What the value is.
    public enum Content: Sendable, Equatable {
        /// `null`.
        case null
        /// `true` or `false`.
        case boolean(Bool)
        /// A number in JSON's grammar.
        case number(HOCONNumber)
        /// A string, quoted or not.
        case string(String)
        /// A list.
        case array([HOCONValue])
        /// An object.
        case object(HOCONObject)
    }

    /// The name of a value's type, for messages.
    public enum TypeName: String, Sendable {
        /// `null`.
        case null = "null"
        /// A boolean.
        case boolean = "a boolean"
        /// A number.
        case number = "a number"
        /// A string.
        case string = "a string"
        /// A list.
        case array = "a list"
        /// An object.
        case object = "an object"
    }

    /// What the value is.
    public var content: Content

    /// Where it was written. For a substitution this is the place of the `${...}`.
    public var location: SourceLocation

    /// Makes a value from its parts.
    public init(_ content: Content, at location: SourceLocation) {
        self.content = content
        self.location = location
    }

    /// The name of the value's type.
    public var typeName: TypeName {
        switch content {
        case .null: .null
        case .boolean: .boolean
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }
}

extension HOCONValue: Equatable {
    /// Whether two values mean the same; where they were written is not compared.
    public static func == (left: HOCONValue, right: HOCONValue) -> Bool {
        left.content == right.content
    }
}

/// A number, kept as it was written so that nothing is lost before it is known what it is for.
public struct HOCONNumber: Sendable, Equatable {
    /// The number's text, in JSON's grammar.
    public let text: String

    /// Takes a text which is a number in JSON's grammar; `nil` if it is not one.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let length = NumberGrammar.length(in: bytes, from: 0), length == bytes.count else { return nil }
        self.text = text
    }

    init(grammatical text: String) {
        self.text = text
    }

    /// The number if it is whole and fits: `10` and `1e3`, not `1.5`.
    public var integer: Int64? {
        if let value = Int64(text) { return value }
        guard let value = Double(text), value.magnitude <= Self.largestExact else { return nil }
        let whole = Int64(value)
        return Double(whole) == value ? whole : nil
    }

    /// Beyond 2^53 a floating-point number no longer tells neighbouring integers apart.
    static let largestExact = 9_007_199_254_740_992.0

    /// The number as floating point; `nil` if it is too large for one.
    public var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}

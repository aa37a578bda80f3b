//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension HOCONValue {
    /// The value as a boolean: `true` or `false`, or one of the strings `true`, `yes`, `on`, `false`, `no`, `off`.
    public func boolean() throws(HOCONError) -> Bool {
        switch content {
        case .boolean(let value): return value
        case .string("true"), .string("yes"), .string("on"): return true
        case .string("false"), .string("no"), .string("off"): return false
        default: throw wrongType("a boolean, true or false")
        }
    }

    /// The value as a whole number of 64 bits; a string which is a number counts as one.
    public func integer() throws(HOCONError) -> Int64 {
        let number = try number("a whole number")
        guard let integer = number.integer else {
            // A number which does not fit is told apart from one which is not whole.
            let isLarge = number.double.map { $0.magnitude > HOCONNumber.largestExact } ?? true
            throw HOCONError(
                isLarge ? .overflow(expected: "a whole number") : .unreadable(expected: "a whole number"),
                at: location
            )
        }
        return integer
    }

    /// The value as floating point; a string which is a number counts as one.
    public func double() throws(HOCONError) -> Double {
        guard let value = try number("a number").double else {
            throw HOCONError(.overflow(expected: "a number"), at: location)
        }
        return value
    }

    /// The value as a string. Numbers and booleans are the text they were written as; `null` is none.
    public func string() throws(HOCONError) -> String {
        guard content != .null, let text = simpleText else { throw wrongType("a string") }
        return text
    }

    /// The value as a list. An object whose keys are all whole numbers counts as one, in the order of its keys.
    public func array() throws(HOCONError) -> [HOCONValue] {
        switch content {
        case .array(let values):
            return values
        case .object(let object) where !object.members.isEmpty:
            var indexed: [(index: Int, value: HOCONValue)] = []
            for member in object.members {
                guard let index = Int(member.key), index >= 0 else { throw wrongType("a list") }
                indexed.append((index, member.value))
            }
            return indexed.sorted { $0.index < $1.index }.map(\.value)
        default:
            throw wrongType("a list")
        }
    }

    /// The value as an object.
    public func object() throws(HOCONError) -> HOCONObject {
        guard case .object(let object) = content else { throw wrongType("an object") }
        return object
    }

    private func number(_ expected: String) throws(HOCONError) -> HOCONNumber {
        switch content {
        case .number(let number): return number
        case .string(let text):
            guard let number = HOCONNumber(text) else { throw wrongType(expected) }
            return number
        default: throw wrongType(expected)
        }
    }

    func wrongType(_ expected: String) -> HOCONError {
        HOCONError(.wrongType(expected: expected, found: typeName), at: location)
    }
}

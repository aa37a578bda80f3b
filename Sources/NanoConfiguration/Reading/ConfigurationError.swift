//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import HOCON

/// Why a configuration cannot be used, with the key and where it was said.
///
/// An error never quotes a value: a value may be a password.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of problem.
    public enum Problem: Sendable, Equatable {
        /// The value has another type.
        case wrongType(expected: String, found: HOCONValue.TypeName)
        /// The value has the right type, but is not what is wanted, or outside the range.
        case expected(String)
        /// A value that must be there is not.
        case missing(expected: String)
        /// The key does nothing without another one: ignoring it might leave the broker open.
        case needs(String)
        /// A key in the block `auth`, or one of access control in the flat form, is not known: ignoring it might leave
        /// the broker open.
        case unknownAccessKey(nearest: String?)
        /// Another listener has the same address.
        case duplicateAddress(otherName: String)
        /// Another listener of the kind has the same name.
        case duplicateName
        /// In the flat form, another user or rule has the same number: one of them would be lost.
        case duplicateNumber
        /// A file that was named does not follow the grammar.
        case syntax(HOCONError.Problem)
        /// A file that was named cannot be read.
        case unreadable(reason: String)
    }

    /// Who said it, and where.
    public var source: ConfigurationSource

    /// The key, such as `mqtt.max_qos`.
    public var key: String

    /// What is wrong.
    public var problem: Problem

    /// Makes an error from its parts.
    public init(_ problem: Problem, key: String, source: ConfigurationSource) {
        self.source = source
        self.key = key
        self.problem = problem
    }

    /// `file:line:column: key: message`, or the name of a variable or flag in front of the key.
    public var description: String { "\(source): \(key): \(problem)" }
}

extension ConfigurationError.Problem: CustomStringConvertible {
    /// The message, without place and key.
    public var description: String {
        switch self {
        case .wrongType(let expected, let found): "expected \(expected), found \(found.rawValue)"
        case .expected(let expected): "expected \(expected)"
        case .missing(let expected): "missing; expected \(expected)"
        case .needs(let other): "has no effect without \(other); the broker does not start, for it might be open to all"
        case .unknownAccessKey(let nearest):
            "unknown key in auth; the broker does not start, for it might be open to all" + suggestion(nearest)
        case .duplicateAddress(let otherName): "the listener \(otherName) has the same address"
        case .duplicateName: "the listener without a name is called so"
        case .duplicateNumber: "another line has the same number"
        case .syntax(let problem): "\(problem)"
        case .unreadable(let reason): "cannot be read: \(reason)"
        }
    }
}

/// The end of a message about an unknown key.
func suggestion(_ nearest: String?) -> String {
    nearest.map { "; did you mean \($0)?" } ?? ""
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import HOCON

/// Why a configuration cannot be used, with the place and the key.
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
        /// The key asks for access control, which there is not yet: ignoring it would leave the broker open.
        case accessControlUnavailable
        /// A key in the block `auth` is not known: ignoring it might leave the broker open.
        case unknownAccessKey(nearest: String?)
        /// The listener is of a kind that there is not yet.
        case listenerUnavailable(kind: String)
        /// Another listener has the same address.
        case duplicateAddress(otherName: String)
    }

    /// Where the value, or the key, was written.
    public var location: SourceLocation

    /// The key, such as `mqtt.max_qos`.
    public var key: String

    /// What is wrong.
    public var problem: Problem

    /// Makes an error from its parts.
    public init(_ problem: Problem, key: String, at location: SourceLocation) {
        self.location = location
        self.key = key
        self.problem = problem
    }

    /// `file:line:column: key: message`.
    public var description: String { "\(location): \(key): \(problem)" }
}

extension ConfigurationError.Problem: CustomStringConvertible {
    /// The message, without place and key.
    public var description: String {
        switch self {
        case .wrongType(let expected, let found): "expected \(expected), found \(found.rawValue)"
        case .expected(let expected): "expected \(expected)"
        case .missing(let expected): "missing; expected \(expected)"
        case .accessControlUnavailable:
            "access control is not available yet; the broker does not start, for it would be open to all"
        case .unknownAccessKey(let nearest):
            "unknown key in auth; the broker does not start, for it might be open to all" + suggestion(nearest)
        case .listenerUnavailable(let kind):
            "\(kind) listeners are not available yet; remove the block or set enable = false in it"
        case .duplicateAddress(let otherName): "the listener \(otherName) has the same address"
        }
    }
}

/// The end of a message about an unknown key.
func suggestion(_ nearest: String?) -> String {
    nearest.map { "; did you mean \($0)?" } ?? ""
}

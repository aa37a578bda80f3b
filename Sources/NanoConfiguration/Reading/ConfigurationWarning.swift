//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import HOCON

/// Something in a configuration which has no effect, with the place and the key.
public struct ConfigurationWarning: Sendable, Equatable, CustomStringConvertible {
    /// The kinds of warning.
    public enum Kind: Sendable, Equatable {
        /// The key is not known; the one most like it, if there is one, is named.
        case unknownKey(nearest: String?)
        /// The key is known from the original, but what it sets is still to come.
        case notSupportedYet
        /// The value is known from the original, but still to come.
        case valueNotSupportedYet(String)
        /// The file has a block `listeners`, but nothing in it listens.
        case noListener
    }

    /// Where the key was written.
    public var location: SourceLocation

    /// The key, such as `mqtt.max_qos`.
    public var key: String

    /// What the warning is about.
    public var kind: Kind

    /// Makes a warning from its parts.
    public init(_ kind: Kind, key: String, at location: SourceLocation) {
        self.location = location
        self.key = key
        self.kind = kind
    }

    /// `file:line:column: key: message`.
    public var description: String {
        let message =
            switch kind {
            case .unknownKey(let nearest): "unknown key: ignored" + suggestion(nearest)
            case .notSupportedYet: "not supported yet: ignored"
            case .valueNotSupportedYet(let value): "\(value) is not supported yet: ignored"
            case .noListener: "no listener is enabled: clients cannot connect"
            }
        return "\(location): \(key): \(message)"
    }
}

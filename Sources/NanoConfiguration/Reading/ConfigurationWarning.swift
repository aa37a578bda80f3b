//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Something in a configuration which has no effect, or not the one that may be thought, with the key and where it was
/// said.
public struct ConfigurationWarning: Sendable, Equatable, CustomStringConvertible {
    /// The kinds of warning.
    public enum Kind: Sendable, Equatable {
        /// The key is not known; the one most like it, if there is one, is named.
        case unknownKey(nearest: String?)
        /// The key is known from the original, but what it sets is still to come.
        case notSupportedYet
        /// The value is known from the original, but still to come.
        case valueNotSupportedYet(String)
        /// The key is accepted for the original's sake, and does nothing here.
        case noEffect
        /// The file has a block `listeners`, but nothing in it listens.
        case noListener
        /// A file that was to be included is not there.
        case includeMissing(String)
        /// There is a block of rules without rules.
        case noRules
        /// Clients need a password, but nothing is there to know it.
        case nobodyCanConnect
        /// There was no configuration file.
        case noFile
    }

    /// Who said it, and where.
    public var source: ConfigurationSource

    /// The key, such as `mqtt.max_qos`.
    public var key: String

    /// What the warning is about.
    public var kind: Kind

    /// Makes a warning from its parts.
    public init(_ kind: Kind, key: String, source: ConfigurationSource) {
        self.source = source
        self.key = key
        self.kind = kind
    }

    /// `file:line:column: key: message`, or the name of a variable or flag in front of the key.
    public var description: String {
        let message =
            switch kind {
            case .unknownKey(let nearest): "unknown key: ignored" + suggestion(nearest)
            case .notSupportedYet: "not supported yet: ignored"
            case .valueNotSupportedYet(let value): "\(value) is not supported yet: ignored"
            case .noEffect: "accepted, but has no effect here"
            case .noListener: "no listener is enabled: clients cannot connect"
            case .includeMissing(let file): "the file \(file) is not there: nothing is included"
            case .noRules: "there are no rules, so auth.no_match decides; is an included file missing?"
            case .nobodyCanConnect: "no client can connect: no passwords, no other way to prove a name"
            case .noFile: "there is no configuration file: the defaults apply"
            }
        return key.isEmpty ? "\(source): \(message)" : "\(source): \(key): \(message)"
    }
}

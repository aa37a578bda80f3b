//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension NanoConfiguration {
    /// Who may connect, and do what.
    public struct Access: Sendable, Equatable {
        /// Whether clients may connect without a user name.
        public var allowAnonymous = true
        /// What happens to a topic which no rule speaks of.
        public var noMatch: AccessDecision = .allow
        /// What happens to a client which is refused a topic.
        public var denyAction: DenyAction = .ignore
        /// The passwords of users by name, plain or hashed; `nil` if there is no list, or if it is switched off. An
        /// empty list is a list: it knows nobody.
        public var passwords: [String: Secret]?
        /// A file of users with their passwords; `nil` for none.
        public var passwordFile: String?
        /// What clients may do with topics.
        public var rules = AccessRules()
        /// A web service which is asked.
        public var http = HTTPAccess()
        /// Signed tokens as passwords.
        public var tokens = TokenAccess()
        /// What is done against guessing.
        public var failures = FailureLimit()

        /// The defaults.
        public init() {}
    }

    /// What clients may do with topics: block `auth.acl`.
    public struct AccessRules: Sendable, Equatable {
        /// Whether the rules are asked; by default if there is a block. Rules that are asked and have no match, or which
        /// there are none of, leave the decision to ``Access/noMatch``.
        public var isEnabled = false
        /// The rules; the first one that matches decides. With those of the file, which come last.
        public var rules: [AccessRule] = []
        /// The file which more rules were read from; `nil` for none.
        public var file: String?

        /// The defaults.
        public init() {}
    }

    /// How many wrong passwords an address is allowed: block `auth.failures`.
    public struct FailureLimit: Sendable, Equatable {
        /// Failures within the window that block the address; `nil` means unlimited.
        public var limit: Int? = 10
        /// The time in which failures are counted together.
        public var window: Duration = .seconds(60)
        /// How long an address is blocked the first time; each time after that twice as long.
        public var block: Duration = .seconds(60)
        /// The longest time an address is blocked.
        public var maximumBlock: Duration = .seconds(3_600)

        /// The defaults.
        public init() {}
    }

    /// Signed tokens (JWT, RFC 7519) as passwords: block `auth.jwt`.
    public struct TokenAccess: Sendable, Equatable {
        /// Whether tokens are taken; by default if there is a block.
        public var isEnabled = false
        /// The common secret of HS256.
        public var secret: Secret?
        /// The public key of RS256 or ES256, PEM.
        public var publicKeyFile: String?
        /// Public keys as a JSON Web Key Set, RFC 7517.
        public var keySetFile: String?
        /// What the claim `iss` must be; `nil` for anything.
        public var issuer: String?
        /// What the claim `aud` must hold; `nil` for anything.
        public var audience: String?
        /// The claim which must be the user name; `nil` for none.
        public var userNameClaim: String?
        /// The claim which must be the client identifier; `nil` for none.
        public var clientIDClaim: String?
        /// The claim which says what the client may do.
        public var accessClaim = "acl"
        /// How far the clocks may be apart.
        public var leeway: Duration = .zero
        /// Whether a token must say when it expires.
        public var requiresExpiry = true
        /// Whether a client is disconnected when its token expires.
        public var disconnectsAfterExpiry = true

        /// The defaults.
        public init() {}
    }
}

/// A decision on access.
public enum AccessDecision: String, ConfigurationChoice {
    /// Access is given.
    case allow
    /// Access is refused.
    case deny
}

/// What happens to a client which is refused a topic.
public enum DenyAction: String, ConfigurationChoice {
    /// The request is refused, the client stays.
    case ignore
    /// The client is disconnected.
    case disconnect
}

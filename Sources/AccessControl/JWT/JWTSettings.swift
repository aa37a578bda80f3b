//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    /// Which JSON Web Tokens (RFC 7519) are accepted as passwords.
    public struct JWTSettings: Sendable, Hashable {
        /// The secret of HS256, at least 32 bytes [RFC 7518, section 3.2]; nil: HS256 is not accepted.
        public var secret: [UInt8]?
        /// Public keys in PEM: of RSA (at least 2048 bits) for RS256, of the curve P-256 for ES256. One key a text.
        public var publicKeys: [String] = []
        /// A set of public keys (RFC 7517) as JSON; keys of other kinds than the above are left out.
        public var keySet: String?
        /// What `iss` has to be; nil: anything.
        public var issuer: String?
        /// What has to be in `aud`; nil: anything.
        public var audience: String?
        /// Seconds by which the clocks of the broker and of the issuer may differ.
        public var leeway: UInt32 = 0
        /// The claim that has to equal the user name in CONNECT; nil: none.
        public var userNameClaim: String?
        /// The claim that has to equal the client identifier; nil: none.
        public var clientIdentifierClaim: String?
        /// The claim with what the client may do.
        public var accessClaim = "acl"
        /// Whether a token has to have `exp`.
        public var requiresExpiry = true
        /// Whether a client has to go when its token expires.
        public var disconnectsAtExpiry = true
        /// Bytes of a token at most.
        public var maximumTokenSize = 8192
        /// Tokens that are checked, or wait to be checked, at once; clients beyond are refused with 0x89.
        public var maximumConcurrency = 256

        /// Accepts nothing until a key is set.
        public init() {}
    }

    /// What is wrong with the settings. Says nothing of the keys.
    public enum JWTSettingsError: Error, Hashable, CustomStringConvertible {
        /// There is no key at all.
        case noKey
        /// The secret has fewer than 32 bytes.
        case shortSecret
        /// A public key is no PEM of an RSA key of at least 2048 bits, nor of a key of the curve P-256.
        case publicKey(index: Int)
        /// The key set is no JSON, or has no key for RS256 or ES256, or too many.
        case keySet

        /// For the operator.
        public var description: String {
            switch self {
            case .noKey: "JWT: there is no key"
            case .shortSecret: "JWT: the secret is shorter than 32 bytes"
            case .publicKey(let index): "JWT: public key \(index) is neither RSA of 2048 bits or more nor P-256, in PEM"
            case .keySet: "JWT: the key set is no JSON with 1 to \(TokenKeys.maximumKeySetSize) keys for RS256 or ES256"
            }
        }
    }

    /// Why a token was refused.
    public enum JWTFault: String, Error, Sendable, Hashable {
        /// It is too long.
        case tooLarge = "too large"
        /// Its parts are not what they should be.
        case malformed
        /// It asks for an extension that is not known (`crit`).
        case critical = "unknown extension"
        /// There is no key for its algorithm and key identifier.
        case noKey = "no key"
        /// The signature is not by one of our keys.
        case signature
        /// It has expired.
        case expired
        /// It has no expiry.
        case noExpiry = "no expiry"
        /// It does not hold yet (`nbf`), or was issued in the future (`iat`).
        case notYetValid = "not yet valid"
        /// It is by another issuer.
        case issuer
        /// It is for another audience.
        case audience
        /// It is for another user.
        case userName = "user name"
        /// It is for another client.
        case clientIdentifier = "client identifier"
        /// What it says of access is not understood, so it cannot be obeyed.
        case access = "access list"
        /// Too many tokens are being checked.
        case busy
    }

    /// What the log is told.
    public enum JWTEvent: Sendable, Hashable {
        /// A client came with a token that is not accepted.
        case refused(clientIdentifier: String, JWTFault)
    }
#endif

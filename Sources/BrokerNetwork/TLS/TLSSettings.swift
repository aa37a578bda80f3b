//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What a TLS listener is told. Files are PEM; they are read when the listener opens and again when the broker
/// reloads.
public struct TLSSettings: Sendable, Hashable {
    /// The server's certificate and behind it those that lead to its authority. Needed unless there is `pskFile`.
    public var certificateFile: String?
    /// The certificate's private key.
    public var keyFile: String?
    /// What the key file is encrypted with; nil: it is not.
    public var keyPassword: String?
    /// The authorities whose client certificates are accepted.
    public var authorityFile: String?
    /// A directory with such authorities, in files of any name.
    public var authorityDirectory: String?
    /// Revocation lists, PEM or DER: a client whose certificate is in one is refused, and so is one whose authority
    /// has no list here, or an outdated one. Only the client's own certificate is looked up.
    public var revocationFile: String?
    /// Whether clients show a certificate.
    public var clientCertificate = ClientCertificate.none
    /// The lowest version accepted.
    public var minimumVersion = Version.v1_2
    /// The highest version accepted; nil: the highest there is.
    public var maximumVersion: Version?
    /// Ciphers for TLS 1.2 and below as OpenSSL names them, with `:` between; nil: a safe choice. Those of TLS 1.3
    /// are always on.
    public var ciphers: String?
    /// Pre-shared keys, lines of `identity:hexadecimal key`. A listener that has them speaks TLS 1.2 at most.
    public var pskFile: String?
    /// What clients are told to choose their identity by.
    public var pskHint: String?
    /// Where the client's user name is taken from.
    public var userNameFrom = UserName.none
    /// Milliseconds from accept to the end of the handshake; nil: as long as a client has for CONNECT.
    public var handshakeTimeout: Int64?

    /// The defaults.
    public init() {}

    /// A certificate and its key.
    public init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }

    /// Whether clients show a certificate.
    public enum ClientCertificate: String, Sendable {
        /// They are not asked.
        case none
        /// They are asked; what they show has to be valid.
        case optional
        /// Without a valid one they are refused.
        case required
    }

    /// A version of TLS.
    public enum Version: String, Sendable, Comparable {
        /// TLS 1.0, which is no longer safe.
        case v1_0 = "1.0"
        /// TLS 1.1, which is no longer safe.
        case v1_1 = "1.1"
        /// TLS 1.2.
        case v1_2 = "1.2"
        /// TLS 1.3.
        case v1_3 = "1.3"

        /// Whether one is older than the other.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// Where a client's user name is taken from. With a pre-shared key it is the key's identity, unless `none`.
    public enum UserName: String, Sendable {
        /// From CONNECT.
        case none
        /// From the certificate's common name. A certificate without one is refused.
        case commonName = "cn"
        /// From the certificate's whole subject, as RFC 4514 writes it. An empty one is refused.
        case subject
    }
}

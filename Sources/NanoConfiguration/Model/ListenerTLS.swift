//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// TLS at a listener. Files are named, not read: what is wrong in them shows when the listener starts.
public struct ListenerTLS: Sendable, Equatable {
    /// The private key, PEM.
    public var keyFile: String?
    /// The certificate with those between it and its authority, PEM.
    public var certificateFile: String?
    /// The authorities which clients' certificates must come from, PEM.
    public var authorityFile: String?
    /// A directory of such authorities, one file each.
    public var authorityDirectory: String?
    /// Certificates of clients that are no longer valid: a revocation list, PEM.
    public var revocationFile: String?
    /// What the private key is encrypted with.
    public var keyPassword: Secret?
    /// Whether clients are asked for a certificate, which must then be good.
    public var verifyPeer = false
    /// Whether clients without a certificate are refused. Needs ``verifyPeer``.
    public var requirePeerCertificate = false
    /// The oldest version of TLS.
    public var minimumVersion: TLSVersion = .tls12
    /// The newest version of TLS.
    public var maximumVersion: TLSVersion = .tls13
    /// The ciphers of TLS 1.2 as an OpenSSL list; `nil` leaves them to the library.
    public var ciphers: String?
    /// Pre-shared keys, one `identity:hexkey` a line.
    public var preSharedKeyFile: String?
    /// What clients with a pre-shared key are told about which one is wanted.
    public var preSharedKeyHint: String?
    /// What of a client's certificate becomes its user name.
    public var identityAsUserName: CertificateIdentity = .none
    /// The time a client has to complete the handshake.
    public var handshakeTimeout: Duration = .seconds(10)

    /// The defaults.
    public init() {}
}

/// A version of TLS. Older ones are broken, and not offered.
public enum TLSVersion: String, ConfigurationChoice, Comparable {
    /// TLS 1.2, RFC 5246.
    case tls12 = "1.2"
    /// TLS 1.3, RFC 8446.
    case tls13 = "1.3"

    /// Whether one version is older than the other.
    public static func < (left: TLSVersion, right: TLSVersion) -> Bool {
        left == .tls12 && right == .tls13
    }
}

/// What of a client's certificate becomes its user name.
public enum CertificateIdentity: String, ConfigurationChoice {
    /// Nothing.
    case none
    /// The common name.
    case commonName = "cn"
    /// The whole subject.
    case subject
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import NIOSSL
    import SwiftASN1
    import X509

    /// Reads the files of a TLS listener.
    struct TLSFiles {
        private let settings: TLSSettings
        /// What has been read.
        private(set) var contents: [[UInt8]] = []
        private var authorities: [NIOSSLCertificate] = []

        init(_ settings: TLSSettings) {
            self.settings = settings
        }

        private mutating func read(_ path: String) throws(ListenerError) -> [UInt8] {
            let bytes = try SmallFile.read(path)
            self.contents.append(bytes)
            return bytes
        }

        /// What the TLS library is told, but for the application's protocols.
        mutating func configuration() throws(ListenerError) -> TLSConfiguration {
            var configuration = try self.certificateAndKey()
            try self.choose(&configuration)
            try self.readAuthorities()
            switch self.settings.clientCertificate {
            case .none:
                configuration.certificateVerification = .none
            case .optional:
                configuration.certificateVerification = .optionalVerification
            case .required:
                // Clients have no host name.
                configuration.certificateVerification = .noHostnameVerification
            }
            if self.settings.clientCertificate != .none {
                // The system's authorities would let in whoever has a certificate of any of them.
                guard !self.authorities.isEmpty else {
                    throw ListenerError("client certificates need an authority file or directory")
                }
                configuration.trustRoots = .certificates(self.authorities)
            }
            return configuration
        }

        private mutating func certificateAndKey() throws(ListenerError) -> TLSConfiguration {
            guard let certificateFile = self.settings.certificateFile else {
                guard self.settings.pskFile != nil else { throw ListenerError("a certificate file is needed") }
                return .makePreSharedKeyConfiguration()
            }
            guard let keyFile = self.settings.keyFile else {
                throw ListenerError("\(certificateFile): its key file is needed")
            }
            let chain = try self.certificates(certificateFile)
            let key = try self.key(keyFile)
            let configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
            do {
                // With nothing else in it, only one thing can be wrong.
                _ = try NIOSSLContext(configuration: configuration)
            } catch {
                throw ListenerError("\(keyFile): is not the key of the certificate in \(certificateFile)")
            }
            return configuration
        }

        private mutating func certificates(_ path: String) throws(ListenerError) -> [NIOSSLCertificate] {
            let bytes = try self.read(path)
            let certificates: [NIOSSLCertificate]
            do {
                certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
            } catch {
                throw ListenerError("\(path): holds no certificate in PEM form")
            }
            guard !certificates.isEmpty else { throw ListenerError("\(path): holds no certificate in PEM form") }
            return certificates
        }

        private mutating func key(_ path: String) throws(ListenerError) -> NIOSSLPrivateKey {
            let bytes = try self.read(path)
            let isEncrypted = ["BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"].contains {
                bytes.firstRange(of: Array($0.utf8)) != nil
            }
            let password = self.settings.keyPassword
            guard !isEncrypted || password != nil else {
                throw ListenerError("\(path): is encrypted, its password is needed")
            }
            do {
                return try NIOSSLPrivateKey(bytes: bytes, format: .pem) { use in use(Array((password ?? "").utf8)) }
            } catch {
                throw ListenerError(
                    "\(path): " + (isEncrypted ? "its password is not right" : "holds no private key in PEM form")
                )
            }
        }

        private mutating func readAuthorities() throws(ListenerError) {
            if let path = self.settings.authorityFile { self.authorities += try self.certificates(path) }
            guard let directory = self.settings.authorityDirectory else { return }
            var found: [NIOSSLCertificate] = []
            for path in try SmallFile.list(directory) {
                let bytes = try self.read(path)
                // Other things may lie there too: lists of revoked certificates, a text.
                found += (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
            }
            guard !found.isEmpty else { throw ListenerError("\(directory): holds no certificate in PEM form") }
            self.authorities += found
        }

        /// Versions, ciphers and pre-shared keys.
        private mutating func choose(_ configuration: inout TLSConfiguration) throws(ListenerError) {
            var maximum = self.settings.maximumVersion ?? .v1_3
            if let path = self.settings.pskFile {
                // The library knows no keys of others in TLS 1.3.
                maximum = min(maximum, .v1_2)
                let keys = try SharedKeys(self.read(path), file: path)
                configuration.pskServerProvider = { try keys.answer($0) }
                configuration.pskHint = self.settings.pskHint
            }
            guard self.settings.minimumVersion <= maximum else {
                throw ListenerError(
                    "TLS \(self.settings.minimumVersion.rawValue) is asked for at least, and \(maximum.rawValue) at most"
                )
            }
            configuration.minimumTLSVersion = TLSVersion(self.settings.minimumVersion)
            configuration.maximumTLSVersion = TLSVersion(maximum)
            configuration.cipherSuites = try CipherList.choose(
                self.settings.ciphers,
                withSharedKeys: self.settings.pskFile != nil
            )
        }

        /// The revocation lists, verified; to be called behind ``configuration()``.
        mutating func revocations() throws(ListenerError) -> RevocationLists? {
            guard let path = self.settings.revocationFile else { return nil }
            let bytes = try self.read(path)
            return try RevocationLists(
                bytes,
                file: path,
                authorities: self.authorities.compactMap { try? Certificate(derEncoded: $0.toDERBytes()) }
            )
        }
    }

    extension TLSVersion {
        fileprivate init(_ version: TLSSettings.Version) {
            self =
                switch version {
                case .v1_0: .tlsv1
                case .v1_1: .tlsv11
                case .v1_2: .tlsv12
                case .v1_3: .tlsv13
                }
        }
    }
#endif

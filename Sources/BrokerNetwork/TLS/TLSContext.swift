//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import BrokerCore
    import NIOCore
    import NIOSSL
    import SwiftASN1
    import X509

    /// TLS as it has been loaded from its files, shared by all connections that a listener accepts from then on.
    package final class TLSContext: Sendable {
        private let context: NIOSSLContext
        private let settings: TLSSettings
        /// nil: revocation is not looked at.
        private let revocations: RevocationLists?
        /// What the files held.
        private let contents: [[UInt8]]

        /// Reads the files; blocks while it does.
        ///
        /// - Throws: ``ListenerError``, which names the file and what is wrong with it.
        package init(_ settings: TLSSettings, for kind: ConnectionOrigin.Transport) throws(ListenerError) {
            var files = TLSFiles(settings)
            var configuration = try files.configuration()
            // A client that offers none, or others only, is served all the same.
            configuration.applicationProtocols = [kind == .secureWebSocket ? "http/1.1" : "mqtt"]
            // Our last words are behind us by then: a client that does not answer is not waited for.
            configuration.shutdownTimeout = .seconds(1)
            self.revocations = try files.revocations()
            self.settings = settings
            self.contents = files.contents
            do {
                self.context = try NIOSSLContext(configuration: configuration)
            } catch {
                throw ListenerError("TLS cannot be set up: \(TLSFailure.words(for: error))")
            }
        }

        /// Whether it was loaded from the same settings and file contents.
        func isSame(as other: TLSContext) -> Bool {
            self.settings == other.settings && self.contents == other.contents
        }

        /// Puts TLS between a connection and what is added behind. On the connection's loop.
        func secure(_ channel: any Channel, behind handshake: HandshakeHandler) throws {
            let handler = NIOSSLServerHandler(context: self.context)
            let outcome = TLSOutcomeHandler(handler, self, handshake)
            try channel.pipeline.syncOperations.addHandler(handler)
            try channel.pipeline.syncOperations.addHandler(outcome)
        }

        /// Who the client of a finished handshake is.
        ///
        /// - Parameters:
        ///   - certificate: what it has shown, verified.
        ///   - sharedKey: the identity of the pre-shared key.
        /// - Throws: ``ListenerError`` when it is not let in after all.
        func identify(_ certificate: NIOSSLCertificate?, sharedKey: String?) throws(ListenerError) -> TLSIdentity {
            guard self.settings.clientCertificate != .none, let certificate else {
                // The handshake has failed before, unless there is a key instead; nobody slips through here.
                guard self.settings.clientCertificate != .required || sharedKey != nil else {
                    throw ListenerError("the client has shown no certificate")
                }
                return try self.identify(sharedKey: sharedKey)
            }
            let parsed: Certificate
            do {
                parsed = try Certificate(derEncoded: certificate.toDERBytes())
            } catch {
                throw ListenerError("the client's certificate cannot be read")
            }
            try self.revocations?.check(parsed)
            let identity = CertificateIdentity(parsed.subject)
            let userName: String?
            switch self.settings.userNameFrom {
            case .none: userName = nil
            case .commonName: userName = identity.commonName
            case .subject: userName = identity.subject
            }
            if let userName, userName.isEmpty || userName.utf8.contains(0) {
                throw ListenerError("the client's certificate names nobody")
            }
            return TLSIdentity(certificate: identity, userName: userName)
        }

        private func identify(sharedKey: String?) throws(ListenerError) -> TLSIdentity {
            guard self.settings.userNameFrom != .none, self.settings.pskFile != nil else { return TLSIdentity() }
            // With a resumed session no key is asked for, and nobody knows whose it was.
            if sharedKey == nil, self.settings.certificateFile == nil {
                throw ListenerError("a resumed session does not say whose key it was")
            }
            return TLSIdentity(userName: sharedKey)
        }
    }

    extension CertificateIdentity {
        /// Whom a certificate's subject names.
        init(_ subject: DistinguishedName) {
            // The last common name is the most specific one.
            let name = subject.reversed().lazy.joined().first { $0.type == .RDNAttributeType.commonName }
            self.init(commonName: name.flatMap { String($0.value) } ?? "", subject: subject.description)
        }
    }
#endif

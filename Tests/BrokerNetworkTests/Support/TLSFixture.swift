//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import BrokerCore
    import BrokerNetwork
    import MQTTCodec
    import NIOCore
    import NIOSSL
    import NanoMQ
    import SwiftASN1
    import Testing
    import X509

    /// An authority, a server's certificate in files, and what clients need to meet it.
    struct TLSFixture {
        let authority: TestAuthority
        let folder: TemporaryFolder

        init() throws {
            self.authority = try TestAuthority("Test Authority")
            self.folder = try TemporaryFolder()
            try self.folder.write("ca.pem", self.authority.pem())
            try self.writeServer(serial: 100)
        }

        /// Writes a new certificate of the server over the old one.
        func writeServer(serial: Int) throws {
            let server = try self.authority.issue("localhost", serial: serial)
            try self.folder.write("server.pem", server.pem())
            try self.folder.write("server.key", server.keyPEM)
        }

        func path(_ name: String) -> String { self.folder.path + "/" + name }

        func settings(_ change: (inout TLSSettings) throws -> Void = { _ in }) rethrows -> TLSSettings {
            var settings = TLSSettings(certificateFile: self.path("server.pem"), keyFile: self.path("server.key"))
            try change(&settings)
            return settings
        }

        /// Runs a broker with one TLS listener around `body`.
        func withBroker<Result>(
            extensions: [any BrokerExtension] = [],
            settings change: (inout BrokerSettings) -> Void = { _ in },
            tls: (inout TLSSettings) throws -> Void = { _ in },
            _ body: (RunningBroker) async throws -> Result
        ) async throws -> Result {
            let listener = ListenerSettings.tls(host: "127.0.0.1", port: 0, try self.settings(tls))
            return try await RunningBroker.with(
                listeners: [listener],
                extensions: extensions,
                settings: change,
                body
            )
        }

        /// What a client is told that trusts the authority.
        func clientConfiguration(_ certificate: TestAuthority.Issued? = nil) throws -> TLSConfiguration {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates([try Self.certificate(self.authority.certificate)])
            guard let certificate else { return configuration }
            configuration.certificateChain = [.certificate(try Self.certificate(certificate.certificate))]
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(certificate.keyPEM.utf8), format: .pem)
            )
            return configuration
        }

        private static func certificate(_ certificate: Certificate) throws -> NIOSSLCertificate {
            try NIOSSLCertificate(bytes: Array(certificate.serializeAsPEM().pemString.utf8), format: .pem)
        }
    }

    extension RunningBroker {
        /// A client that speaks TLS; the handshake may still fail.
        func client(
            _ identifier: String,
            _ configuration: TLSConfiguration,
            _ version: ProtocolVersion = .v5
        ) async throws -> NetworkClient {
            let context = try NIOSSLContext(configuration: configuration)
            return try await NetworkClient(identifier, version, to: self.address) { channel in
                let handler = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }

        /// Whether a client with this configuration gets in.
        func admits(_ configuration: TLSConfiguration) async throws -> Bool {
            let client = try await self.client("guest", configuration)
            client.sendConnect()
            let answer = await client.next()
            guard case .connectAck(let answer) = answer else { return false }
            return answer.reason == .success
        }
    }
#endif

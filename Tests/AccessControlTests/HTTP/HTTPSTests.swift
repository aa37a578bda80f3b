//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    @testable import AccessControl
    import BrokerCore
    import Crypto
    import FoundationEssentials
    import NIOCore
    import NIOPosix
    import NIOSSL
    import SwiftASN1
    import Testing
    import X509

    @Suite struct HTTPSTests {
        /// A certificate for 127.0.0.1 that signs itself, and its key, in PEM.
        private struct Identity {
            let certificate: String
            let key: String

            init() throws {
                let key = P256.Signing.PrivateKey()
                let name = try DistinguishedName { CommonName("test") }
                let certificate = try Certificate(
                    version: .v3,
                    serialNumber: Certificate.SerialNumber(),
                    publicKey: Certificate.PublicKey(key.publicKey),
                    notValidBefore: Date(timeIntervalSinceNow: -3600),
                    notValidAfter: Date(timeIntervalSinceNow: 3600),
                    issuer: name,
                    subject: name,
                    signatureAlgorithm: .ecdsaWithSHA256,
                    extensions: Certificate.Extensions {
                        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                        SubjectAlternativeNames([.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))])
                    },
                    issuerPrivateKey: Certificate.PrivateKey(key)
                )
                self.certificate = try certificate.serializeAsPEM().pemString
                self.key = key.pemRepresentation
            }
        }

        private func withFile<Result>(
            _ text: String,
            _ body: (String) async throws -> Result
        ) async throws -> Result {
            let path = FileManager.default.temporaryDirectory.appending(path: "nanomq-\(UUID().uuidString).pem").path
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(atPath: path) }
            return try await body(path)
        }

        /// A server that shows its certificate and wants to see one of ours.
        private func server(_ identity: Identity, _ client: Identity) async throws -> TestHTTPServer {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: [
                    .certificate(try NIOSSLCertificate(bytes: Array(identity.certificate.utf8), format: .pem))
                ],
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem))
            )
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates([
                try NIOSSLCertificate(bytes: Array(client.certificate.utf8), format: .pem)
            ])
            return try await TestHTTPServer(tls: NIOSSLContext(configuration: configuration))
        }

        @Test func serverIsKnownByItsAuthorityAndWeByOurs() async throws {
            let identity = try Identity()
            let ours = try Identity()
            let server = try await self.server(identity, ours)
            var settings = HTTPAccessSettings()
            settings.authentication = .init(url: "https://127.0.0.1:\(server.port)/", parameters: [.init("c", "%c")])
            try await self.withFile(identity.certificate) { authority in
                try await self.withFile(ours.certificate) { certificate in
                    try await self.withFile(ours.key) { key in
                        settings.tls.authorityFile = authority
                        settings.tls.certificateFile = certificate
                        settings.tls.keyFile = key
                        let access = try HTTPAccess(settings)
                        async let verdict = access.authenticate(Guest().authentication()).value
                        let request = try await server.next()
                        #expect(request.raw.hasSuffix("\r\n\r\nc=sensor-7"))
                        request.answer(200)
                        #expect(await verdict.text == "accept")
                        await access.shutdown()
                    }
                }
            }
            try await server.stop()
        }

        @Test func serverWithAnotherAuthorityIsNotAsked() async throws {
            let identity = try Identity()
            let other = try Identity()
            let server = try await self.server(identity, other)
            var settings = HTTPAccessSettings()
            settings.authentication = .init(url: "https://127.0.0.1:\(server.port)/", parameters: [.init("c", "%c")])
            let events = HTTPEvents()
            try await self.withFile(other.certificate) { authority in
                settings.tls.authorityFile = authority
                let access = try HTTPAccess(settings, onEvent: { events.append($0) })
                #expect(await access.authenticate(Guest().authentication()).value.text == "refuse 0x88")
                await access.shutdown()
            }
            let server443 = "https://127.0.0.1:\(server.port)"
            #expect(events.all == [.requestFailed(.authentication, server: server443, .connection)])
            try await server.stop()
        }

        @Test func emptyFileIsAnError() async throws {
            try await self.withFile("") { path in
                var settings = HTTPAccessSettings()
                settings.tls.authorityFile = path
                #expect(throws: HTTPAccessError.file(path)) { _ = try HTTPAccess(settings) }
            }
        }
    }
#endif

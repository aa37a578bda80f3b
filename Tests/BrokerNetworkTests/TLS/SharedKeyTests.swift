//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import BrokerCore
    import BrokerNetwork
    import MQTTCodec
    import NIOSSL
    import NanoMQ
    import Testing

    extension NetworkTests {
        /// Clients with a pre-shared key.
        @Suite struct SharedKeyTests {
            private func configuration(_ identity: String, _ key: [UInt8]) -> TLSConfiguration {
                var configuration = TLSConfiguration.makePreSharedKeyConfiguration()
                configuration.minimumTLSVersion = .tlsv12
                configuration.maximumTLSVersion = .tlsv12
                configuration.cipherSuites = "ECDHE-PSK-AES128-CBC-SHA:PSK-AES256-CBC-SHA"
                configuration.pskClientProvider = { _ in
                    PSKClientIdentityResponse(key: NIOSSLSecureBytes(key), identity: identity)
                }
                return configuration
            }

            @Test(arguments: [false, true]) func onlyTheRightKeyOpens(withCertificate: Bool) async throws {
                let fixture = try TLSFixture()
                let guests = Guests()
                let file = try fixture.folder.write("psk", "# keys\nsensor:7:00ff10\n\nother:AABB\n")
                var tls = TLSSettings()
                if withCertificate { tls = try fixture.settings() }
                tls.pskFile = file
                tls.pskHint = "hint"
                tls.userNameFrom = .commonName
                let listener = ListenerSettings.tls(host: "127.0.0.1", port: 0, tls)
                try await RunningBroker.with(listeners: [listener], extensions: [guests]) { running async throws in
                    #expect(try await running.admits(self.configuration("sensor:7", [0x00, 0xFF, 0x10])))
                    #expect(try await running.admits(self.configuration("other", [0xAA, 0xBB])))
                    #expect(try await !running.admits(self.configuration("other", [0xAA, 0xBC])))
                    #expect(try await !running.admits(self.configuration("stranger", [0xAA, 0xBB])))
                    #expect(guests.clients.map(\.userName) == ["sensor:7", "other"])
                    // The same name came in by key; with a certificate's listener others come without.
                    var plain = try fixture.clientConfiguration()
                    plain.maximumTLSVersion = .tlsv12
                    #expect(try await running.admits(plain) == withCertificate)
                }
            }

            @Test func withoutAUserNameFromItTheKeyStillOpens() async throws {
                let folder = try TemporaryFolder()
                let guests = Guests()
                var tls = TLSSettings()
                tls.pskFile = try folder.write("psk", "sensor:00ff10")
                let listener = ListenerSettings.tls(host: "127.0.0.1", port: 0, tls)
                try await RunningBroker.with(listeners: [listener], extensions: [guests]) { running async throws in
                    #expect(try await running.admits(self.configuration("sensor", [0x00, 0xFF, 0x10])))
                    #expect(guests.clients.map(\.userName) == [nil])
                }
            }
        }
    }
#endif

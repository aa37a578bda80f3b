//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import BrokerCore
    import BrokerNetwork
    import Foundation
    import MQTTCodec
    import NanoMQ
    import Testing
    import X509

    extension NetworkTests {
        /// Clients that show a certificate.
        @Suite struct ClientCertificateTests {
            private let fixture: TLSFixture

            init() throws {
                self.fixture = try TLSFixture()
            }

            private func ask(_ kind: TLSSettings.ClientCertificate, _ settings: inout TLSSettings) {
                settings.clientCertificate = kind
                settings.authorityFile = self.fixture.path("ca.pem")
            }

            @Test func aRequiredCertificateHasToBeThereAndValid() async throws {
                let stranger = try TestAuthority("Stranger").issue("client")
                let known = try self.fixture.authority.issue("client")
                try await self.fixture.withBroker(tls: { self.ask(.required, &$0) }) { running async throws in
                    #expect(try await !running.admits(self.fixture.clientConfiguration()))
                    #expect(try await !running.admits(self.fixture.clientConfiguration(stranger)))
                    #expect(try await running.admits(self.fixture.clientConfiguration(known)))
                    #expect(running.broker.listenerStatus.first?.metrics.open == 1)
                }
            }

            @Test func anOptionalCertificateHasToBeValidIfItIsThere() async throws {
                let stranger = try TestAuthority("Stranger").issue("client")
                let known = try self.fixture.authority.issue("client")
                try await self.fixture.withBroker(tls: { self.ask(.optional, &$0) }) { running async throws in
                    #expect(try await running.admits(self.fixture.clientConfiguration()))
                    #expect(try await !running.admits(self.fixture.clientConfiguration(stranger)))
                    #expect(try await running.admits(self.fixture.clientConfiguration(known)))
                }
            }

            /// An authority of the same name with another key does not help.
            @Test func theAuthoritysNameIsNotEnough() async throws {
                let twin = try TestAuthority("Test Authority").issue("client")
                try await self.fixture.withBroker(tls: { self.ask(.required, &$0) }) { running async throws in
                    #expect(try await !running.admits(self.fixture.clientConfiguration(twin)))
                }
            }

            @Test func authoritiesMayLieInADirectory() async throws {
                let other = try TestAuthority("Other Authority")
                try self.fixture.folder.write("cas/one.pem", self.fixture.authority.pem())
                try self.fixture.folder.write("cas/two.crt", other.pem())
                try self.fixture.folder.write("cas/readme", "Authorities.\n")
                try await self.fixture.withBroker(tls: {
                    $0.clientCertificate = .required
                    $0.authorityDirectory = self.fixture.path("cas")
                }) { running async throws in
                    for authority in [self.fixture.authority, other] {
                        #expect(try await running.admits(self.fixture.clientConfiguration(authority.issue("client"))))
                    }
                }
            }

            // MARK: Names

            @Test(arguments: [
                (TLSSettings.UserName.none, nil), (.commonName, "sensor-7"),
                (.subject, "CN=sensor-7,OU=a\\,b,O=Example"),
            ])
            func extensionsSeeWhoItIs(from: TLSSettings.UserName, userName: String?) async throws {
                let guests = Guests()
                let subject = try DistinguishedName {
                    OrganizationName("Example")
                    OrganizationalUnitName("a,b")
                    CommonName("sensor-7")
                }
                try await self.fixture.withBroker(
                    extensions: [guests],
                    tls: {
                        self.ask(.required, &$0)
                        $0.userNameFrom = from
                    }
                ) { running async throws in
                    let client = try await running.client(
                        "guest",
                        self.fixture.clientConfiguration(self.fixture.authority.issue(subject))
                    )
                    try await client.connect { $0.userName = "claimed" }
                    let seen = try #require(guests.clients.first)
                    #expect(seen.userName == userName ?? "claimed")
                    #expect(seen.origin.userName == userName)
                    let expected = CertificateIdentity(
                        commonName: "sensor-7",
                        subject: "CN=sensor-7,OU=a\\,b,O=Example"
                    )
                    #expect(seen.origin.certificate == expected)
                }
            }

            @Test func aCertificateThatNamesNobodyIsRefusedWhereItHasTo() async throws {
                let nameless = try self.fixture.authority.issue(DistinguishedName { OrganizationName("Example") })
                try await self.fixture.withBroker(tls: {
                    self.ask(.required, &$0)
                    $0.userNameFrom = .commonName
                }) { running async throws in
                    #expect(try await !running.admits(self.fixture.clientConfiguration(nameless)))
                }
                try await self.fixture.withBroker(tls: { self.ask(.required, &$0) }) { running async throws in
                    #expect(try await running.admits(self.fixture.clientConfiguration(nameless)))
                }
            }

            // MARK: Revocation

            @Test(arguments: [false, true]) func aRevokedCertificateIsRefused(isPEM: Bool) async throws {
                let list = try self.fixture.authority.revocationList([7, 300, 70_000])
                let text =
                    "-----BEGIN X509 CRL-----\n\(Data(list).base64EncodedString(options: .lineLength64Characters))"
                let file = try self.fixture.folder.write(
                    "crl",
                    isPEM ? Array((text.replacing("\r\n", with: "\n") + "\n-----END X509 CRL-----\n").utf8) : list
                )
                try await self.fixture.withBroker(tls: {
                    self.ask(.required, &$0)
                    $0.revocationFile = file
                }) { running async throws in
                    for (serial, isAdmitted) in [(7, false), (8, true), (300, false), (70_000, false), (70_001, true)] {
                        let client = try self.fixture.authority.issue("client", serial: serial)
                        #expect(try await running.admits(self.fixture.clientConfiguration(client)) == isAdmitted)
                    }
                }
            }

            @Test func withoutACurrentListNobodyIsAdmitted() async throws {
                let other = try TestAuthority("Other Authority")
                let file = try self.fixture.folder.write("crl", other.revocationList([]))
                try self.fixture.folder.write("ca.pem", self.fixture.authority.pem() + "\n" + other.pem())
                let tls = { (settings: inout TLSSettings) in
                    self.ask(.optional, &settings)
                    settings.revocationFile = file
                }
                let one = try self.fixture.authority.issue("one")
                let two = try other.issue("two")
                try await self.fixture.withBroker(tls: tls) { running async throws in
                    #expect(try await !running.admits(self.fixture.clientConfiguration(one)))
                    #expect(try await running.admits(self.fixture.clientConfiguration(two)))
                    // No certificate, nothing to look up.
                    #expect(try await running.admits(self.fixture.clientConfiguration()))
                }
                try self.fixture.folder.write("crl", other.revocationList([], until: .now - 1))
                try await self.fixture.withBroker(tls: tls) { running async throws in
                    #expect(try await !running.admits(self.fixture.clientConfiguration(two)))
                }
            }
        }
    }
#endif

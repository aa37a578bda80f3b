//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import BrokerNetwork
    import MQTTCodec
    import NIOCore
    import NIOSSL
    import NanoMQ
    import Synchronization
    import Testing

    extension NetworkTests {
        /// Certificates that change while clients are there.
        @Suite struct CertificateReloadTests {
            /// A client that notes the serial number of the server's certificate.
            private func client(
                _ identifier: String,
                _ running: RunningBroker,
                _ fixture: TLSFixture
            ) async throws -> (NetworkClient, serial: [UInt8]?) {
                let client = try await running.client(identifier, fixture.clientConfiguration())
                try await client.connect()
                let certificate = try await client.channel.nioSSL_peerCertificate().get()
                return (client, certificate?.serialNumber)
            }

            @Test func newClientsSeeTheNewOneAndOldOnesStay() async throws {
                let fixture = try TLSFixture()
                try await fixture.withBroker { running async throws in
                    let listener = try #require(running.broker.listenerStatus.first).settings
                    let (old, first) = try await self.client("old", running, fixture)
                    #expect(first == [100])
                    try await old.subscribe("t")

                    #expect(try await running.broker.apply(listeners: [listener]) == [])
                    try fixture.writeServer(serial: 101)
                    let change = try await running.broker.apply(listeners: [listener])
                    #expect(change.map(\.action) == [.changed] && change.first?.error == nil)
                    let (new, second) = try await self.client("new", running, fixture)
                    #expect(second == [101])
                    new.publish("t", "hello", qos: .atLeastOnce)
                    #expect(try await old.nextPublish().text == "hello")
                }
            }

            @Test func aFileThatIsNoGoodChangesNothing() async throws {
                let fixture = try TLSFixture()
                try await fixture.withBroker { running async throws in
                    let listener = try #require(running.broker.listenerStatus.first).settings
                    try fixture.folder.write("server.key", "garbage")
                    let changes = try await running.broker.apply(listeners: [listener])
                    #expect(changes.map(\.listener) == ["ssl:default"])
                    #expect(changes.first?.error?.hasSuffix("server.key: holds no private key in PEM form") == true)
                    let (_, serial) = try await self.client("client", running, fixture)
                    #expect(serial == [100])
                }
            }

            /// Who may come in is asked anew of those who come from now on.
            @Test func theAuthoritiesChangeToo() async throws {
                let fixture = try TLSFixture()
                let other = try TestAuthority("Other Authority")
                let one = try fixture.authority.issue("one")
                let two = try other.issue("two")
                try await fixture.withBroker(tls: {
                    $0.clientCertificate = .required
                    $0.authorityFile = fixture.path("ca.pem")
                }) { running async throws in
                    let listener = try #require(running.broker.listenerStatus.first).settings
                    let old = try await running.client("old", fixture.clientConfiguration(one))
                    try await old.connect()
                    #expect(try await !running.admits(fixture.clientConfiguration(two)))
                    try fixture.folder.write("ca.pem", other.pem())
                    #expect(try await running.broker.apply(listeners: [listener]).count == 1)
                    #expect(try await running.admits(fixture.clientConfiguration(two)))
                    #expect(try await !running.admits(fixture.clientConfiguration(one)))
                    try await old.ping()
                }
            }
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import BrokerNetwork
import MQTTCodec
import NIOCore
import NanoMQ
import Testing

extension NetworkTests {
    /// Listeners behind a proxy.
    @Suite struct ProxyListenerTests {
        private func withBroker(
            _ guests: Guests = Guests(),
            timeout: Int64 = 15_000,
            _ body: (RunningBroker) async throws -> Void
        ) async throws {
            var listener = ListenerSettings.tcp(host: "127.0.0.1", port: 0)
            listener.requiresProxyHeader = true
            try await RunningBroker.with(
                listeners: [listener],
                extensions: [guests],
                settings: { $0.connectTimeout = timeout },
                body
            )
        }

        private static let header = "PROXY TCP4 192.0.2.1 198.51.100.7 51234 1883\r\n"

        @Test func theClientsAddressIsTheOneThatTheProxySays() async throws {
            let guests = Guests()
            try await self.withBroker(guests) { running in
                let client = try await running.client("far")
                client.send(ByteBuffer(string: Self.header))
                try await client.connect()
                #expect(guests.clients.map(\.peer) == [PeerAddress(host: "192.0.2.1", port: 51234)])
                try await client.ping()
            }
        }

        /// In pieces of any size, with CONNECT in the same piece as the end of the header.
        @Test func theHeaderMayComeInPieces() async throws {
            let guests = Guests()
            try await self.withBroker(guests) { running in
                let connect = { (client: NetworkClient) in
                    client.encode(.connect(Connect(keepAlive: 0, clientIdentifier: client.identifier)))
                }
                let whole = try await running.client("whole")
                var bytes = ByteBuffer(string: Self.header)
                bytes.writeImmutableBuffer(connect(whole))
                whole.send(bytes)
                _ = try await whole.first { if case .connectAck(let answer) = $0 { answer } else { nil } }

                let single = try await running.client("single")
                bytes = ByteBuffer(bytes: ProxyHeaderTests.block(0x21, 0x21, ProxyHeaderTests.version6))
                bytes.writeImmutableBuffer(connect(single))
                for byte in bytes.readableBytesView {
                    try await single.channel.writeAndFlush(ByteBuffer(integer: byte))
                }
                _ = try await single.first { if case .connectAck(let answer) = $0 { answer } else { nil } }
                #expect(guests.clients.map(\.peer.host) == ["192.0.2.1", "2001:db8::1"])
            }
        }

        /// A health check: the address is the proxy's.
        @Test func theProxyMayConnectForItself() async throws {
            let guests = Guests()
            try await self.withBroker(guests) { running in
                let client = try await running.client("proxy")
                client.send(ByteBuffer(bytes: ProxyHeaderTests.block(0x20, 0, [])))
                try await client.connect()
                #expect(guests.clients.map(\.peer.host) == ["127.0.0.1"])
            }
        }

        @Test func whoComesWithoutAHeaderIsClosed() async throws {
            try await self.withBroker { running in
                let client = try await running.client("direct")
                client.sendConnect()
                #expect(await client.next() == nil)
                // The handler leaves shortly after its socket has closed.
                while running.broker.listenerStatus.first?.metrics.open != 0 { await Task.yield() }
                let status = try #require(running.broker.listenerStatus.first)
                #expect(status.metrics.accepted == 1 && status.metrics.failed == 1)
            }
        }

        @Test func aHeaderThatDoesNotComeIsNotWaitedForForever() async throws {
            try await self.withBroker(timeout: 100) { running in
                let client = try await running.client("slow")
                client.send(ByteBuffer(string: "PROXY "))
                #expect(await client.next() == nil)
            }
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import BrokerNetwork
import MQTTCodec
import NIOCore
import NIOPosix
import NanoMQ
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension NetworkTests {
    /// Listeners and their limits.
    @Suite struct ListenerTests {
        @Test func eachListenerHasItsOwnLimit() async throws {
            var narrow = ListenerSettings(name: "narrow", host: "127.0.0.1", port: 0)
            narrow.maximumConnections = 1
            let wide = ListenerSettings(name: "wide", host: "127.0.0.1", port: 0)
            let guests = Guests()
            try await RunningBroker.with(listeners: [narrow, wide], extensions: [guests]) { running in
                let other = RunningBroker(broker: running.broker, address: running.broker.addresses[1])
                let first = try await running.connected("first")
                let second = try await running.client("second")
                #expect(await second.next() == nil)
                let others = try await [other.connected("third"), other.connected("fourth")]
                #expect(guests.clients.map(\.origin.listener) == ["narrow", "wide", "wide"])
                let metrics = running.broker.listenerStatus.map(\.metrics)
                #expect(metrics.map(\.accepted) == [1, 2])
                #expect(metrics.map(\.open) == [1, 2])
                #expect(metrics.map(\.refused) == [1, 0])
                for client in others { try await client.ping() }

                await first.disconnect()
                while running.broker.listenerStatus.first?.metrics.open != 0 { await Task.yield() }
                _ = try await running.connected("fifth")
            }
        }

        @Test func eachListenerHasItsOwnRate() async throws {
            var slow = ListenerSettings(name: "slow", host: "127.0.0.1", port: 0)
            slow.maximumConnectRate = 0
            try await RunningBroker.with(listeners: [slow]) { running in
                let client = try await running.client("client")
                #expect(await client.next() == nil)
                #expect(running.broker.listenerStatus.first?.metrics.refused == 1)
            }
        }

        @Test(arguments: [("::1", "[::1]"), ("localhost", nil)])
        func anyKindOfAddressWillDo(host: String, shown: String?) async throws {
            let listener = ListenerSettings.tcp(host: host, port: 0)
            if let shown { #expect(listener.address == "\(shown):0") }
            try await RunningBroker.with(listeners: [listener]) { running in
                _ = try await running.connected("client")
            }
        }

        @Test func whatCannotBeBoundIsSaid() async throws {
            func error(_ listener: ListenerSettings) async -> String? {
                let broker = Broker(listeners: [listener], logger: .silent)
                return await #expect(throws: BrokerError.self) { try await broker.run() }?.description
            }
            #expect(
                await error(ListenerSettings(name: "here", host: "192.0.2.1", port: 1883))
                    == "cannot listen on 192.0.2.1:1883 (tcp:here): no such address on this machine"
            )
            #expect(
                await error(.tcp(host: "no.such.host.invalid", port: 1))
                    == "cannot listen on no.such.host.invalid:1 (tcp:default): unknown host"
            )
            var inherited = ListenerSettings.tcp(host: "inherited", port: 0)
            inherited.inheritedDescriptor = 9_999
            #expect(
                await error(inherited)
                    == "cannot listen on inherited:0 (tcp:default): the inherited descriptor 9999 is no TCP socket"
            )
            inherited.inheritedDescriptor = open("/dev/null", O_RDONLY)
            #expect(await error(inherited)?.hasSuffix("is no TCP socket") == true)
        }

        #if TLS
            @Test func tlsWithoutFilesIsSaid() async throws {
                let broker = Broker(listeners: [.tls(host: "127.0.0.1", port: 0, TLSSettings())], logger: .silent)
                let error = await #expect(throws: BrokerError.self) { try await broker.run() }
                #expect(
                    error?.description == "cannot listen on 127.0.0.1:0 (ssl:default): a certificate file is needed"
                )
            }
        #else
            @Test func tlsIsNotPartOfEveryBuild() async throws {
                let broker = Broker(listeners: [.tls(host: "127.0.0.1", port: 0, TLSSettings())], logger: .silent)
                let error = await #expect(throws: BrokerError.self) { try await broker.run() }
                #expect(
                    error?.description
                        == "cannot listen on 127.0.0.1:0 (ssl:default): this build is without TLS (package trait TLS)"
                )
            }
        #endif

        /// As systemd hands it over: bound, and listened on already.
        @Test func aSocketMayBeInherited() async throws {
            #if canImport(Glibc)
                let stream = Int32(SOCK_STREAM.rawValue)
            #else
                let stream = SOCK_STREAM
            #endif
            let descriptor = socket(AF_INET, stream, 0)
            // A socket that is not bound gets a port of its own.
            #expect(listen(descriptor, 8) == 0)
            var listener = ListenerSettings(name: "socket", host: "inherited", port: 0)
            listener.inheritedDescriptor = descriptor
            try await RunningBroker.with(listeners: [listener]) { running in
                #expect(running.address.port ?? 0 > 0)
                let client = try await running.connected("client")
                // It stays when the configuration is read again.
                #expect(try await running.broker.apply(listeners: [listener]) == [])
                try await client.ping()
            }
        }
    }
}

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
    import NIOTLS
    import NanoMQ
    import Testing

    extension NetworkTests {
        /// Clients that come over TLS.
        @Suite struct TLSTests {
            @Test func messagesOfAnySizePassBothWays() async throws {
                let guests = Guests()
                let fixture = try TLSFixture()
                try await fixture.withBroker(extensions: [guests]) { running async throws in
                    let client = try await running.client("tls", fixture.clientConfiguration())
                    try await client.connect()
                    try await client.subscribe("t/#")
                    let load = String(repeating: "0123456789abcdef", count: 256 * 1024)
                    for (index, text) in ["", "x", load].enumerated() {
                        client.publish("t/\(index)", text, qos: .atLeastOnce)
                        #expect(try await client.nextPublish().text == text)
                    }
                    let origin = try #require(guests.clients.first?.origin)
                    #expect(origin.transport == .tls && origin.listener == "default")
                    #expect(origin.port == UInt16(running.address.port ?? 0))
                    #expect(origin.certificate == nil && origin.userName == nil)
                    await client.disconnect()
                }
            }

            /// A client that does not read for a while gets everything when it does.
            @Test func aSlowReaderLosesNothing() async throws {
                let fixture = try TLSFixture()
                try await fixture.withBroker { running async throws in
                    let reader = try await running.client("reader", fixture.clientConfiguration())
                    try await reader.connect()
                    try await reader.subscribe("load", qos: .atLeastOnce)
                    try await reader.setReading(false)
                    let publisher = try await running.client("publisher", fixture.clientConfiguration())
                    try await publisher.connect()
                    let load = String(repeating: "x", count: 64 * 1024)
                    for _ in 0..<120 { publisher.publish("load", load, qos: .atLeastOnce) }
                    try await publisher.ping()
                    try await reader.setReading(true)
                    for _ in 0..<120 { #expect(try await reader.nextPublish().text.utf8.count == load.utf8.count) }
                }
            }

            @Test(arguments: [
                (TLSSettings.Version.v1_0, TLSSettings.Version.v1_1, [TLSVersion.tlsv1, .tlsv11]),
                (.v1_2, .v1_2, [.tlsv12]), (.v1_3, .v1_3, [.tlsv13]), (.v1_2, .v1_3, [.tlsv12, .tlsv13]),
            ])
            func onlyTheVersionsAskedForAreSpoken(
                from: TLSSettings.Version,
                to: TLSSettings.Version,
                spoken: [TLSVersion]
            ) async throws {
                let fixture = try TLSFixture()
                try await fixture.withBroker(tls: {
                    $0.minimumVersion = from
                    $0.maximumVersion = to
                }) { running async throws in
                    for version in [TLSVersion.tlsv1, .tlsv11, .tlsv12, .tlsv13] {
                        var configuration = try fixture.clientConfiguration()
                        configuration.minimumTLSVersion = version
                        configuration.maximumTLSVersion = version
                        #expect(try await running.admits(configuration) == spoken.contains(version))
                    }
                }
            }

            @Test func onlyTheCiphersAskedForAreSpoken() async throws {
                let fixture = try TLSFixture()
                try await fixture.withBroker(tls: {
                    $0.maximumVersion = .v1_2
                    $0.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
                }) { running async throws in
                    var configuration = try fixture.clientConfiguration()
                    configuration.cipherSuites = "ECDHE-ECDSA-AES128-GCM-SHA256"
                    #expect(try await !running.admits(configuration))
                    configuration.cipherSuites = "ECDHE-ECDSA-AES256-GCM-SHA384"
                    #expect(try await running.admits(configuration))
                }
            }

            /// The protocol is agreed on if the client offers it; one that offers nothing, or something else, is served.
            @Test(arguments: [(["mqtt"], "mqtt"), ([], nil), (["x-other", "mqtt"], "mqtt"), (["x-other"], nil)])
            func theApplicationProtocolIsMQTT(offered: [String], agreed: String?) async throws {
                let fixture = try TLSFixture()
                try await fixture.withBroker { running async throws in
                    var configuration = try fixture.clientConfiguration()
                    configuration.applicationProtocols = offered
                    let context = try NIOSSLContext(configuration: configuration)
                    let (events, continuation) = AsyncStream.makeStream(of: String?.self)
                    let client = try await NetworkClient("alpn", to: running.address) { channel in
                        try channel.pipeline.syncOperations.addHandlers([
                            try NIOSSLClientHandler(context: context, serverHostname: "localhost"),
                            ProtocolEar(continuation),
                        ])
                    }
                    try await client.connect()
                    var iterator = events.makeAsyncIterator()
                    #expect(await iterator.next() == .some(agreed))
                }
            }

            /// Tells which application protocol was agreed on.
            private final class ProtocolEar: ChannelInboundHandler {
                typealias InboundIn = ByteBuffer

                private let continuation: AsyncStream<String?>.Continuation

                init(_ continuation: AsyncStream<String?>.Continuation) {
                    self.continuation = continuation
                }

                func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
                    if case .handshakeCompleted(let agreed)? = event as? TLSUserEvent {
                        self.continuation.yield(agreed)
                    }
                }
            }

            @Test func aClientThatDoesNotTrustTheServerStaysAway() async throws {
                let fixture = try TLSFixture()
                let stranger = try TLSFixture()
                try await fixture.withBroker { running async throws in
                    #expect(try await !running.admits(stranger.clientConfiguration()))
                    #expect(try await running.admits(fixture.clientConfiguration()))
                }
            }

            // MARK: Last words

            /// The refusal is read before the connection ends, in either version of TLS.
            @Test(arguments: [TLSVersion.tlsv12, .tlsv13]) func aRefusalReachesTheClient(
                version: TLSVersion
            ) async throws {
                let fixture = try TLSFixture()
                try await fixture.withBroker(extensions: [Closed()]) { running async throws in
                    var configuration = try fixture.clientConfiguration()
                    configuration.maximumTLSVersion = version
                    let client = try await running.client("refused", configuration)
                    #expect(try await client.connect().reason == .notAuthorized)
                    #expect(await client.next() == nil)
                }
            }

            @Test func theGoodbyeReachesTheClient() async throws {
                let fixture = try TLSFixture()
                let broker = Broker(
                    listeners: [.tls(host: "127.0.0.1", port: 0, try fixture.settings())],
                    logger: .silent
                )
                let run = Task { try await broker.run() }
                try await broker.waitUntilReady()
                let running = RunningBroker(broker: broker, address: try #require(broker.addresses.first))
                let client = try await running.client("client", fixture.clientConfiguration())
                try await client.connect()
                run.cancel()
                #expect(await client.next() == .disconnect(Disconnect(reason: .serverShuttingDown)))
                #expect(await client.next() == nil)
                try await run.value
            }

            // MARK: Handshakes that come to nothing

            @Test func aHandshakeThatDoesNotEndIsNotWaitedForForever() async throws {
                let fixture = try TLSFixture()
                try await fixture.withBroker(tls: { $0.handshakeTimeout = 100 }) { running async throws in
                    let silent = try await running.client("silent")
                    #expect(await silent.next() == nil)
                    let half = try await running.client("half")
                    half.send(ByteBuffer(bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))
                    #expect(await half.next() == nil)
                }
            }

            @Test func theEndOfTheBrokerDoesNotWaitForHandshakes() async throws {
                let fixture = try TLSFixture()
                let broker = Broker(
                    listeners: [.tls(host: "127.0.0.1", port: 0, try fixture.settings())],
                    shutdownTimeout: .seconds(600),
                    logger: .silent
                )
                let run = Task { try await broker.run() }
                try await broker.waitUntilReady()
                let running = RunningBroker(broker: broker, address: try #require(broker.addresses.first))
                let silent = try await running.client("silent")
                // By now the broker has it.
                let other = try await running.client("other", fixture.clientConfiguration())
                try await other.connect()
                run.cancel()
                #expect(await silent.next() == nil)
                await other.drain()
                try await run.value
            }

            @Test func moreHandshakesThanAllowedAreClosed() async throws {
                let fixture = try TLSFixture()
                var listener = ListenerSettings.tls(host: "127.0.0.1", port: 0, try fixture.settings())
                listener.maximumHandshakes = 1
                try await RunningBroker.with(listeners: [listener], threads: 1) { running async throws in
                    let first = try await running.client("first")
                    let second = try await running.client("second")
                    #expect(await second.next() == nil)
                    await first.close()
                    while running.broker.listenerStatus.first?.metrics.handshakes != 0 { await Task.yield() }
                    #expect(try await running.admits(fixture.clientConfiguration()))
                    let metrics = try #require(running.broker.listenerStatus.first?.metrics)
                    #expect(metrics.accepted == 2 && metrics.refused == 1 && metrics.failed == 1)
                }
            }
        }
    }
#endif

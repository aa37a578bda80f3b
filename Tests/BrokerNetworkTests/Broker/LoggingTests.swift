//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerNetwork
import Logging
import MQTTCodec
import NIOCore
import NanoMQ
import Synchronization
import Testing

@testable import BrokerCore

/// Keeps what is logged.
private final class LogKeeper: Sendable {
    private let kept = Mutex<[String]>([])
    private let (stream, continuation) = AsyncStream.makeStream(of: String.self)

    private struct Handler: LogHandler {
        let keeper: LogKeeper
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let line = (["\(event.level)", "\(event.message)"] + metadata).joined(separator: " ")
            self.keeper.kept.withLock { $0.append(line) }
            self.keeper.continuation.yield(line)
        }
    }

    var logger: Logger { Logger(label: "test") { _ in Handler(keeper: self) } }
    var lines: [String] { self.kept.withLock { $0 } }

    /// Waits for a line that begins like this.
    func line(_ beginning: String) async -> String? {
        await self.stream.first { $0.hasPrefix(beginning) }
    }
}

extension NetworkTests {
    /// What the operator is told.
    @Suite struct LoggingTests {
        private static let client = ClientInfo(
            Connect(
                version: .v5,
                keepAlive: 60,
                clientIdentifier: "sensor-7",
                userName: "kitchen",
                password: ByteBuffer(string: "swordfish")
            ),
            peer: PeerAddress(host: "2001:db8::1", port: 5123),
            origin: ConnectionOrigin(transport: .tls, listener: "ssl", port: 8883)
        )
        private static let peer = PeerAddress(host: "192.0.2.1", port: 5123)

        private static let events: [(BrokerEvent, String)] = [
            (
                .connected(client, sessionPresent: true),
                "info connected client=sensor-7 listener=ssl:ssl peer=[2001:db8::1]:5123 session=resumed"
            ),
            (
                .disconnected(client, .success),
                "info disconnected client=sensor-7 listener=ssl:ssl peer=[2001:db8::1]:5123 reason=0x00 by the client"
            ),
            (
                .disconnected(client, .unspecifiedError),
                "info disconnected client=sensor-7 listener=ssl:ssl peer=[2001:db8::1]:5123 reason=0x80 connection lost"
            ),
            (
                .disconnected(client, .sessionTakenOver),
                "info disconnected client=sensor-7 listener=ssl:ssl peer=[2001:db8::1]:5123 reason=0x8E session taken over"
            ),
            (
                .refused(client: "sensor-7", peer: peer, .notAuthorized, detail: "says the file"),
                "notice refused client=sensor-7 detail=says the file peer=192.0.2.1:5123 reason=0x87 not authorized"
            ),
            (
                .refused(client: nil, peer: peer, .keepAliveTimeout, detail: "late"),
                "notice refused detail=late peer=192.0.2.1:5123 reason=0x8D keep alive timeout"
            ),
            (
                .protocolError(client: "sensor-7", peer: peer, .malformed("too short")),
                "notice protocol error client=sensor-7 peer=192.0.2.1:5123 reason=0x81 malformed packet: too short"
            ),
            (
                .stuckReader(client),
                "warning closed: does not read client=sensor-7 listener=ssl:ssl peer=[2001:db8::1]:5123"
            ),
            (
                .queueFull(client),
                "warning queue is full, messages are dropped client=sensor-7 listener=ssl:ssl peer=[2001:db8::1]:5123"
            ),
            (.retainedLimit, "warning retained message refused: limit reached"),
            (.connectionLimit(peer: peer), "warning connection refused: limit reached peer=192.0.2.1:5123"),
            (
                .connectionLimit(peer: peer, listener: "ssl:ssl"),
                "warning connection refused: limit reached listener=ssl:ssl peer=192.0.2.1:5123"
            ),
            (
                .cannotAccept(listener: "ssl:ssl", cause: "too many open files"),
                "error cannot accept: too many open files listener=ssl:ssl"
            ),
        ]

        @Test(arguments: events.indices) func oneLineEach(_ index: Int) {
            let keeper = LogKeeper()
            BrokerLogger(keeper.logger).log(Self.events[index].0)
            #expect(keeper.lines == [Self.events[index].1])
        }

        @Test(arguments: [
            ("x\ny\u{1b}[2J", "x\\u{a}y\\u{1b}[2J"),
            ("\u{85}\u{2028}\u{202e}", "\\u{85}\\u{2028}\\u{202e}"),
            ("Füße", "Füße"),
            (String(repeating: "x", count: 300), String(repeating: "x", count: 256) + "…"),
        ])
        func identifiersThatClientsChoose(_ identifier: String, _ printed: String) {
            let keeper = LogKeeper()
            BrokerLogger(keeper.logger).log(
                .protocolError(client: identifier, peer: Self.peer, .malformed("too short"))
            )
            let end = " peer=192.0.2.1:5123 reason=0x81 malformed packet: too short"
            #expect(keeper.lines == ["notice protocol error client=\(printed)\(end)"])
        }

        /// Plain TCP has no handshake, a PROXY header is one.
        @Test func aHandshakeBeyondTheLimitIsTold() async throws {
            let keeper = LogKeeper()
            var listener = ListenerSettings(name: "proxied", host: "127.0.0.1", port: 0)
            listener.requiresProxyHeader = true
            listener.maximumHandshakes = 0
            let broker = Broker(listeners: [listener], threads: 1, logger: keeper.logger)
            let running = Task { try await broker.run() }
            defer { running.cancel() }
            try await broker.waitUntilReady()
            let client = try await NetworkClient("client", to: try #require(broker.addresses.first))
            #expect(await client.next() == nil)
            let line = await keeper.line("warning connection refused: limit reached")
            #expect(line?.contains("listener=tcp:proxied") == true)
            running.cancel()
            try await running.value
        }

        /// From the first byte to the last, whatever happens, at level trace.
        @Test func noPasswordOrPayload() async throws {
            let keeper = LogKeeper()
            let broker = Broker(listeners: [.tcp(host: "127.0.0.1", port: 0)], threads: 1, logger: keeper.logger)
            let running = Task { try await broker.run() }
            defer { running.cancel() }
            try await broker.waitUntilReady()
            let address = try #require(broker.addresses.first)

            let good = try await NetworkClient("good", to: address)
            try await good.connect {
                $0.userName = "kitchen"
                $0.password = ByteBuffer(string: "swordfish")
                $0.will = Will(topic: "will", payload: ByteBuffer(string: "swordfish"))
            }
            let connected = await keeper.line("info connected")
            #expect(connected?.contains(" client=good ") == true)
            #expect(connected?.contains(" peer=127.0.0.1:") == true)
            good.publish("topic", "swordfish", qos: .exactlyOnce, packetIdentifier: 1)
            // A second CONNECT is a protocol error.
            good.sendConnect { $0.password = ByteBuffer(string: "swordfish") }
            let failed = await keeper.line("notice protocol error")
            #expect(failed?.contains(" client=good ") == true)
            #expect(failed?.contains(" peer=127.0.0.1:") == true)
            let gone = await keeper.line("info disconnected")
            #expect(gone?.contains(" client=good ") == true)
            #expect(gone?.contains(" reason=0x82 protocol error") == true)

            let bad = try await NetworkClient("bad", to: address)
            bad.sendConnect {
                $0.password = ByteBuffer(string: "swordfish")
                $0.properties.authenticationMethod = "unknown"
                $0.properties.authenticationData = ByteBuffer(string: "swordfish")
            }
            let refused = await keeper.line("notice refused")
            #expect(refused?.contains(" client=bad ") == true)
            #expect(refused?.contains(" peer=127.0.0.1:") == true)
            running.cancel()
            try await running.value
            #expect(!keeper.lines.contains { $0.contains("swordfish") })
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore
@testable import BrokerNetwork

extension NetworkTests {
    /// Real sockets, and a client that is not ours below MQTT.
    @Suite struct WebSocketBrokerTests {
        static let clients: [(ProtocolVersion, WebSocketClientHandler.Framing)] =
            [ProtocolVersion.v3_1, .v3_1_1, .v5].flatMap { version in
                [WebSocketClientHandler.Framing.buffer, .byte, .parts].map { (version, $0) }
            }

        @Test(arguments: clients)
        func messagesBothWays(_ version: ProtocolVersion, _ framing: WebSocketClientHandler.Framing) async throws {
            try await WebSocketBroker.with { broker in
                let subscriber = try await broker.connected("s", version, framing: framing)
                let publisher = try await broker.connected("p", version, framing: framing)
                #expect(try await subscriber.subscribe("t/#") == [.grantedQoS2])
                for count in [0, 1, 200, framing == .buffer ? 70_000 : 3000] {
                    let text = String(repeating: "x", count: count)
                    publisher.publish("t/\(count)", text, qos: .atLeastOnce)
                    let publish = try await subscriber.nextPublish()
                    #expect(publish.topic == "t/\(count)" && publish.text == text && publish.qos == .atLeastOnce)
                }
                await subscriber.disconnect()
                await publisher.disconnect()
            }
        }

        @Test func manyPacketsInAFrame() async throws {
            try await WebSocketBroker.with { broker in
                let client = try await broker.connected("c")
                try await client.subscribe("t")
                var burst = ByteBuffer()
                for number in 0..<1000 {
                    let publish = Publish(topic: "t", payload: ByteBuffer(string: "\(number)"))
                    var packet = client.encode(.publish(publish))
                    burst.writeBuffer(&packet)
                }
                client.send(burst)
                for number in 0..<1000 { #expect(try await client.nextPublish().text == "\(number)") }
                await client.disconnect()
            }
        }

        /// DISCONNECT with its reason, then a close frame.
        @Test func lastWordsReachTheClient() async throws {
            try await WebSocketBroker.with { broker in
                let (codes, continuation) = AsyncStream.makeStream(of: UInt16?.self)
                let first = try await broker.connected("same") { continuation.yield($0) }
                let second = try await broker.connected("same")
                let reason: ReasonCode = try await first.first {
                    if case .disconnect(let disconnect) = $0 { disconnect.reason } else { nil }
                }
                #expect(reason == .sessionTakenOver)
                var closes = codes.makeAsyncIterator()
                #expect(await closes.next() == 1000)
                await first.drain()
                try await second.ping()
                await second.disconnect()
            }
        }

        private struct Slow: BrokerExtension {
            let gate: Progress
            let interests: ExtensionInterests = .publish

            func publish(_ message: Message, client: ClientInfo?) -> Answer<PublishVerdict> {
                guard message.topic == "slow" else { return .now(.pass) }
                return .later {
                    await self.gate.wait(untilReached: 1)
                    return .pass
                }
            }
        }

        /// While an answer is awaited for it, a client is not read from: frames are not taken in either.
        @Test func aConnectionThatWaitsIsNotReadFrom() async throws {
            let gate = Progress()
            try await WebSocketBroker.with(threads: 1, extensions: [Slow(gate: gate)]) { broker in
                let talker = try await broker.connected("talker")
                talker.publish("slow", "wait", qos: .atLeastOnce)
                let count = 512
                let load = String(repeating: "x", count: 64 * 1024)
                for _ in 0..<count { talker.publish("load", load) }
                let other = try await broker.connected("other")
                for _ in 0..<(2 * count) { try await other.ping() }
                #expect(try await broker.bytesReceived() < 1024 * 1024)
                gate.advance()
                try await talker.ping()
                #expect(try await broker.bytesReceived() > count * 64 * 1024)
                await talker.disconnect()
                await other.disconnect()
            }
        }

        /// Somebody who does not read: what is sent to him stops growing, and he gets it when he does read.
        @Test func aSlowReaderDoesNotFillMemory() async throws {
            try await WebSocketBroker.with(threads: 1) { broker in
                let slow = try await broker.connected("slow")
                try await slow.subscribe("load")
                try await slow.setReading(false)
                let talker = try await broker.connected("talker")
                let load = String(repeating: "x", count: 64 * 1024)
                for _ in 0..<512 { talker.publish("load", load, qos: .atLeastOnce) }
                try await talker.ping()
                let sent = try await broker.shards.run(on: 0) { $0.metrics.messagesSent } ?? 0
                #expect(sent < 256)
                try await slow.setReading(true)
                #expect(try await slow.nextPublish().text == load)
                await slow.disconnect()
                await talker.disconnect()
            }
        }
    }
}

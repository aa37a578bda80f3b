//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore
import NanoMQ
import Testing

extension NetworkTests {
    /// Publishing and subscribing from inside the program.
    @Suite struct EmbeddingTests {
        private func message(_ topic: String, _ text: String, qos: QoS = .atMostOnce) throws -> Message {
            try Message(topic: topic, payload: ByteBuffer(string: text), qos: qos)
        }

        @Test(arguments: [ProtocolVersion.v3_1_1, .v5])
        func whatTheProgramPublishesReachesClientsInOrder(version: ProtocolVersion) async throws {
            try await RunningBroker.with(threads: 3) { running in
                // On every loop one, at least.
                var clients: [NetworkClient] = []
                for index in 0..<4 {
                    let client = try await running.connected("client-\(index)", version)
                    try await client.subscribe("numbers/+")
                    clients.append(client)
                }
                for number in 0..<200 {
                    try running.broker.publish(self.message("numbers/a", "\(number)", qos: .atLeastOnce))
                }
                for client in clients {
                    for number in 0..<200 { #expect(try await client.nextPublish().text == "\(number)") }
                }
            }
        }

        @Test func whatClientsPublishReachesTheProgram() async throws {
            try await RunningBroker.with { running in
                // One on each loop.
                let streams = [
                    try await running.broker.messages(matching: "sensors/#"),
                    try await running.broker.messages(matching: "sensors/+/temperature"),
                ]
                let client = try await running.connected("sensor")
                client.publish("other", "no")
                for (index, qos) in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce].enumerated() {
                    client.publish("sensors/a/temperature", "\(index)", qos: qos)
                }
                for stream in streams {
                    var messages = stream.makeAsyncIterator()
                    for index in 0..<3 {
                        let message = try #require(await messages.next())
                        #expect(message.topic == "sensors/a/temperature")
                        #expect(String(buffer: message.payload) == "\(index)")
                        #expect(message.publisher == "sensor")
                    }
                }
            }
        }

        @Test func aConsumerThatFallsBehindKeepsTheOldest() async throws {
            try await RunningBroker.with(threads: 1) { running in
                let stream = try await running.broker.messages(matching: "t", capacity: 3)
                let witness = try await running.connected("witness")
                try await witness.subscribe("t")
                for number in 0..<10 { try running.broker.publish(self.message("t", "\(number)")) }
                for _ in 0..<10 { _ = try await witness.nextPublish() }
                var messages = stream.makeAsyncIterator()
                for number in 0..<3 {
                    #expect(await messages.next()?.text == "\(number)")
                }
                try running.broker.publish(self.message("t", "later"))
                #expect(await messages.next()?.text == "later")
            }
        }

        @Test func theSubscriptionEndsWithItsConsumer() async throws {
            try await RunningBroker.with { running in
                let consumer = Task {
                    for await _ in try await running.broker.messages(matching: "#") {}
                }
                _ = try await running.census { $0.subscriptions == 1 && $0.sessions == 1 }
                consumer.cancel()
                try await consumer.value
                let census = try await running.census { $0.subscriptions == 0 && $0.sessions == 0 }
                #expect(census == Census())
            }
        }

        @Test func messagesEndWithTheBroker() async throws {
            let streams = try await RunningBroker.with { running in
                let streams = [
                    try await running.broker.messages(matching: "#"), try await running.broker.messages(matching: "t"),
                ]
                try running.broker.publish(self.message("t", "last"))
                _ = try await running.connected("anyone").ping()
                return streams
            }
            for stream in streams {
                var topics: [String] = []
                for await message in stream where !message.topic.hasPrefix("$") { topics.append(message.topic) }
                #expect(topics == ["t"])
            }
        }

        @Test func aFilterThatIsNotValidIsRefused() async throws {
            try await RunningBroker.with { running in
                await #expect(throws: MQTTError.self) { try await running.broker.messages(matching: "a/#/b") }
                let census = try await running.census()
                #expect(census == Census())
            }
        }

        @Test func nothingWorksOnABrokerThatDoesNotRun() async throws {
            let message = try self.message("t", "x")
            let idle = Broker(listeners: [], logger: .silent)
            #expect(throws: BrokerError.notRunning) { try idle.publish(message) }
            await #expect(throws: BrokerError.notRunning) { try await idle.messages(matching: "#") }
            let stopped = try await RunningBroker.with { $0.broker }
            #expect(throws: BrokerError.notRunning) { try stopped.publish(message) }
            await #expect(throws: BrokerError.notRunning) { try await stopped.messages(matching: "#") }
        }

        @Test func aBrokerNeedsNoListener() async throws {
            let broker = Broker(listeners: [], logger: .silent)
            let running = Task { try await broker.run() }
            try await broker.waitUntilReady()
            var messages = try await broker.messages(matching: "t").makeAsyncIterator()
            try broker.publish(self.message("t", "inside"))
            #expect(await messages.next()?.text == "inside")
            running.cancel()
            try await running.value
        }
    }
}

extension Message {
    fileprivate var text: String { String(buffer: self.payload) }
}

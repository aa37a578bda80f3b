//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore
import NanoMQ
import ServiceLifecycle
import Testing

extension NetworkTests {
    /// Starting and stopping a broker inside a program.
    @Suite struct LifecycleTests {
        @Test func eachListenerGetsAFreePort() async throws {
            let broker = Broker(
                listeners: [.tcp(host: "127.0.0.1", port: 0), .tcp(host: "127.0.0.1", port: 0)],
                logger: .silent
            )
            #expect(broker.addresses.isEmpty)
            let running = Task { try await broker.run() }
            try await broker.waitUntilReady()
            let ports = broker.addresses.compactMap(\.port)
            #expect(ports.count == 2 && !ports.contains(0) && ports.first != ports.last)
            for address in broker.addresses {
                let client = try await NetworkClient("anyone", to: address)
                #expect(try await client.connect().reason == .success)
            }
            running.cancel()
            try await running.value
            #expect(broker.addresses.isEmpty)
        }

        @Test func aPortInUseIsAnError() async throws {
            try await RunningBroker.with { first in
                let port = try #require(first.address.port)
                let second = Broker(
                    listeners: [.tcp(host: "127.0.0.1", port: 0), .tcp(host: "127.0.0.1", port: port)],
                    logger: .silent
                )
                let waiting = Task { try await second.waitUntilReady() }
                let error = await #expect(throws: BrokerError.self) { try await second.run() }
                #expect(
                    error?.description
                        == "cannot listen on 127.0.0.1:\(port) (tcp:default): address already in use"
                )
                await #expect(throws: BrokerError.self) { try await waiting.value }
                await #expect(throws: BrokerError.self) { try await second.waitUntilReady() }
                // The first is not disturbed.
                _ = try await first.connected("anyone")
            }
        }

        @Test func aGracefulShutdownSaysGoodbyeAndKeepsWillsBack() async throws {
            let broker = Broker(listeners: [.tcp(host: "127.0.0.1", port: 0)], threads: 2, logger: .silent)
            let group = ServiceGroup(services: [broker], logger: .silent)
            let running = Task { try await group.run() }
            try await broker.waitUntilReady()
            let address = try #require(broker.addresses.first)
            let wills = try await broker.messages(matching: "will/#")
            let will = Will(topic: "will/a", payload: ByteBuffer(string: "gone"))
            let new = try await NetworkClient("new", .v5, to: address)
            try await new.connect { $0.will = will }
            let old = try await NetworkClient("old", .v3_1_1, to: address)
            try await old.connect { $0.will = will }

            await group.triggerGracefulShutdown()
            #expect(await new.next() == .disconnect(Disconnect(reason: .serverShuttingDown)))
            #expect(await new.next() == nil)
            #expect(await old.next() == nil)
            try await running.value
            for await message in wills { Issue.record("will published: \(message.topic)") }
            await #expect(throws: (any Error).self) { try await NetworkClient("late", to: address) }
        }

        @Test(arguments: [ProtocolVersion.v3_1_1, .v5])
        func cancellingRunIsAShutdownToo(version: ProtocolVersion) async throws {
            let broker = Broker(listeners: [.tcp(host: "127.0.0.1", port: 0)], logger: .silent)
            let running = Task { try await broker.run() }
            try await broker.waitUntilReady()
            let client = try await NetworkClient("client", version, to: try #require(broker.addresses.first))
            try await client.connect()
            running.cancel()
            if version == .v5 {
                #expect(await client.next() == .disconnect(Disconnect(reason: .serverShuttingDown)))
            }
            #expect(await client.next() == nil)
            try await running.value
        }

        @Test func aRunThatIsCancelledBeforehandEnds() async throws {
            let broker = Broker(listeners: [.tcp(host: "127.0.0.1", port: 0)], logger: .silent)
            let running = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await broker.run()
            }
            try await running.value
            #expect(broker.addresses.isEmpty)
        }

        /// What a client has not read when the broker goes is not lost, as long as it reads on.
        @Test func theShutdownWaitsForSlowReaders() async throws {
            let broker = Broker(
                listeners: [.tcp(host: "127.0.0.1", port: 0)],
                shutdownTimeout: .seconds(30),
                logger: .silent
            )
            let running = Task { try await broker.run() }
            try await broker.waitUntilReady()
            let address = try #require(broker.addresses.first)
            let reader = try await NetworkClient("reader", to: address)
            try await reader.connect()
            try await reader.subscribe("load", qos: .atMostOnce)
            try await reader.setReading(false)
            let publisher = try await NetworkClient("publisher", to: address)
            try await publisher.connect()
            // More than all buffers between the two sockets take.
            let count = 120
            let load = String(repeating: "x", count: 64 * 1024)
            for _ in 0..<count { publisher.publish("load", load) }
            try await publisher.ping()

            running.cancel()
            // By now everything else is over.
            await publisher.drain()
            try await reader.setReading(true)
            var arrived = 0
            var last: Packet?
            while let packet = await reader.next() {
                if case .publish = packet { arrived += 1 }
                last = packet
            }
            #expect(arrived == count)
            #expect(last == .disconnect(Disconnect(reason: .serverShuttingDown)))
            try await running.value
        }

        @Test func twoBrokersInOneProcessAreStrangers() async throws {
            try await RunningBroker.with { one in
                try await RunningBroker.with { other in
                    let subscriber = try await one.connected("same")
                    try await subscriber.subscribe("#")
                    let stranger = try await other.connected("same")
                    stranger.publish("t", "from the other")
                    try await stranger.ping()
                    try one.broker.publish(Message(topic: "t", payload: ByteBuffer(string: "from the same")))
                    #expect(try await subscriber.nextPublish().text == "from the same")
                    let census = try await other.census()
                    #expect(census.clientsConnected == 1 && census.subscriptions == 0)
                }
            }
        }
    }
}

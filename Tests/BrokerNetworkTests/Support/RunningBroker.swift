//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerNetwork
import Logging
import MQTTCodec
import NIOCore
import Synchronization
import Testing

@testable import BrokerCore
@testable import NanoMQ

/// A broker on a free port of the loopback.
struct RunningBroker: Sendable {
    let broker: Broker
    let address: SocketAddress

    /// Runs a broker around `body`, and stops it.
    static func with<Result>(
        listeners: [ListenerSettings] = [.tcp(host: "127.0.0.1", port: 0)],
        threads: Int = 2,
        extensions: [any BrokerExtension] = [],
        shutdownTimeout: Duration = .seconds(5),
        store: StoreSettings? = nil,
        settings change: (inout BrokerSettings) -> Void = { _ in },
        _ body: (RunningBroker) async throws -> Result
    ) async throws -> Result {
        var settings = BrokerSettings()
        settings.statisticsInterval = 0
        change(&settings)
        let broker = Broker(
            listeners: listeners,
            settings: settings,
            threads: threads,
            extensions: extensions,
            shutdownTimeout: shutdownTimeout,
            store: store,
            logger: .silent
        )
        let running = Task { try await broker.run() }
        defer { running.cancel() }
        try await broker.waitUntilReady()
        let result = try await body(RunningBroker(broker: broker, address: try #require(broker.addresses.first)))
        running.cancel()
        try await running.value
        return result
    }

    func client(_ identifier: String, _ version: ProtocolVersion = .v5) async throws -> NetworkClient {
        try await NetworkClient(identifier, version, to: self.address)
    }

    /// A client that has been let in.
    func connected(
        _ identifier: String,
        _ version: ProtocolVersion = .v5,
        clean: Bool = true
    ) async throws -> NetworkClient {
        let client = try await self.client(identifier, version)
        let answer = try await client.connect(clean: clean)
        #expect(answer.reason == .success)
        return client
    }

    /// Bytes read from all clients until now.
    func bytesReceived() async throws -> Int {
        let shards = try #require(self.broker.running.withLock { $0?.shards })
        var sum = 0
        for shard in 0..<shards.count {
            sum += try await shards.run(on: shard) { $0.metrics.bytesReceived } ?? 0
        }
        return sum
    }

    /// What is in the tables of all shards now.
    func census() async throws -> Census {
        let shards = try #require(self.broker.running.withLock { $0?.shards })
        var sum = Census()
        for shard in 0..<shards.count {
            sum += try #require(try await shards.run(on: shard) { Census($0) })
        }
        sum.subscriptions = self.broker.state.subscriptionCount
        sum.retained = self.broker.state.retainedCount
        return sum
    }

    /// Asks until the tables are as they should be. Each question goes through all event loops, so that they make
    /// progress; a test that hopes in vain ends at its time limit.
    func census(where isExpected: (Census) -> Bool) async throws -> Census {
        var census = try await self.census()
        while !isExpected(census), !Task.isCancelled { census = try await self.census() }
        return census
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

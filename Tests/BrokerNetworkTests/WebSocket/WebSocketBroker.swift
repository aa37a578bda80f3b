//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerNetwork
import MQTTCodec
import NIOCore
import NIOPosix
import Testing

@testable import BrokerCore
@testable import BrokerNetwork

/// A broker whose clients come over WebSocket, on a free port of the loopback.
struct WebSocketBroker: Sendable {
    let shards: ShardPeers
    let address: SocketAddress

    /// Runs a broker around `body`, and stops it.
    static func with<Result: Sendable>(
        threads: Int = 2,
        extensions: [any BrokerExtension] = [],
        _ body: (WebSocketBroker) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        var settings = BrokerSettings()
        settings.statisticsInterval = 0
        let state = BrokerState(settings: settings, shardCount: threads, extensions: extensions) { 0 }
        let shards = try await ShardPeers(
            broker: state,
            eventLoops: Array(group.makeIterator()),
            logger: BrokerLogger(.silent)
        )
        let frameSize = WebSocketPipeline.frameSize(forPackets: settings.maximumPacketSize)
        let server = try await ServerBootstrap(group: group)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try WebSocketPipeline.add(
                        to: channel,
                        settings: WebSocketSettings(),
                        maximumFrameSize: frameSize
                    ) { channel in
                        guard let driver = shards.driver(on: channel.eventLoop) else { throw ChannelError.eof }
                        let origin = ConnectionOrigin(transport: .webSocket, listener: "test")
                        try channel.pipeline.syncOperations.addHandler(
                            ConnectionHandler(driver: driver, origin: origin)
                        )
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result = try await body(WebSocketBroker(shards: shards, address: try #require(server.localAddress)))
        try await server.close()
        for shard in 0..<shards.count { _ = try await shards.run(on: shard) { $0.shutDown() } }
        await shards.allClosed(or: .now() + .seconds(5))
        await shards.stop()
        try await group.shutdownGracefully()
        return result
    }

    func client(
        _ identifier: String,
        _ version: ProtocolVersion = .v5,
        framing: WebSocketClientHandler.Framing = .buffer,
        onClose: @escaping @Sendable (UInt16?) -> Void = { _ in }
    ) async throws -> NetworkClient {
        try await NetworkClient(identifier, version, to: self.address) { channel in
            let handler = WebSocketClientHandler(version, framing, onClose: onClose)
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }

    /// A client that has been let in.
    func connected(
        _ identifier: String,
        _ version: ProtocolVersion = .v5,
        framing: WebSocketClientHandler.Framing = .buffer,
        onClose: @escaping @Sendable (UInt16?) -> Void = { _ in }
    ) async throws -> NetworkClient {
        let client = try await self.client(identifier, version, framing: framing, onClose: onClose)
        #expect(try await client.connect().reason == .success)
        return client
    }

    /// Bytes that MQTT has read from all clients until now.
    func bytesReceived() async throws -> Int {
        var sum = 0
        for shard in 0..<self.shards.count {
            sum += try await self.shards.run(on: shard) { $0.metrics.bytesReceived } ?? 0
        }
        return sum
    }
}

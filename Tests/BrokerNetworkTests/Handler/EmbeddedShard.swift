//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import MQTTCodec
import NIOCore
import NIOEmbedded

@testable import BrokerCore
@testable import BrokerNetwork

/// One shard on an event loop that turns only when the test says so.
final class EmbeddedShard {
    let loop = EmbeddedEventLoop()
    let state: BrokerState
    let driver: ShardDriver
    private var channels: [EmbeddedChannel] = []

    init(_ peers: ShardPeers, _ state: BrokerState) {
        self.state = state
        self.driver = ShardDriver(
            index: 0,
            broker: state,
            eventLoop: self.loop,
            peers: peers,
            logger: BrokerLogger(.silent)
        )
        self.driver.start()
    }

    /// Runs `body`, which may not suspend, since the loop belongs to one thread.
    static func with(_ body: (EmbeddedShard) throws -> Void) async throws {
        var settings = BrokerSettings()
        settings.statisticsInterval = 0
        let state = BrokerState(settings: settings, shardCount: 1, extensions: []) { 0 }
        let peers = try await ShardPeers(broker: state, eventLoops: [], logger: BrokerLogger(.silent))
        let shard = EmbeddedShard(peers, state)
        try body(shard)
        shard.stop()
    }

    /// Leaves nothing behind that holds on to another.
    private func stop() {
        for channel in self.channels { channel.close(promise: nil) }
        self.channels = []
        self.loop.run()
        self.driver.stop()
        self.loop.advanceTime(by: .seconds(10))
    }

    var shard: Shard { self.driver.shard }

    /// A connection with what the broker's handler needs, and an ear at its socket.
    func open() throws -> (EmbeddedChannel, SocketEar) {
        let ear = SocketEar()
        let channel = EmbeddedChannel(
            handlers: [ear, ConnectionHandler(driver: self.driver, origin: .embedded)],
            loop: self.loop
        )
        self.channels.append(channel)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, ear)
    }

    /// What a client sends, in one piece.
    func bytes(_ packets: Packet...) throws -> ByteBuffer {
        var bytes = ByteBuffer()
        for packet in packets { try packet.encode(into: &bytes, version: .v5) }
        return bytes
    }

    func connect(_ identifier: String) -> Packet {
        .connect(
            Connect(
                cleanStart: false,
                keepAlive: 0,
                clientIdentifier: identifier,
                properties: [.sessionExpiryInterval(.max)]
            )
        )
    }

    func subscribe(_ filter: String) -> Packet {
        let options = SubscriptionOptions(qos: .exactlyOnce)
        return .subscribe(
            Subscribe(packetIdentifier: 1, filters: [Subscribe.Filter(filter: filter, options: options)])
        )
    }

    func publish(_ text: String, _ identifier: UInt16) -> Packet {
        .publish(
            Publish(topic: "t", payload: ByteBuffer(string: text), qos: .atLeastOnce, packetIdentifier: identifier)
        )
    }
}

/// Sits next to the socket: counts what reaches it, and may break the connection there.
final class SocketEar: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private(set) var writes = 0
    private(set) var flushes = 0
    /// Whether the next flush finds that the peer has gone.
    var breaksOnFlush = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.writes += 1
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        self.flushes += 1
        if self.breaksOnFlush {
            context.close(promise: nil)
        } else {
            context.flush()
        }
    }
}

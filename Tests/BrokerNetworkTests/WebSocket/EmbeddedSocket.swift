//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOEmbedded

@testable import BrokerNetwork

/// A connection on which a test is the client, with all that WebSocket puts into the pipeline, and above that a handler
/// which notes what the MQTT handler would see.
final class EmbeddedSocket {
    let channel: EmbeddedChannel
    let wire = Wire()
    let mqtt = Listener()

    init(
        settings: WebSocketSettings = WebSocketSettings(),
        maximumFrameSize: Int = 100_000,
        upgradeTimeout: TimeAmount = .seconds(15)
    ) throws {
        self.channel = EmbeddedChannel(handler: self.wire)
        let mqtt = self.mqtt
        try WebSocketPipeline.add(
            to: self.channel,
            settings: settings,
            maximumFrameSize: maximumFrameSize,
            upgradeTimeout: upgradeTimeout
        ) { try $0.pipeline.syncOperations.addHandler(mqtt) }
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// One that has been let over.
    static func upgraded(maximumFrameSize: Int = 100_000) throws -> EmbeddedSocket {
        let socket = try EmbeddedSocket(maximumFrameSize: maximumFrameSize)
        socket.send(UpgradeSpecimen().text)
        socket.wire.sent.clear()
        return socket
    }

    var loop: EmbeddedEventLoop { self.channel.embeddedEventLoop }

    func send(_ text: String) { self.send(Array(text.utf8)) }

    func send(_ frames: ClientFrame...) { self.send(frames.bytes) }

    func send(_ bytes: [UInt8]) {
        // An error at the end of the pipeline is not the client's affair.
        _ = try? self.channel.writeInbound(ByteBuffer(bytes: bytes))
        self.loop.run()
    }

    /// What the MQTT handler writes and flushes.
    func answer(_ buffers: ByteBuffer...) {
        for buffer in buffers { self.mqtt.context?.write(NIOAny(buffer), promise: nil) }
        self.mqtt.context?.flush()
    }

    /// Everything sent until now.
    func output() -> [UInt8] {
        defer { self.wire.sent.clear() }
        return Array(self.wire.sent.readableBytesView)
    }

    func text() -> String { String(decoding: self.output(), as: UTF8.self) }

    /// Lets go of what is still to be closed.
    func finish() {
        self.loop.advanceTime(by: .seconds(60))
        _ = try? self.channel.finish(acceptAlreadyClosed: true)
    }

    /// The end next to the socket.
    final class Wire: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        var sent = ByteBuffer()
        private(set) var writes = 0
        private(set) var isOutputClosed = false
        private(set) var isClosed = false

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            var bytes = self.unwrapOutboundIn(data)
            self.writes += 1
            self.sent.writeBuffer(&bytes)
            promise?.succeed()
        }

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            if mode == .output {
                self.isOutputClosed = true
                promise?.succeed()
            } else {
                self.isClosed = true
                context.close(mode: mode, promise: promise)
            }
        }
    }

    /// The MQTT handler's place.
    final class Listener: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var context: ChannelHandlerContext?
        private(set) var received: [UInt8] = []
        private(set) var reads = 0
        private(set) var ends = 0
        private(set) var writabilityChanges = 0

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }
        func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.reads += 1
            self.received += self.unwrapInboundIn(data).readableBytesView
        }

        func channelInactive(context: ChannelHandlerContext) { self.ends += 1 }
        func channelWritabilityChanged(context: ChannelHandlerContext) { self.writabilityChanges += 1 }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore

/// The one handler in a client's pipeline: bytes from the socket to the shard, and bytes from the shard to the socket.
final class ConnectionHandler: ChannelInboundHandler, ConnectionTransport {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long a client may take to hear our last words and close. Until then what it sends is read and dropped,
    /// since closing a socket with unread bytes takes back what was sent last.
    private static let lingering = TimeAmount.seconds(2)

    private let driver: ShardDriver
    private let origin: ConnectionOrigin
    /// Counts the connection until it is gone; nil: it came through no listener.
    private var gauge: ListenerGauge?
    /// Where the client is, if that is not the other end of the socket; in a box, since few need it and not for long.
    private var proxiedPeer: ProxiedPeer?
    private var context: ChannelHandlerContext?
    private var connection: Connection?

    private final class ProxiedPeer {
        let address: PeerAddress

        init(_ address: PeerAddress) { self.address = address }
    }

    /// - Parameters:
    ///   - peer: where the client is, if that is not the other end of the socket.
    ///   - gauge: counts this connection already.
    init(driver: ShardDriver, origin: ConnectionOrigin, peer: PeerAddress? = nil, gauge: ListenerGauge? = nil) {
        self.driver = driver
        self.origin = origin
        self.proxiedPeer = peer.map(ProxiedPeer.init)
        self.gauge = gauge
    }

    // MARK: From the socket

    func handlerAdded(context: ChannelHandlerContext) {
        // It may come late: behind what had to be settled first.
        if context.channel.isActive { self.open(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.open(context)
    }

    private func open(_ context: ChannelHandlerContext) {
        guard self.context == nil else { return }
        guard self.gauge?.isClosed != true else { return context.close(promise: nil) }
        self.context = context
        self.driver.connectionOpened()
        let peer = self.proxiedPeer?.address ?? context.channel.remoteAddress?.peerAddress ?? "unknown"
        self.proxiedPeer = nil
        self.connection = self.driver.shard.open(self, peer: peer, origin: self.origin)
        if self.connection == nil { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let connection = self.connection else { return }
        self.driver.shard.receive(self.unwrapInboundIn(data), on: connection)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable, let connection = self.connection else { return }
        self.driver.shard.becameWritable(connection)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.forget()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.forget()
        self.gauge?.release()
        self.gauge = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset, as a rule: the peer has gone without a word.
        context.close(promise: nil)
    }

    private func forget() {
        guard self.context != nil else { return }
        self.context = nil
        if let connection = self.connection {
            self.connection = nil
            self.driver.shard.closed(connection)
        }
        self.driver.connectionClosed()
    }

    // MARK: To the socket

    var isWritable: Bool { self.context?.channel.isWritable ?? false }

    func send(_ output: OutputBatch) {
        guard let context = self.context else { return }
        output.forEach { context.write(self.wrapOutboundOut($0), promise: nil) }
        context.flush()
    }

    func setReading(_ isReading: Bool) {
        try? self.context?.channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    func closeAfterSending() {
        self.connection = nil
        guard let context = self.context else { return }
        self.setReading(true)
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) {
            guard let context = self.context else { return }
            context.close(promise: nil)
        }
    }
}

extension SocketAddress {
    /// As extensions and operators see it.
    package var peerAddress: PeerAddress {
        PeerAddress(host: self.ipAddress ?? self.pathname ?? "unknown", port: UInt16(clamping: self.port ?? 0))
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore
import NIOPosix

/// Accepts MQTT over TCP on one address.
package struct TCPListener: Sendable {
    private let channel: any Channel

    /// Binds and starts to accept.
    ///
    /// - Parameters:
    ///   - port: 0 for any free one.
    ///   - descriptor: a socket that listens already; then host and port are but its name.
    /// - Throws: what the system says when the address can't be bound.
    package init(
        host: String,
        port: Int,
        descriptor: Int32? = nil,
        shards: ShardPeers,
        acceptGroup: any EventLoopGroup,
        childGroup: any EventLoopGroup
    ) async throws {
        let origin = ConnectionOrigin(transport: .tcp, listener: "default", port: UInt16(clamping: port))
        // The options that matter for speed and memory are settled by measurement: see docs/performance.md.
        let bootstrap = ServerBootstrap(group: acceptGroup, childGroup: childGroup)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 64, maximum: 65_536)
            )
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 64 * 1024, high: 512 * 1024)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let driver = shards.driver(on: channel.eventLoop) else {
                        throw ChannelError.ioOnClosedChannel
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionHandler(driver: driver, origin: origin)
                    )
                }
            }
        if let descriptor {
            self.channel = try await bootstrap.withBoundSocket(descriptor).get()
        } else {
            self.channel = try await bootstrap.bind(host: host, port: port).get()
        }
    }

    /// The address it is bound to.
    package var address: SocketAddress? { self.channel.localAddress }

    /// Accepts nobody any more.
    package func close() async {
        try? await self.channel.close()
    }
}

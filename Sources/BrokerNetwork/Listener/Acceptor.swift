//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Binds a listener's socket and prepares what it accepts.
final class Acceptor: Sendable {
    let shards: ShardPeers
    private let terms: Mutex<ListenerTerms>

    init(terms: ListenerTerms, shards: ShardPeers) {
        self.terms = Mutex(terms)
        self.shards = shards
    }

    /// Takes terms for the connections that come from now on.
    func use(_ terms: ListenerTerms) { self.terms.withLock { $0 = terms } }

    func bind(_ settings: ListenerSettings, _ group: any EventLoopGroup) async throws -> any Channel {
        // The options that matter for speed and memory are settled by measurement: see docs/performance.md.
        var bootstrap = ServerBootstrap(group: group, childGroup: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                let loop = channel.eventLoop
                return loop.makeCompletedFuture {
                    let pause = AcceptPauseHandler { self.pause(after: $0, on: loop) }
                    try channel.pipeline.syncOperations.addHandler(pause)
                }
            }
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
                channel.eventLoop.makeCompletedFuture { try self.accept(channel) }
            }
        if settings.isIPv6Only {
            let option = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
            bootstrap = bootstrap.serverChannelOption(option, value: 1)
        }
        guard let descriptor = settings.inheritedDescriptor else {
            return try await bootstrap.bind(host: settings.host, port: settings.port).get()
        }
        try InheritedSocket.check(descriptor)
        return try await bootstrap.withBoundSocket(descriptor).get()
    }

    /// On the loop of the listener's socket: how long not to accept after an error; nil: no time at all.
    private func pause(after error: IOError, on loop: any EventLoop) -> TimeAmount? {
        let cause: String
        switch error.errnoCode {
        case EMFILE, ENFILE: cause = "too many open files"
        case ENOBUFS, ENOMEM: cause = "no memory"
        // The client has gone already. A stranger who does that often must not keep the others waiting.
        default: return nil
        }
        let terms = self.terms.withLock { $0 }
        if let driver = self.shards.driver(on: loop), terms.gauge.mayLogFailure(at: driver.now) {
            driver.log(.cannotAccept(listener: terms.settings.label, cause: cause))
        }
        return .milliseconds(500)
    }

    /// On the connection's loop, before it is active.
    private func accept(_ channel: any Channel) throws {
        guard let driver = self.shards.driver(on: channel.eventLoop), !driver.isClosing else {
            throw ChannelError.ioOnClosedChannel
        }
        let terms = self.terms.withLock { $0 }
        guard terms.gauge.admit(terms.settings, at: driver.now) else {
            terms.logLimit(refusing: channel, by: driver)
            throw ChannelError.ioOnClosedChannel
        }
        do {
            try ConnectionPipeline.assemble(on: channel, terms, driver)
        } catch {
            // Whatever is in the pipeline by now does not know of it.
            terms.gauge.release()
            throw error
        }
    }
}

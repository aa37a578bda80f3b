//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore
import NIOPosix
import Synchronization

/// Accepts clients at one address.
package final class BoundListener: Sendable {
    private let channel: any Channel
    private let acceptor: Acceptor
    private let current: Mutex<ListenerTerms>
    private let port: UInt16
    package let gauge: ListenerGauge

    /// Binds and starts to accept.
    ///
    /// - Throws: ``ListenerError`` when files cannot be read or the address cannot be bound.
    package static func open(
        _ settings: ListenerSettings,
        shards: ShardPeers,
        group: any EventLoopGroup
    ) async throws(ListenerError) -> BoundListener {
        let gauge = ListenerGauge()
        let terms: ListenerTerms
        let channel: any Channel
        let acceptor: Acceptor
        do {
            let tls = try settings.tls.map { tls throws(ListenerError) in try TLSContext(tls, for: settings.kind) }
            terms = ListenerTerms(settings, port: UInt16(clamping: settings.port), gauge: gauge, tls: tls)
            acceptor = Acceptor(terms: terms, shards: shards)
            channel = try await acceptor.bind(settings, group)
        } catch {
            throw ListenerError(listening: settings, error)
        }
        return BoundListener(channel, acceptor, terms)
    }

    private init(_ channel: any Channel, _ acceptor: Acceptor, _ terms: ListenerTerms) {
        self.channel = channel
        self.acceptor = acceptor
        self.gauge = terms.gauge
        self.port = UInt16(clamping: channel.localAddress?.port ?? terms.settings.port)
        // With port 0 only the system knows it.
        let bound = ListenerTerms(terms.settings, port: self.port, gauge: terms.gauge, tls: terms.tls)
        acceptor.use(bound)
        self.current = Mutex(bound)
    }

    /// What it was told last.
    package var settings: ListenerSettings { self.current.withLock(\.settings) }

    /// The address it is bound to.
    package var address: SocketAddress? { self.channel.localAddress }

    /// The TLS of the connections accepted from now on.
    package var tls: TLSContext? { self.current.withLock(\.tls) }

    package var metrics: ListenerMetrics { self.gauge.metrics }

    /// Takes other limits, TLS or WebSocket settings for the connections accepted from now on; those that there are
    /// stay as they are. All files are read again.
    ///
    /// - Parameter settings: with the same transport and address.
    /// - Returns: whether anything has changed.
    /// - Throws: ``ListenerError``; then all stays as it was.
    package func update(_ settings: ListenerSettings) throws(ListenerError) -> Bool {
        let old = self.current.withLock { $0 }
        var tls: TLSContext?
        if let wanted = settings.tls {
            do throws(ListenerError) {
                let fresh = try TLSContext(wanted, for: settings.kind)
                // The same files: sessions that clients may resume stay valid.
                tls = old.tls.flatMap { $0.isSame(as: fresh) ? $0 : nil } ?? fresh
            } catch {
                throw ListenerError("\(settings.label): \(error.description)")
            }
        }
        guard settings != old.settings || tls !== old.tls else { return false }
        let new = ListenerTerms(settings, port: self.port, gauge: self.gauge, tls: tls)
        self.acceptor.use(new)
        self.current.withLock { $0 = new }
        return true
    }

    /// Whether it carries this client's connection.
    package func carries(_ origin: ConnectionOrigin) -> Bool {
        // Its successor may have the same name and port, and clients already.
        origin.listenerNumber == self.gauge.listenerNumber
    }

    /// Accepts nobody any more; those in their handshake are closed.
    package func close() async {
        self.gauge.close()
        try? await self.channel.close()
        await self.acceptor.shards.closeHandshakes(of: self.gauge)
    }
}

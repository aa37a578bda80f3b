//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore

/// Sits next to the socket until MQTT can begin: reads the PROXY header, watches the time, and puts TLS, WebSocket and
/// MQTT behind itself as their turns come. Then it leaves.
///
/// A connection that is closed from here goes at once, without a goodbye of TLS.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum Stage {
        case idle
        case proxyHeader(ByteBuffer)
        case tls
        case webSocket
        /// MQTT has the connection, or it is closed.
        case over
    }

    private let driver: ShardDriver
    let terms: ListenerTerms
    private var stage = Stage.idle
    private var context: ChannelHandlerContext?
    private var timeout: Scheduled<Void>?
    /// Where the client is, if a proxy has said so.
    private var proxiedPeer: PeerAddress?
    /// What came behind the PROXY header, until somebody is there to take it.
    private var leftover: ByteBuffer?
    /// What the pre-shared key of this handshake says.
    let sharedKey = SharedKeySlot()
    /// Whether MQTT has taken the connection over, and its place in the listener's count with it.
    private var isHandedOver = false
    private var hasFailed = false

    init(driver: ShardDriver, terms: ListenerTerms) {
        self.driver = driver
        self.terms = terms
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.begin() }
    }

    func channelActive(context: ChannelHandlerContext) {
        // Whatever comes behind is added to a connection that is active already.
        self.begin()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.stage {
        case .proxyHeader(var received):
            // The stage holds a second reference, which would make each append a copy.
            self.stage = .over
            var bytes = self.unwrapInboundIn(data)
            received.writeBuffer(&bytes)
            self.readProxyHeader(received)
        case .tls: self.sharedKey.whileCurrent { context.fireChannelRead(data) }
        case .webSocket: context.fireChannelRead(data)
        case .idle, .over: return
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.fail(.unspecifiedError, "the connection broke: \(error)")
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.stage = .over
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.timeout?.cancel()
        self.timeout = nil
        self.driver.handshakeEnded(self)
        self.terms.gauge.endHandshake(isDone: self.isHandedOver)
        if !self.isHandedOver { self.terms.gauge.release() }
    }

    // MARK: Stages

    private func begin() {
        guard case .idle = self.stage, let context = self.context else { return }
        self.driver.handshakeBegan(self)
        let allowed = self.driver.connectTimeout
        let milliseconds = min(self.terms.settings.tls?.handshakeTimeout ?? allowed, allowed)
        self.timeout = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
            self.fail(.keepAliveTimeout, "no complete handshake in time")
        }
        if self.terms.settings.requiresProxyHeader {
            self.stage = .proxyHeader(ByteBuffer())
        } else {
            self.secure()
        }
    }

    private func readProxyHeader(_ received: ByteBuffer) {
        var received = received
        switch ProxyHeader.read(&received) {
        case .incomplete: self.stage = .proxyHeader(received)
        case .malformed(let detail): self.fail(.malformedPacket, "PROXY protocol: \(detail)")
        case .header(let header):
            self.proxiedPeer = header.source
            if received.readableBytes > 0 { self.leftover = received }
            self.secure()
        }
    }

    private func passOnLeftover() {
        guard let leftover = self.leftover, let context = self.context else { return }
        self.leftover = nil
        self.sharedKey.whileCurrent { context.fireChannelRead(self.wrapInboundOut(leftover)) }
    }

    private func secure() {
        guard let context = self.context, let tls = self.terms.tls else { return self.upgrade(self.terms.origin) }
        self.stage = .tls
        do {
            try tls.secure(context.channel, behind: self)
            self.passOnLeftover()
        } catch {
            self.fail(.unspecifiedError, "\(error)")
        }
    }

    /// TLS is done.
    func secured(_ identity: TLSIdentity) {
        guard case .tls = self.stage else { return }
        var origin = self.terms.origin
        if identity.certificate != nil || identity.userName != nil {
            origin = ConnectionOrigin(
                transport: origin.transport,
                listener: origin.listener,
                port: origin.port,
                certificate: identity.certificate,
                userName: identity.userName,
                listenerNumber: origin.listenerNumber
            )
        }
        self.upgrade(origin)
    }

    private func upgrade(_ origin: ConnectionOrigin) {
        guard let context = self.context else { return }
        guard let settings = self.terms.settings.webSocket else { return self.handOver(origin) }
        self.stage = .webSocket
        do {
            try WebSocketPipeline.add(
                to: context.channel,
                settings: settings,
                maximumFrameSize: WebSocketPipeline.frameSize(forPackets: self.driver.maximumPacketSize),
                upgradeTimeout: .milliseconds(self.driver.connectTimeout)
            ) { _ in self.handOver(origin) }
            self.passOnLeftover()
        } catch {
            self.fail(.unspecifiedError, "WebSocket: \(error)")
        }
    }

    private func handOver(_ origin: ConnectionOrigin) {
        guard let context = self.context, !self.isHandedOver else { return }
        let handler = ConnectionHandler(
            driver: self.driver,
            origin: origin,
            peer: self.proxiedPeer,
            gauge: self.terms.gauge
        )
        do {
            self.isHandedOver = true
            try context.channel.pipeline.syncOperations.addHandler(handler)
        } catch {
            self.isHandedOver = false
            return self.fail(.unspecifiedError, "\(error)")
        }
        self.passOnLeftover()
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    // MARK: Failure

    /// Tells the operator, rarely, and closes.
    func fail(_ reason: ReasonCode, _ detail: String) {
        guard let context = self.context, !self.isHandedOver, !self.hasFailed else { return }
        self.hasFailed = true
        self.stage = .over
        if self.terms.gauge.mayLog(at: self.driver.now) {
            let peer = self.proxiedPeer ?? context.channel.remoteAddress?.peerAddress ?? "unknown"
            self.driver.log(
                .refused(client: nil, peer: peer, reason, detail: "\(self.terms.settings.label): \(detail)")
            )
        }
        context.close(promise: nil)
    }

    /// Closes without a word.
    func close() {
        self.hasFailed = true
        self.stage = .over
        self.context?.close(promise: nil)
    }
}

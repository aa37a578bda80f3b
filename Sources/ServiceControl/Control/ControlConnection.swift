//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import SystemPackage

/// One request and its reply.
final class ControlConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let handler: any ControlHandler
    private let timeout: TimeAmount
    private var received: [UInt8] = []
    private var isAnswering = false
    private var deadline: Scheduled<Void>?

    init(handler: any ControlHandler, timeout: TimeAmount) {
        self.handler = handler
        self.timeout = timeout
    }

    func channelActive(context: ChannelHandlerContext) {
        guard self.isTrusted(context.channel) else {
            context.close(promise: nil)
            return
        }
        self.startClock(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.deadline?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        guard !self.isAnswering else { return }
        self.received.append(contentsOf: bytes.readableBytesView)
        guard self.received.suffix(2) == [0x0A, 0x0A] else {
            if self.received.count > ControlMessage.maximumRequestSize { context.close(promise: nil) }
            return
        }
        self.isAnswering = true
        self.deadline?.cancel()
        let request =
            self.received.count <= ControlMessage.maximumRequestSize
            ? String(validating: self.received.dropLast(), as: UTF8.self).flatMap(ControlMessage.init(text:)) : nil
        self.received = []
        let answer = context.eventLoop.makePromise(of: ControlMessage.self)
        answer.completeWithTask { [handler] in
            guard let request else { return .failure("the request is not understood") }
            return await handler.reply(to: request)
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        answer.futureResult.whenSuccess { reply in
            let (connection, context) = bound.value
            connection.send(reply, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func send(_ reply: ControlMessage, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        self.startClock(context)
        let buffer = context.channel.allocator.buffer(string: reply.text)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(buffer)).whenComplete { _ in bound.value.close(promise: nil) }
    }

    private func startClock(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        self.deadline = context.eventLoop.scheduleTask(in: self.timeout) { bound.value.close(promise: nil) }
    }

    /// The mode of the socket keeps others out; this one holds too where a file system does not heed it.
    private func isTrusted(_ channel: any Channel) -> Bool {
        #if os(Linux)
            guard let provider = channel as? any SocketOptionProvider else { return false }
            let option = NIOBSDSocket.Option(rawValue: PeerCredentials.option)
            let credentials: EventLoopFuture<PeerCredentials> = provider.unsafeGetSocketOption(
                level: .socket,
                name: option
            )
            var isTrusted = false
            // On the channel's own loop the answer is there at once.
            credentials.assumeIsolated().whenSuccess { isTrusted = $0.isTrusted }
            return isTrusted
        #else
            return true
        #endif
    }
}

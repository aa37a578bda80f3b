//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOWebSocket

/// Between a socket that speaks WebSocket and the handler that speaks MQTT: frames on the one side, bytes on the other.
///
/// It reads only when the socket is read, holds no data back in either direction, and needs no timer while the
/// connection lasts: an MQTT client shows by MQTT that it is alive, not by pings.
final class WebSocketFrameHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes up to which a payload is copied behind its header; larger ones are shared.
    private static let copyingLimit = 1024
    /// The largest frame sent, in bytes: clients' libraries refuse messages beyond a limit of theirs, often 1 MiB.
    private static let maximumSentLength = 256 * 1024
    /// How long a client may take to close once it has been sent a close. Until then what it sends is read and
    /// dropped, since closing a socket with unread bytes takes back what was sent last.
    private static let lingering = TimeAmount.seconds(2)

    private var reader: WebSocketFrameReader
    /// The last ping that has no answer yet, because the socket takes no more. Those before it need none (RFC 6455,
    /// section 5.5.3), so a client that does not read cannot make them pile up.
    private var unansweredPing: [UInt8]?
    /// Our close is sent: nothing may follow it.
    private var hasSentClose = false
    /// The MQTT handler has been told that the connection is over; nothing that comes is looked at.
    private var hasEnded = false

    /// - Parameter maximumFrameSize: the largest frame taken, in bytes.
    init(maximumFrameSize: Int) {
        self.reader = WebSocketFrameReader(maximumLength: maximumFrameSize)
    }

    // MARK: From the socket

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.hasEnded else { return }
        let bytes = self.unwrapInboundIn(data)
        var payload = ByteBuffer()
        let ending = self.read(bytes, into: &payload)
        // What came before a close counts.
        if payload.readableBytes > 0 { context.fireChannelRead(self.wrapInboundOut(payload)) }
        if let ending {
            self.end(context, ending)
        } else {
            self.answerPing(context)
        }
    }

    /// - Returns: the code to close with; nil: the connection goes on.
    private func read(_ bytes: ByteBuffer, into payload: inout ByteBuffer) -> WebSocketErrorCode? {
        var position = 0
        do throws(WebSocketViolation) {
            while let signal = try self.reader.read(bytes.readableBytesSpan, at: &position, into: &payload) {
                switch signal {
                case .ping(let data): self.unansweredPing = data
                case .close(let code): return code.map { WebSocketErrorCode(codeNumber: Int($0)) } ?? .normalClosure
                }
            }
        } catch {
            return error.closeCode
        }
        return nil
    }

    private func answerPing(_ context: ChannelHandlerContext) {
        guard let ping = self.unansweredPing, !self.hasSentClose, context.channel.isWritable else { return }
        self.unansweredPing = nil
        var frame = context.channel.allocator.buffer(capacity: 2 + ping.count)
        frame.writeWebSocketFrame(.pong, ping)
        context.writeAndFlush(self.wrapOutboundOut(frame), promise: nil)
    }

    /// Answers the client's close, or what it may not send, with a close. For the MQTT handler this is the end: it
    /// does not wait until the client has heard.
    private func end(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode) {
        guard !self.hasEnded else { return }
        self.hasEnded = true
        if self.hasSentClose {
            context.close(promise: nil)
        } else {
            self.sendClose(context, code)
            context.close(mode: .output, promise: nil)
            // The MQTT handler may have stopped reading; it will not ask for more.
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) { context.close(promise: nil) }
        }
        context.fireChannelInactive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !self.hasEnded else { return }
        self.hasEnded = true
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.answerPing(context)
        context.fireChannelWritabilityChanged()
    }

    // MARK: To the socket

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !self.hasSentClose else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        var bytes = self.unwrapOutboundIn(data)
        while bytes.readableBytes > Self.maximumSentLength, let part = bytes.readSlice(length: Self.maximumSentLength) {
            self.writeFrame(context, part, promise: nil)
        }
        self.writeFrame(context, bytes, promise: promise)
    }

    private func writeFrame(_ context: ChannelHandlerContext, _ payload: ByteBuffer, promise: EventLoopPromise<Void>?) {
        let length = payload.readableBytes
        let isCopied = length <= Self.copyingLimit
        var frame = context.channel.allocator.buffer(capacity: 10 + (isCopied ? length : 0))
        frame.writeWebSocketHeader(.binary, length: length)
        if isCopied {
            frame.writeImmutableBuffer(payload)
            context.write(self.wrapOutboundOut(frame), promise: promise)
        } else {
            context.write(self.wrapOutboundOut(frame), promise: nil)
            context.write(self.wrapOutboundOut(payload), promise: promise)
        }
    }

    private func sendClose(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode) {
        self.hasSentClose = true
        let number = UInt16(webSocketErrorCode: code)
        var frame = context.channel.allocator.buffer(capacity: 4)
        frame.writeWebSocketFrame(.connectionClose, [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)])
        context.writeAndFlush(self.wrapOutboundOut(frame), promise: nil)
    }

    /// The MQTT handler's last words end with a close: the client sees that it was meant.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output, !self.hasSentClose { self.sendClose(context, .normalClosure) }
        context.close(mode: mode, promise: promise)
    }
}

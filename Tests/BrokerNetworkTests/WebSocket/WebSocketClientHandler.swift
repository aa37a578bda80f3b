//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import NIOWebSocket
import Testing

/// The client's end of WebSocket, on SwiftNIO's own frame coders.
final class WebSocketClientHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How the client puts bytes into frames.
    enum Framing: Sendable {
        /// Each buffer into a frame.
        case buffer
        /// Each byte into a message.
        case byte
        /// Each buffer into one message, of as many parts as it has bytes.
        case parts
    }

    private let version: ProtocolVersion
    private let framing: Framing
    private let onClose: @Sendable (UInt16?) -> Void
    private var answer = ByteBuffer()
    private var waiting: [ByteBuffer] = []

    /// - Parameter onClose: told of the code of each close frame.
    init(_ version: ProtocolVersion, _ framing: Framing, onClose: @escaping @Sendable (UInt16?) -> Void = { _ in }) {
        self.version = version
        self.framing = framing
        self.onClose = onClose
    }

    func channelActive(context: ChannelHandlerContext) {
        let name = self.version == .v3_1 ? "mqttv3.1" : "mqtt"
        let request = UpgradeSpecimen.with("Sec-WebSocket-Protocol", name)
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
        context.fireChannelActive()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.waiting.append(self.unwrapOutboundIn(data))
        promise?.succeed()
    }

    func flush(context: ChannelHandlerContext) {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.answer.writeBuffer(&bytes)
        guard let end = self.answer.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        guard self.answer.readableBytesView.starts(with: "HTTP/1.1 101 ".utf8) else {
            Issue.record("refused: \(String(buffer: self.answer))")
            return context.close(promise: nil)
        }
        self.answer.moveReaderIndex(to: end.upperBound)
        let operations = context.pipeline.syncOperations
        do {
            try operations.addHandlers(
                [
                    WebSocketFrameEncoder(), ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 20)),
                    Frames(self.framing, self.onClose),
                ],
                position: .after(self)
            )
        } catch {
            return context.close(promise: nil)
        }
        if self.answer.readableBytes > 0 { context.fireChannelRead(NIOAny(self.answer)) }
        let waiting = self.waiting
        operations.removeHandler(context: context, promise: nil)
        for bytes in waiting { context.channel.writeAndFlush(bytes, promise: nil) }
    }

    /// Bytes above, frames below.
    private final class Frames: ChannelDuplexHandler {
        typealias InboundIn = WebSocketFrame
        typealias InboundOut = ByteBuffer
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = WebSocketFrame

        private let framing: Framing
        private let onClose: @Sendable (UInt16?) -> Void

        init(_ framing: Framing, _ onClose: @escaping @Sendable (UInt16?) -> Void) {
            self.framing = framing
            self.onClose = onClose
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = self.unwrapInboundIn(data)
            #expect(frame.maskKey == nil && frame.fin)
            switch frame.opcode {
            case .binary:
                context.fireChannelRead(self.wrapInboundOut(frame.data))
            case .connectionClose:
                self.onClose(frame.data.getInteger(at: frame.data.readerIndex))
                let answer = WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: frame.data)
                context.writeAndFlush(self.wrapOutboundOut(answer), promise: nil)
            default:
                Issue.record("a frame nobody has asked for: \(frame.opcode)")
            }
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            var bytes = self.unwrapOutboundIn(data)
            guard self.framing != .buffer else {
                let frame = WebSocketFrame(fin: true, opcode: .binary, maskKey: .random(), data: bytes)
                return context.write(self.wrapOutboundOut(frame), promise: promise)
            }
            var opcode = WebSocketOpcode.binary
            while let byte = bytes.readSlice(length: 1) {
                let isLast = self.framing == .byte || bytes.readableBytes == 0
                let frame = WebSocketFrame(fin: isLast, opcode: opcode, maskKey: .random(), data: byte)
                context.write(self.wrapOutboundOut(frame), promise: bytes.readableBytes == 0 ? promise : nil)
                if self.framing == .parts { opcode = .continuation }
            }
        }
    }
}

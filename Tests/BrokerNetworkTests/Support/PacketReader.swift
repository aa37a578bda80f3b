//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

/// The client's end: takes packets out of the bytes and hands them on.
final class PacketReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let version: ProtocolVersion
    private let continuation: AsyncStream<Packet>.Continuation
    private var received = ByteBuffer()

    init(_ version: ProtocolVersion, _ continuation: AsyncStream<Packet>.Continuation) {
        self.version = version
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.received.writeBuffer(&bytes)
        do throws(MQTTError) {
            while let header = try FixedHeader.decode(self.received.readableBytesSpan, at: 0),
                header.totalLength <= self.received.readableBytes
            {
                self.received.moveReaderIndex(forwardBy: header.headerLength)
                guard let body = self.received.readSlice(length: header.remainingLength) else { return }
                self.continuation.yield(try Packet.decode(header, body: body, version: self.version))
            }
        } catch {
            Issue.record("the broker has sent what is no packet: \(error)")
            context.close(promise: nil)
        }
        self.received.discardReadBytes()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.continuation.finish()
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOEmbedded

@testable import BrokerNetwork

/// A WebSocket client from its first byte on.
///
/// The first byte of the input says how large the pieces are in which the rest arrives, and whether that rest is a
/// whole connection, or frames behind a request that is in order.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWebSocket(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let pieces = cut(input.dropFirst(), every: Int(first >> 1) + 1)
    if first & 1 == 0 {
        check(isUpgraded: false, pieces)
    } else {
        compareReaders(input.dropFirst(), pieces)
        check(isUpgraded: true, pieces)
    }
    return 0
}

private let request = """
    GET /mqtt HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n
    """

private func cut(_ bytes: ArraySlice<UInt8>, every size: Int) -> [ByteBuffer] {
    stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map {
        ByteBuffer(bytes: bytes[$0..<min($0 + size, bytes.endIndex)])
    }
}

/// However the bytes are cut, the same comes out of them, and never more than has gone in.
private func compareReaders(_ bytes: ArraySlice<UInt8>, _ pieces: [ByteBuffer]) {
    let whole = ReaderRun([ByteBuffer(bytes: bytes)])
    check(whole == ReaderRun(pieces), "another result for other pieces")
    check(whole.payload.count <= bytes.count, "more than has come")
}

private struct ReaderRun: Equatable {
    var payload: [UInt8] = []
    var signals: [WebSocketFrameReader.Signal] = []
    var violation: WebSocketViolation?

    init(_ pieces: [ByteBuffer]) {
        var reader = WebSocketFrameReader(maximumLength: 2000)
        for piece in pieces {
            var output = ByteBuffer()
            var position = 0
            defer { self.payload += output.readableBytesView }
            do throws(WebSocketViolation) {
                while let signal = try reader.read(piece.readableBytesSpan, at: &position, into: &output) {
                    self.signals.append(signal)
                    if case .close = signal { return }
                }
            } catch {
                self.violation = error
                return
            }
        }
    }
}

/// Whatever comes, what the broker sends is a response or whole frames, and in the end nothing is left.
private func check(isUpgraded: Bool, _ pieces: [ByteBuffer]) {
    let channel = EmbeddedChannel()
    let loop = channel.embeddedEventLoop
    let echo = Echo()
    do {
        try WebSocketPipeline.add(to: channel, settings: WebSocketSettings(), maximumFrameSize: 2000) {
            try $0.pipeline.syncOperations.addHandler(echo)
        }
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    } catch {
        fail("no connection: \(error)")
    }
    if isUpgraded {
        _ = try? channel.writeInbound(ByteBuffer(string: request))
        loop.run()
    }
    for piece in pieces {
        _ = try? channel.writeInbound(piece)
        loop.run()
    }
    var output = ByteBuffer()
    while var part = try? channel.readOutbound(as: ByteBuffer.self) { output.writeBuffer(&part) }
    check(!isUpgraded || echo.wasThere, "a good request is refused")
    checkOutput(output, isUpgraded: echo.wasThere)
    // A client that never finishes is closed.
    loop.advanceTime(by: .seconds(60))
    check(!channel.isActive || echo.isThere, "a connection without end")
    _ = try? channel.finish(acceptAlreadyClosed: true)
    check(!echo.isThere && echo.ends <= 1, "the end is told \(echo.ends) times")
}

private func checkOutput(_ output: ByteBuffer, isUpgraded: Bool) {
    guard output.readableBytes > 0 else {
        check(!isUpgraded, "no response")
        return
    }
    var output = output
    let bytes = Array(output.readableBytesView)
    guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: "\r\n\r\n".utf8) }) else {
        fail("half a response")
    }
    check(bytes.starts(with: "HTTP/1.1 ".utf8), "not a response")
    output.moveReaderIndex(forwardBy: end + 4)
    guard isUpgraded else { return }
    var isClosed = false
    while let opcode = output.readInteger(as: UInt8.self), let length = output.readInteger(as: UInt8.self) {
        check(!isClosed, "a frame behind the close")
        check([0x82, 0x88, 0x8A].contains(opcode) && length <= 126, "opcode \(opcode), length \(length)")
        let count = length < 126 ? Int(length) : Int(output.readInteger(as: UInt16.self) ?? 0)
        check(output.readSlice(length: count) != nil, "half a frame")
        isClosed = opcode == 0x88
    }
}

/// In the MQTT handler's place: sends back what comes, and says goodbye when it is told to.
private final class Echo: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private(set) var isThere = false
    private(set) var wasThere = false
    private(set) var ends = 0

    func handlerAdded(context: ChannelHandlerContext) {
        self.isThere = true
        self.wasThere = true
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.isThere = false }
    func channelInactive(context: ChannelHandlerContext) { self.ends += 1 }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        check(self.ends == 0 && bytes.readableBytes > 0, "nothing, or something after the end")
        context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
        if bytes.readableBytesView.first == 0xE0 { context.close(mode: .output, promise: nil) }
    }
}

private func check(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { fail(message()) }
}

private func fail(_ message: String) -> Never {
    fatalError(message)
}

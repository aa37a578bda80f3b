//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Answers the one HTTP request of a connection, and makes a WebSocket connection of it or ends it.
final class WebSocketUpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    typealias Decoder = ByteToMessageHandler<HTTPRequestDecoder>

    /// How long a client may take to hear why it is refused.
    private static let lingering = TimeAmount.seconds(2)

    private enum State {
        case waiting
        /// The head of the request is in order; its end is to come.
        case accepted(UpgradeRequest)
        /// The decoder is being taken out.
        case switching
        /// Gone over to WebSocket, or refused, or too late.
        case over
    }

    private let settings: WebSocketSettings
    private let timeout: TimeAmount
    private let limit: RequestLimitHandler
    private let decoder: Decoder
    private let encoder: HTTPResponseEncoder
    private let addNext: (any Channel) throws -> Void
    private var state = State.waiting
    private var deadline: Scheduled<Void>?

    /// - Parameters:
    ///   - timeout: how long a client may take until its request has come.
    ///   - limit, decoder, encoder: the handlers that go with this one.
    ///   - addNext: adds the handlers that follow.
    init(
        settings: WebSocketSettings,
        timeout: TimeAmount,
        limit: RequestLimitHandler,
        decoder: Decoder,
        encoder: HTTPResponseEncoder,
        addNext: @escaping (any Channel) throws -> Void
    ) {
        self.settings = settings
        self.timeout = timeout
        self.limit = limit
        self.decoder = decoder
        self.encoder = encoder
        self.addNext = addNext
    }

    // MARK: Time

    func handlerAdded(context: ChannelHandlerContext) {
        self.close(context, in: self.timeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.state = .over
        self.deadline?.cancel()
        self.deadline = nil
    }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) {
        self.deadline?.cancel()
        self.deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
    }

    // MARK: The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (self.unwrapInboundIn(data), self.state) {
        case (.head(let head), .waiting):
            do throws(UpgradeRefusal) {
                self.state = .accepted(try UpgradeRequest(head, settings: self.settings))
            } catch {
                self.refuse(context, error)
            }
        case (.body, .accepted):
            self.refuse(context, .body)
        case (.end, .accepted(let request)):
            // The decoder might see an end where the limit does not.
            guard self.limit.isComplete else { return self.refuse(context, .malformed) }
            self.switchOver(context, request)
        default:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let refusal as UpgradeRefusal: self.refuse(context, refusal)
        case HTTPParserError.headerOverflow: self.refuse(context, .tooLarge)
        case is HTTPParserError: self.refuse(context, .malformed)
        // A reset, as a rule: the peer has gone without a word.
        default: context.close(promise: nil)
        }
    }

    // MARK: The answer

    private func refuse(_ context: ChannelHandlerContext, _ refusal: UpgradeRefusal) {
        if case .over = self.state { return }
        self.state = .over
        self.limit.stop()
        // The end in the middle of a request is an error too.
        guard context.channel.isActive else { return }
        let text = refusal.text + "\n"
        var headers = refusal.headers
        headers.add(name: "Connection", value: headers.contains(name: "Upgrade") ? "close, Upgrade" : "close")
        headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        headers.add(name: "Content-Length", value: "\(text.utf8.count)")
        self.write(context, .head(HTTPResponseHead(version: .http1_1, status: refusal.status, headers: headers)))
        self.write(context, .body(.byteBuffer(ByteBuffer(string: text))))
        self.write(context, .end(nil))
        context.flush()
        context.close(mode: .output, promise: nil)
        self.close(context, in: Self.lingering)
    }

    private func switchOver(_ context: ChannelHandlerContext, _ request: UpgradeRequest) {
        self.state = .switching
        // Only this computes the answer to the client's key.
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in
                channel.eventLoop.makeSucceededFuture(["Sec-WebSocket-Protocol": request.subprotocol])
            },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
        )
        // The decoder leaves in a later turn of the loop, and only then the answer may go: what comes before it is not
        // the client's first frame, and the limit refuses it.
        let operations = context.pipeline.syncOperations
        operations.removeHandler(self.decoder)
            .flatMap { [channel = context.channel] in
                upgrader.buildUpgradeResponse(
                    channel: channel,
                    upgradeRequest: request.head,
                    initialResponseHeaders: [:]
                )
            }
            .assumeIsolated()
            .whenComplete { result in
                guard case .switching = self.state else { return }
                switch result {
                case .success(let headers): self.accept(context, headers)
                case .failure: context.close(promise: nil)
                }
            }
    }

    private func accept(_ context: ChannelHandlerContext, _ headers: HTTPHeaders) {
        self.state = .over
        let response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        self.write(context, .head(response))
        context.flush()
        let operations = context.pipeline.syncOperations
        operations.removeHandler(self.encoder, promise: nil)
        operations.removeHandler(self.limit, promise: nil)
        do {
            try self.addNext(context.channel)
            operations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    private func write(_ context: ChannelHandlerContext, _ part: HTTPServerResponsePart) {
        context.write(self.wrapOutboundOut(part), promise: nil)
    }
}

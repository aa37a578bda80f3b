//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    import NIOCore
    import NIOPosix
    import NIOSSL

    /// A server that shows the test each request as it came, byte by byte, and answers what the test says.
    final class TestHTTPServer: Sendable {
        /// A request that has arrived.
        struct Request: Sendable {
            let raw: String
            let channel: any Channel

            /// Answers with a status and an empty body, or with exactly these bytes.
            func answer(_ status: Int) { self.answer("HTTP/1.1 \(status) X\r\ncontent-length: 0\r\n\r\n") }
            func answer(_ raw: String) { self.channel.writeAndFlush(ByteBuffer(string: raw), promise: nil) }
            func close() { self.channel.close(promise: nil) }
        }

        private final class Handler: ChannelInboundHandler {
            typealias InboundIn = ByteBuffer

            private var received = ""
            private let requests: AsyncStream<Request>.Continuation

            init(_ requests: AsyncStream<Request>.Continuation) { self.requests = requests }

            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                self.received += String(buffer: self.unwrapInboundIn(data))
                guard let head = self.received.firstRange(of: "\r\n\r\n") else { return }
                let length =
                    self.received[..<head.lowerBound].split(separator: "\r\n").lazy
                    .compactMap { line in
                        line.lowercased().hasPrefix("content-length:")
                            ? Int(line.dropFirst(15).filter { $0 != " " }) : nil
                    }
                    .first ?? 0
                guard self.received[head.upperBound...].utf8.count >= length else { return }
                self.requests.yield(Request(raw: self.received, channel: context.channel))
                self.received = ""
            }

            func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
        }

        private let channel: any Channel
        private let requests: AsyncStream<Request>
        let port: Int

        init(tls: NIOSSLContext? = nil) async throws {
            let (requests, continuation) = AsyncStream<Request>.makeStream()
            self.requests = requests
            self.channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                        try channel.pipeline.syncOperations.addHandler(Handler(continuation))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            self.port = self.channel.localAddress?.port ?? 0
        }

        /// The next request.
        func next() async throws -> Request {
            var iterator = self.requests.makeAsyncIterator()
            guard let request = await iterator.next() else { throw ChannelError.eof }
            return request
        }

        /// Answers all requests from now on.
        func answerAll(_ status: @escaping @Sendable (String) -> Int) -> Task<Void, Never> {
            Task { for await request in self.requests { request.answer(status(request.raw)) } }
        }

        func stop() async throws { try await self.channel.close() }
    }
#endif

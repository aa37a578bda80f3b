//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

/// Lets one HTTP request without a body pass to the decoder, of at most 8 KiB, and nothing after it.
///
/// It counts what the decoder does not: the empty lines before a request, and what comes while the request is being
/// answered.
final class RequestLimitHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Bytes from the first to the end of the last header.
    static let maximumSize = 8 * 1024

    private enum State {
        case reading
        /// The empty line at the end has come.
        case complete
        /// Nothing more is of interest.
        case over
    }

    private var state = State.reading
    private var size = 0
    /// How much of CR LF CR LF the last bytes are.
    private var matched = 0

    /// Whether exactly one request has passed.
    var isComplete: Bool { self.state == .complete }

    /// Drops whatever comes.
    func stop() {
        self.state = .over
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.state {
        case .reading:
            let bytes = self.unwrapInboundIn(data)
            if let refusal = self.check(bytes) {
                self.refuse(context, refusal)
            } else {
                context.fireChannelRead(data)
            }
        case .complete:
            self.refuse(context, .bytesAfterRequest)
        case .over:
            break
        }
    }

    private func refuse(_ context: ChannelHandlerContext, _ refusal: UpgradeRefusal) {
        self.state = .over
        context.fireErrorCaught(refusal)
    }

    private func check(_ bytes: ByteBuffer) -> UpgradeRefusal? {
        for byte in bytes.readableBytesView {
            if self.state == .complete { return .bytesAfterRequest }
            self.size += 1
            if self.size > Self.maximumSize { return .tooLarge }
            switch (byte, self.matched) {
            case (0x0D, 2): self.matched = 3
            case (0x0D, _): self.matched = 1
            case (0x0A, 1): self.matched = 2
            case (0x0A, 3): self.state = .complete
            default: self.matched = 0
            }
        }
        return nil
    }
}

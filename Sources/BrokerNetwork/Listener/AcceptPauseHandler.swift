//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

/// Stops accepting for a while when a connection cannot be taken: its socket stays readable, and without a pause the
/// loop would do nothing but try.
///
/// NIO's own `AcceptBackoffHandler` holds back only the next request to read, and after an error the one that failed is
/// still there.
final class AcceptPauseHandler: ChannelInboundHandler {
    typealias InboundIn = Channel

    private let pause: (IOError) -> TimeAmount?
    private var isPausing = false

    /// - Parameter pause: how long not to accept after an error; nil: no time at all.
    init(_ pause: @escaping (IOError) -> TimeAmount?) {
        self.pause = pause
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else { return context.fireErrorCaught(error) }
        guard !self.isPausing, let time = self.pause(error) else { return }
        self.isPausing = true
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            self.isPausing = false
            // Of a listener that has closed meanwhile there is nothing to be read.
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}

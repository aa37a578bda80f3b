//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import CProcess
import NIOCore
import NIOPosix
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a service is told by signals.
public enum ServiceSignal: Sendable, Equatable {
    /// SIGTERM or SIGINT: end gracefully. The second one ends the process at once, with 128 + its number, without any
    /// help of the program.
    case stop
    /// SIGHUP: take over the configuration.
    case reload
    /// SIGUSR1: open the log files anew, after somebody has moved them.
    case reopenLogs

    /// From now on all of these come to this sequence, and SIGPIPE is ignored. Once in a process.
    ///
    /// They are handled by name, so they work for the first process of a container too, for which the kernel drops
    /// signals without a handler.
    public static func listen(on loop: ServiceLoop) async throws -> AsyncStream<ServiceSignal> {
        let (read, write) = try SystemPackage.FileDescriptor.pipe()
        for file in [read, write] {
            _ = fcntl(file.rawValue, F_SETFD, FD_CLOEXEC)
            _ = fcntl(file.rawValue, F_SETFL, O_NONBLOCK)
        }
        let (stream, continuation) = AsyncStream.makeStream(of: ServiceSignal.self)
        _ = try await NIOPipeBootstrap(group: loop.group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SignalReader(continuation))
                }
            }
            .takingOwnershipOfDescriptor(input: read.rawValue)
            .get()
        // The write end stays open for as long as the process lives: a signal may come at any time.
        guard nanomq_signals_to(write.rawValue) == 0 else { throw Errno(rawValue: errno) }
        return stream
    }

    init?(number: Int32) {
        switch number {
        case SIGTERM, SIGINT: self = .stop
        case SIGHUP: self = .reload
        case SIGUSR1: self = .reopenLogs
        default: return nil
        }
    }
}

/// Turns the bytes of the signal handler into signals.
private final class SignalReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let continuation: AsyncStream<ServiceSignal>.Continuation

    init(_ continuation: AsyncStream<ServiceSignal>.Continuation) {
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for byte in self.unwrapInboundIn(data).readableBytesView {
            if let signal = ServiceSignal(number: Int32(byte)) { self.continuation.yield(signal) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.continuation.finish()
    }
}

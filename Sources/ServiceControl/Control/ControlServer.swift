//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOPosix
public import SystemPackage

/// The control socket of a running broker: a Unix socket of mode 0600, on which this user and root may ask.
public struct ControlServer: Sendable {
    /// How long a request may take to arrive, and a reply to be taken.
    static let timeout: TimeAmount = .seconds(10)

    /// Where it is.
    public let path: FilePath
    private let channel: any Channel
    private let file: ControlSocketFile

    /// Binds and answers.
    ///
    /// The socket of a process that has gone is replaced; one on which somebody answers is not.
    /// - Parameter loop: runs the connections; the handler is called in tasks of their own.
    public static func start(
        at path: FilePath,
        on loop: ServiceLoop,
        handler: any ControlHandler
    ) async throws(ControlError) -> ControlServer {
        let socket = try ControlSocketFile.bind(path)
        do {
            let channel = try await ServerBootstrap(group: loop.group)
                .serverChannelOption(.maxMessagesPerRead, value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let connection = ControlConnection(handler: handler, timeout: self.timeout)
                        try channel.pipeline.syncOperations.addHandler(connection)
                    }
                }
                .withBoundSocket(socket.descriptor)
                .get()
            return ControlServer(path: path, channel: channel, file: socket)
        } catch {
            // NIO has closed the descriptor.
            socket.remove()
            let cause = (error as? IOError).map { Errno(rawValue: $0.errnoCode) }
            throw .system("listen on the control socket", path, cause ?? .ioError)
        }
    }

    /// Answers nobody any more, and removes the socket.
    public func stop() async {
        self.file.remove()
        try? await self.channel.close()
    }
}

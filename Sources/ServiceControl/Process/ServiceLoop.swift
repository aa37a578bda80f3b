//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOPosix

/// The event loop of what is not the broker's business: signals and the control socket. A loop of its own answers also
/// when those of the broker have too much to do.
public struct ServiceLoop: Sendable {
    let group: MultiThreadedEventLoopGroup

    /// Starts its thread.
    public init() {
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// Ends it, with all that runs on it.
    public func stop() async {
        try? await self.group.shutdownGracefully()
    }
}

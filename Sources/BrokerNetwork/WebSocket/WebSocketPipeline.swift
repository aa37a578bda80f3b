//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

/// Puts WebSocket between a connection and MQTT.
enum WebSocketPipeline {
    /// Not there yet: the connection is closed.
    static func add(
        to channel: any Channel,
        settings: WebSocketSettings,
        maximumFrameSize: Int,
        then addMQTT: @escaping @Sendable (any Channel) throws -> Void
    ) throws {
        throw ChannelError.operationUnsupported
    }
}

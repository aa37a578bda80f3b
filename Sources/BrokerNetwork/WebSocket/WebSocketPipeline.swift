//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

/// Puts WebSocket between a connection and MQTT.
package enum WebSocketPipeline {
    /// The largest frame that a listener should take where this is the largest packet, in bytes.
    package static func frameSize(forPackets maximumPacketSize: Int) -> Int { maximumPacketSize }

    /// Not there yet: the connection is closed.
    package static func add(
        to channel: any Channel,
        settings: WebSocketSettings,
        maximumFrameSize: Int,
        upgradeTimeout: TimeAmount,
        then addMQTT: @escaping (any Channel) throws -> Void
    ) throws {
        throw ChannelError.operationUnsupported
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOHTTP1

/// What carries MQTT over WebSocket in a connection's pipeline.
///
/// At first these are handlers for one HTTP request. Once it is granted they leave, and one handler stays, which takes
/// the frames apart.
package enum WebSocketPipeline {
    /// How long a client may take until its request is complete, where nobody says so: a listener does
    /// (`limits.connect_timeout`), and watches the time on its own as well. Tests and the fuzzer use the pipeline without
    /// a listener, so it has to end on its own.
    package static let upgradeTimeout = TimeAmount.seconds(15)

    /// The largest frame that a listener should take where this is the largest packet, in bytes. A client may put
    /// several packets into one frame, and no memory depends on it: so there is some room.
    package static func frameSize(forPackets maximumPacketSize: Int) -> Int {
        let (sum, isOverflowing) = maximumPacketSize.addingReportingOverflow(64 * 1024)
        return isOverflowing ? .max : sum
    }

    /// Adds the handlers to the end of a new connection's pipeline. To be called on the connection's event loop.
    ///
    /// - Parameters:
    ///   - maximumFrameSize: the largest frame taken, in bytes; a larger one ends the connection with code 1009.
    ///   - upgradeTimeout: how long a client may take until its request is complete; then it is closed.
    ///   - addMQTT: called once the client has been let over to WebSocket; adds what deals with the bytes.
    package static func add(
        to channel: any Channel,
        settings: WebSocketSettings,
        maximumFrameSize: Int,
        upgradeTimeout: TimeAmount = Self.upgradeTimeout,
        then addMQTT: @escaping (any Channel) throws -> Void
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = RequestLimitHandler.maximumSize
        limits.maxHeaderListSize = RequestLimitHandler.maximumSize
        limits.maxHeaderFieldCount = 100
        let limit = RequestLimitHandler()
        // Nothing is left over: the limit lets no byte pass behind the request.
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits),
            maximumBufferSize: RequestLimitHandler.maximumSize
        )
        let encoder = HTTPResponseEncoder()
        let upgrade = WebSocketUpgradeHandler(
            settings: settings,
            timeout: upgradeTimeout,
            limit: limit,
            decoder: decoder,
            encoder: encoder
        ) { channel in
            try channel.pipeline.syncOperations.addHandler(WebSocketFrameHandler(maximumFrameSize: maximumFrameSize))
            try addMQTT(channel)
        }
        try channel.pipeline.syncOperations.addHandlers([limit, encoder, decoder, upgrade])
    }
}

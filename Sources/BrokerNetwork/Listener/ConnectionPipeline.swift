//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore

/// Puts a connection's handlers together: PROXY header, TLS, WebSocket, and MQTT last.
///
/// What comes before MQTT is added when its turn comes and goes when it is done, as far as it can. A plain TCP connection
/// has one handler from the start.
enum ConnectionPipeline {
    /// On the connection's loop, before it is active.
    static func assemble(on channel: any Channel, _ terms: ListenerTerms, _ driver: ShardDriver) throws {
        let pipeline = channel.pipeline.syncOperations
        if terms.isPlain {
            return try pipeline.addHandler(
                ConnectionHandler(driver: driver, origin: terms.origin, gauge: terms.gauge)
            )
        }
        guard terms.gauge.beginHandshake(terms.settings) else {
            terms.logLimit(refusing: channel, by: driver)
            throw ChannelError.ioOnClosedChannel
        }
        do {
            try pipeline.addHandler(HandshakeHandler(driver: driver, terms: terms))
        } catch {
            terms.gauge.endHandshake(isDone: false)
            throw error
        }
    }
}

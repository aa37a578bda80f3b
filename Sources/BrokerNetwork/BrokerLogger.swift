//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import Logging
import MQTTCodec

/// Writes the broker's events to the operator's log: one line each, with client identifier and peer.
package struct BrokerLogger: Sendable {
    private let logger: Logger

    package init(_ logger: Logger) {
        self.logger = logger
    }

    func log(_ event: BrokerEvent) {
        switch event {
        case .connected(let client, let sessionPresent):
            self.logger.info(
                "connected",
                metadata: Self.metadata(client, ["session": sessionPresent ? "resumed" : "new"])
            )
        case .disconnected(let client, let reason):
            self.logger.info("disconnected", metadata: Self.metadata(client, ["reason": "\(reason)"]))
        case .refused(let client, let peer, let reason, let detail):
            self.logger.notice(
                "refused",
                metadata: [
                    "client": "\(client.map(Self.printable) ?? "-")", "peer": "\(peer)", "reason": "\(reason)",
                    "detail": "\(detail)",
                ]
            )
        case .protocolError(let client, let peer, let error):
            self.logger.notice(
                "protocol error",
                metadata: [
                    "client": "\(client.map(Self.printable) ?? "-")", "peer": "\(peer)", "error": "\(error)",
                ]
            )
        case .stuckReader(let client):
            self.logger.warning("closed: does not read", metadata: Self.metadata(client))
        case .queueFull(let client):
            self.logger.warning("queue is full, messages are dropped", metadata: Self.metadata(client))
        case .retainedLimit:
            self.logger.warning("retained message refused: limit reached")
        case .sessionLimit(let client, let peer):
            self.logger.warning(
                "no further session is kept: limit reached",
                metadata: ["client": "\(Self.printable(client))", "peer": "\(peer)"]
            )
        case .denied(let client, let action, let reason):
            let (kind, name) =
                switch action {
                case .publish(let topic): ("publish", topic)
                case .subscribe(let filter): ("subscribe", filter)
                case .will(let topic): ("will", topic)
                }
            self.logger.notice(
                "not allowed",
                metadata: Self.metadata(
                    client,
                    ["action": "\(kind)", "topic": "\(Self.printable(name))", "reason": "\(reason)"]
                )
            )
        case .subscriptionsRevoked(let client, let count, let first):
            self.logger.notice(
                "subscriptions taken away: not allowed any more",
                metadata: Self.metadata(client, ["count": "\(count)", "topic": "\(Self.printable(first))"])
            )
        case .expelled(let client, let reason):
            self.logger.notice("disconnected by the broker", metadata: Self.metadata(client, ["reason": "\(reason)"]))
        case .connectionLimit(let peer):
            self.logger.warning("connection refused: limit reached", metadata: ["peer": "\(peer)"])
        }
    }

    private static func metadata(_ client: ClientInfo, _ more: Logger.Metadata = [:]) -> Logger.Metadata {
        var metadata = more
        metadata["client"] = "\(self.printable(client.clientIdentifier))"
        metadata["peer"] = "\(client.peer)"
        return metadata
    }

    /// A client chooses its identifier: it may not break lines or fill the log.
    private static func printable(_ text: String) -> String {
        String(text.unicodeScalars.prefix(128).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : Character($0) })
    }
}

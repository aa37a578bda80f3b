//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import Logging
import MQTTCodec

/// Writes the broker's events to the operator's log: one line each, with client identifier and peer.
///
/// It runs on event loops, so it makes no text that a log of its own thread can make later.
package struct BrokerLogger: Sendable {
    private let logger: Logger

    package init(_ logger: Logger) {
        self.logger = logger
    }

    package func log(_ event: BrokerEvent) {
        switch event {
        case .connected(let client, let sessionPresent):
            self.logger.info(
                "connected",
                metadata: Self.metadata(client, ["session": sessionPresent ? "resumed" : "new"])
            )
        case .disconnected(let client, let reason):
            self.logger.info(
                "disconnected",
                metadata: Self.metadata(client, ["reason": .stringConvertible(Ending(reason: reason))])
            )
        case .refused(let client, let peer, let reason, let detail):
            self.logger.notice(
                "refused",
                metadata: Self.metadata(
                    client,
                    peer,
                    ["reason": .stringConvertible(reason), "detail": .string(PrintableText.of(detail))]
                )
            )
        case .protocolError(let client, let peer, let error):
            self.logger.notice(
                "protocol error",
                metadata: Self.metadata(client, peer, ["reason": .stringConvertible(error)])
            )
        case .stuckReader(let client):
            self.logger.warning("closed: does not read", metadata: Self.metadata(client))
        case .queueFull(let client):
            self.logger.warning("queue is full, messages are dropped", metadata: Self.metadata(client))
        case .retainedLimit:
            self.logger.warning("retained message refused: limit reached")
        case .notStored(let client, let reason):
            self.logger.warning(
                "message refused: it could not be stored",
                metadata: Self.metadata(client, ["reason": .stringConvertible(reason)])
            )
        case .sessionLimit(let client, let peer):
            self.logger.warning(
                "no further session is kept: limit reached",
                metadata: Self.metadata(client, peer, [:])
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
                    [
                        "action": .string(kind), "topic": .string(PrintableText.of(name)),
                        "reason": .stringConvertible(reason),
                    ]
                )
            )
        case .subscriptionsRevoked(let client, let count, let first):
            self.logger.notice(
                "subscriptions taken away: not allowed any more",
                metadata: Self.metadata(
                    client,
                    ["count": .stringConvertible(count), "topic": .string(PrintableText.of(first))]
                )
            )
        case .expelled(let client, let reason):
            self.logger.notice(
                "disconnected by the broker",
                metadata: Self.metadata(client, ["reason": .stringConvertible(reason)])
            )
        case .connectionLimit(let peer, let listener):
            var metadata: Logger.Metadata = ["peer": .stringConvertible(peer)]
            if let listener { metadata["listener"] = .string(listener) }
            self.logger.warning("connection refused: limit reached", metadata: metadata)
        case .cannotAccept(let listener, let cause):
            self.logger.error("cannot accept: \(cause)", metadata: ["listener": .string(listener)])
        }
    }

    private static func metadata(_ client: ClientInfo, _ more: Logger.Metadata = [:]) -> Logger.Metadata {
        var metadata = self.metadata(client.clientIdentifier, client.peer, more)
        metadata["listener"] = .stringConvertible(client.origin)
        return metadata
    }

    /// - Parameter client: nil: it has not said who it is.
    private static func metadata(_ client: String?, _ peer: PeerAddress, _ more: Logger.Metadata) -> Logger.Metadata {
        var metadata = more
        if let client { metadata["client"] = .string(PrintableText.of(client)) }
        metadata["peer"] = .stringConvertible(peer)
        return metadata
    }

    /// Why a connection ended, in the words of an operator where the standard's name would not say it.
    private struct Ending: CustomStringConvertible {
        let reason: ReasonCode

        var description: String {
            switch self.reason {
            case .success: "0x00 by the client"
            // The broker's own mark for a connection that ended without a DISCONNECT.
            case .unspecifiedError: "0x80 connection lost"
            default: self.reason.description
            }
        }
    }
}

/// Text that a client chose, for a line of a log of any kind: logs of programs that embed the broker may not know how
/// to deal with what ends lines or moves cursors.
enum PrintableText {
    /// Characters that are kept.
    private static let maximum = 256

    /// The text itself, if it is short and of harmless characters, as almost always; or else with `\u{a}` in place of
    /// each that is not, and cut.
    static func of(_ text: String) -> String {
        let utf8 = text.utf8
        if utf8.count <= self.maximum, utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < self.maximum else { return result + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

/// A publisher that repeats what has not been acknowledged.
final class LedgerPublisher: LedgerClient {
    private struct Sent {
        let text: String
        let topic: String
        var identifier: UInt16
        var isReleased = false
    }

    let qos: QoS
    /// What is not acknowledged, oldest first.
    private var sent: [Sent] = []
    private var count = 0
    private var lastIdentifier: UInt16 = 0

    init(_ name: String, _ version: ProtocolVersion, _ ledger: StoreLedger, qos: QoS, isKept: Bool) {
        self.qos = qos
        super.init(name, version, ledger, isKept: isKept, receiveMaximum: nil)
    }

    var isDone: Bool { self.sent.isEmpty }

    /// Sends the next message, unless too many are not acknowledged.
    func publish(to topic: String, expectedBy expected: Set<String>) {
        guard let client = self.client, self.isConnected, self.sent.count < 6 else { return }
        let text = "\(self.name):\(self.count)"
        self.count += 1
        let message = Sent(text: text, topic: topic, identifier: self.nextIdentifier())
        self.sent.append(message)
        self.ledger.begin(text, StoreLedger.Record(topic: topic, qos: self.qos, expected: expected))
        client.publish(topic, text, qos: self.qos, identifier: message.identifier)
    }

    private func nextIdentifier() -> UInt16 {
        repeat { self.lastIdentifier = self.lastIdentifier % 50 + 1 } while self.index(self.lastIdentifier) != nil
        return self.lastIdentifier
    }

    private func index(_ identifier: UInt16) -> Int? { self.sent.firstIndex { $0.identifier == identifier } }

    override func begin(_ client: TestClient, sessionPresent: Bool) {
        // Without its session nobody knows of a QoS 2 handshake: it has come to its end, one way or the other.
        if !sessionPresent, self.qos == .exactlyOnce { self.sent = [] }
        for message in self.sent {
            guard self.client === client, !client.transport.isClosed else { return }
            if message.isReleased {
                client.acknowledge(.publishRelease, message.identifier)
            } else {
                self.ledger.noteRepeated(message.text)
                client.publish(
                    message.topic,
                    message.text,
                    qos: self.qos,
                    duplicate: sessionPresent,
                    identifier: message.identifier
                )
            }
        }
    }

    override func receive(_ packet: Packet, _ client: TestClient) {
        guard case .acknowledgement(let packet) = packet else { return }
        guard let index = self.index(packet.packetIdentifier) else { return }
        switch packet.kind {
        case .publishAck:
            if !packet.reason.isError { self.ledger.promise(self.sent[index].text) }
            self.sent.remove(at: index)
        case .publishReceived:
            if packet.reason.isError {
                self.sent.remove(at: index)
            } else {
                self.ledger.promise(self.sent[index].text)
                self.sent[index].isReleased = true
                client.acknowledge(.publishRelease, packet.packetIdentifier)
            }
        case .publishComplete: self.sent.remove(at: index)
        case .publishRelease: break
        }
    }
}

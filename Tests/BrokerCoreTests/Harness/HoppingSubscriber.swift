//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// A subscriber with a session that it takes from shard to shard. It keeps what a client has to keep between two
/// connections, and checks what the standard promises it.
final class HoppingSubscriber {
    private let broker: TestBroker
    private let identifier: String
    private(set) var client: TestClient?
    /// Connections that it has turned its back on without a word.
    private(set) var abandoned: [TestClient] = []
    /// QoS 2 messages that it has taken, whose PUBREL has not come.
    private var taken: Set<UInt16> = []
    /// What came, without repetitions, by publisher.
    private(set) var numbers: [String: [Int]] = [:]
    private(set) var isConnected = false
    private(set) var hops = 0

    init(_ identifier: String, _ broker: TestBroker) {
        self.identifier = identifier
        self.broker = broker
    }

    /// Connects on this shard; whatever connection there was is abandoned, not closed.
    func hop(to shard: Int, version: ProtocolVersion) {
        if let client = self.client { self.abandoned.append(client) }
        let next = self.broker.client(self.identifier, version, on: shard)
        self.client = next
        self.isConnected = false
        self.hops += 1
        next.send(
            next.connectPacket {
                $0.cleanStart = false
                if version == .v5 { $0.properties.sessionExpiryInterval = .max }
            }
        )
    }

    /// The network notices that an abandoned connection has gone.
    func dropAbandoned(using generator: inout SeededGenerator) {
        guard !self.abandoned.isEmpty else { return }
        let client = self.abandoned.remove(at: Int.random(in: self.abandoned.indices, using: &generator))
        guard let connection = client.connection else { return }
        client.shard.closed(connection)
    }

    /// Reads what has come, and answers it.
    func read() {
        guard let client = self.client else { return }
        for packet in client.takeArrived() {
            switch packet {
            case .connectAck(let answer):
                #expect(answer.reason == .success)
                #expect(answer.sessionPresent == (self.hops > 1))
                self.isConnected = true
            case .publish(let publish): self.receive(publish, client)
            case .acknowledgement(let packet):
                guard packet.kind == .publishRelease else { continue }
                self.taken.remove(packet.packetIdentifier)
                client.acknowledge(.publishComplete, packet.packetIdentifier)
            default: break
            }
        }
    }

    private func receive(_ publish: Publish, _ client: TestClient) {
        #expect(self.isConnected, "PUBLISH before CONNACK")
        switch publish.qos {
        case .atMostOnce: self.note(publish)
        case .atLeastOnce:
            self.note(publish)
            client.acknowledge(.publishAck, publish.packetIdentifier)
        case .exactlyOnce:
            if self.taken.insert(publish.packetIdentifier).inserted {
                self.note(publish)
            } else {
                #expect(publish.isDuplicate, "packet identifier in flight used for \(publish.text)")
            }
            client.acknowledge(.publishReceived, publish.packetIdentifier)
        }
    }

    /// A message `publisher:number`; those of one publisher have to come in the order of their numbers.
    private func note(_ publish: Publish) {
        let parts = publish.text.split(separator: ":")
        guard parts.count == 2, let number = Int(parts[1]) else {
            Issue.record("not a numbered message: \(publish.text)")
            return
        }
        let publisher = String(parts[0])
        let next = self.numbers[publisher]?.count ?? 0
        if number < next {
            #expect(publish.isDuplicate && publish.qos == .atLeastOnce, "\(publish.text) came twice")
            return
        }
        #expect(number == next, "\(publish.text) came where \(next) is due")
        self.numbers[publisher, default: []].append(number)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

/// A publisher whose messages say who sent them and which one they are.
final class NumberingPublisher {
    let name: String
    let client: TestClient
    /// Messages published.
    private(set) var count = 0

    init(_ name: String, _ broker: TestBroker, on shard: Int) {
        self.name = name
        self.client = broker.connected(name, on: shard)
    }

    func publish(qos: QoS) {
        self.client.publish("t/\(self.name)", "\(self.name):\(self.count)", qos: qos)
        self.count += 1
    }

    /// Answers each PUBREC that has come.
    func answer() {
        for packet in self.client.takeArrived() {
            guard case .acknowledgement(let packet) = packet else { continue }
            #expect(!packet.reason.isError)
            if packet.kind == .publishReceived {
                self.client.acknowledge(.publishRelease, packet.packetIdentifier)
            }
        }
    }
}

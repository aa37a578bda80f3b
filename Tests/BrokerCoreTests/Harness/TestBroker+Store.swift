//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

@testable import BrokerCore

extension Connect {
    /// Asks for a session that is kept.
    mutating func keepSession(seconds: UInt32 = .max, receiveMaximum: UInt16? = nil) {
        self.cleanStart = false
        guard self.version == .v5 else { return }
        self.properties.sessionExpiryInterval = seconds
        self.properties.receiveMaximum = receiveMaximum
    }
}

extension TestBroker {
    /// A client with a session that is kept. Whatever has been submitted by then is safe.
    func kept(
        _ identifier: String,
        _ version: ProtocolVersion = .v5,
        on shard: Int = 0,
        seconds: UInt32 = .max,
        receiveMaximum: UInt16? = nil
    ) -> TestClient {
        let client = self.client(identifier, version, on: shard)
        client.send(client.connectPacket { $0.keepSession(seconds: seconds, receiveMaximum: receiveMaximum) })
        self.commit()
        return client
    }

    /// A session that is kept, with these subscriptions, whose client is away.
    func away(_ identifier: String, _ filters: String..., qos: QoS = .atLeastOnce, on shard: Int = 0) {
        let client = self.kept(identifier, on: shard)
        for filter in filters { client.subscribe(filter, qos: qos) }
        self.commit()
        client.drop()
        self.commit()
    }
}

extension TestClient {
    /// Takes messages and answers them until nothing more comes.
    func drain() -> [Publish] {
        var messages: [Publish] = []
        while true {
            self.broker.commit()
            let packets = self.takeArrived()
            guard !packets.isEmpty else { return messages }
            for packet in packets {
                switch packet {
                case .publish(let publish):
                    messages.append(publish)
                    switch publish.qos {
                    case .atMostOnce: break
                    case .atLeastOnce: self.acknowledge(.publishAck, publish.packetIdentifier)
                    case .exactlyOnce: self.acknowledge(.publishReceived, publish.packetIdentifier)
                    }
                case .acknowledgement(let packet) where packet.kind == .publishRelease:
                    self.acknowledge(.publishComplete, packet.packetIdentifier)
                default: break
                }
            }
        }
    }

    /// The types of the packets that come before anything more is safe.
    func takeTypes() -> [PacketType] { self.take().map(\.type) }
}

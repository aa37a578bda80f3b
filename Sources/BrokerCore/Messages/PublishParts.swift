//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

/// The parts of a PUBLISH to one subscriber.
struct PublishParts {
    var isVersion5: Bool
    var qos: QoS
    var isRetained: Bool
    var isDuplicate = false
    var packetIdentifier: UInt16 = 0
    /// v5: 0 when no alias goes with it.
    var topicAlias: UInt16 = 0
    /// v5: whether the alias alone names the topic.
    var omitsTopic = false
    /// v5: what is left of the expiry interval, in seconds.
    var messageExpiry: UInt32?
    /// v5: the identifiers of the subscriptions that match.
    var subscriptionIdentifiers: [UInt32] = []

    /// The first byte of the packet.
    var flags: UInt8 {
        0x30 | (self.isDuplicate ? 8 : 0) | self.qos.rawValue << 1 | (self.isRetained ? 1 : 0)
    }

    private func propertiesLength(forwarded: Int) -> Int {
        var length = forwarded
        if self.topicAlias != 0 { length += 3 }
        if self.messageExpiry != nil { length += 5 }
        for identifier in self.subscriptionIdentifiers {
            length += 1 + ByteBuffer.mqttVariableIntegerLength(Int(identifier))
        }
        return length
    }

    private func remainingLength(topic: Int, forwarded: Int, payload: Int) -> Int {
        var length = 2 + (self.omitsTopic ? 0 : topic) + (self.qos == .atMostOnce ? 0 : 2) + payload
        if self.isVersion5 {
            let properties = self.propertiesLength(forwarded: forwarded)
            length += ByteBuffer.mqttVariableIntegerLength(properties) + properties
        }
        return length
    }

    /// The whole packet's length for these lengths of topic, forwarded properties and payload.
    func packetLength(topic: Int, forwarded: Int, payload: Int) -> Int {
        let remaining = self.remainingLength(topic: topic, forwarded: forwarded, payload: payload)
        return 1 + ByteBuffer.mqttVariableIntegerLength(remaining) + remaining
    }

    /// Writes everything up to the payload.
    ///
    /// - Returns: where in the packet its identifier lies, counted from its first byte; 0 when it has none.
    @discardableResult
    func encodeHead(topic: RawSpan, forwarded: RawSpan, payloadLength: Int, into buffer: inout ByteBuffer) -> Int {
        let start = buffer.writerIndex
        let remaining = self.remainingLength(
            topic: topic.byteCount,
            forwarded: forwarded.byteCount,
            payload: payloadLength
        )
        buffer.writeInteger(self.flags)
        buffer.writeMQTTVariableInteger(remaining)
        if self.omitsTopic {
            buffer.writeInteger(UInt16(0))
        } else {
            buffer.writeInteger(UInt16(truncatingIfNeeded: topic.byteCount))
            buffer.writeBytes(topic)
        }
        var identifierOffset = 0
        if self.qos != .atMostOnce {
            identifierOffset = buffer.writerIndex - start
            buffer.writeInteger(self.packetIdentifier)
        }
        if self.isVersion5 { self.encodeProperties(forwarded: forwarded, into: &buffer) }
        return identifierOffset
    }

    private func encodeProperties(forwarded: RawSpan, into buffer: inout ByteBuffer) {
        buffer.writeMQTTVariableInteger(self.propertiesLength(forwarded: forwarded.byteCount))
        if let expiry = self.messageExpiry {
            buffer.writeInteger(UInt8(0x02))
            buffer.writeInteger(expiry)
        }
        if self.topicAlias != 0 {
            buffer.writeInteger(UInt8(0x23))
            buffer.writeInteger(self.topicAlias)
        }
        for identifier in self.subscriptionIdentifiers {
            buffer.writeInteger(UInt8(0x0B))
            buffer.writeMQTTVariableInteger(Int(identifier))
        }
        buffer.writeBytes(forwarded)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// SUBACK (section 3.9).
public struct SubscribeAck: Equatable, Sendable {
    /// The identifier of the SUBSCRIBE.
    public var packetIdentifier: UInt16
    /// One reason per filter, in order: the granted QoS or an error. Before MQTT 5.0 every error is sent as 0x80.
    public var reasons: [ReasonCode]
    /// The properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts a SUBACK together.
    public init(packetIdentifier: UInt16, reasons: [ReasonCode], properties: Properties = []) {
        self.packetIdentifier = packetIdentifier
        self.reasons = reasons
        self.properties = properties
    }

    /// Writes the packet. When it throws, nothing has been written.
    /// - Throws: for packet identifier 0, no reasons, and properties that are too long
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        try buffer.writeWhole { buffer throws(MQTTError) in
            guard !reasons.isEmpty else { throw .protocolError("no reason code") }
            let length = 2 + reasons.count + (version == .v5 ? properties.encodedLength : 0)
            try buffer.writeMQTTFixedHeader(type: .subscribeAck, flags: 0, remainingLength: length)
            try buffer.writeCheckedMQTTPacketIdentifier(packetIdentifier)
            if version == .v5 { try properties.encode(into: &buffer) }
            for reason in reasons {
                buffer.writeInteger(version < .v5 && reason.isError ? 0x80 : reason.rawValue)
            }
        }
    }

    /// Reads what follows the fixed header.
    static func decode(_ body: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) -> SubscribeAck {
        var acknowledgement = SubscribeAck(packetIdentifier: try body.readMQTTPacketIdentifier(), reasons: [])
        if version == .v5 { acknowledgement.properties = try Properties.decode(from: &body, in: .subscribeAck) }
        while body.readableBytes > 0 {
            let reason = ReasonCode(rawValue: try body.readMQTTByte())
            if version == .v5 {
                try reason.check(in: .subscribeAck)
            } else {
                // MQTT 3.1.1 reserves all other codes [MQTT-3.9.3-2].
                guard reason.rawValue <= 2 || reason == .unspecifiedError else {
                    throw .malformed("reserved return code in SUBACK")
                }
            }
            acknowledgement.reasons.append(reason)
        }
        guard !acknowledgement.reasons.isEmpty else { throw .protocolError("no reason code") }
        return acknowledgement
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// UNSUBACK (section 3.11).
public struct UnsubscribeAck: Equatable, Sendable {
    /// The identifier of the UNSUBSCRIBE.
    public var packetIdentifier: UInt16
    /// One reason per filter, in order. Not on the wire before MQTT 5.0: decoded, the list is empty there.
    public var reasons: [ReasonCode]
    /// The properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts an UNSUBACK together.
    public init(packetIdentifier: UInt16, reasons: [ReasonCode] = [], properties: Properties = []) {
        self.packetIdentifier = packetIdentifier
        self.reasons = reasons
        self.properties = properties
    }

    /// Writes the packet. When it throws, nothing has been written.
    /// - Throws: for packet identifier 0, no reasons in MQTT 5.0, and properties that are too long
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        try buffer.writeWhole { buffer throws(MQTTError) in
            guard version < .v5 || !reasons.isEmpty else { throw .protocolError("no reason code") }
            let length = version == .v5 ? 2 + properties.encodedLength + reasons.count : 2
            try buffer.writeMQTTFixedHeader(type: .unsubscribeAck, flags: 0, remainingLength: length)
            try buffer.writeCheckedMQTTPacketIdentifier(packetIdentifier)
            guard version == .v5 else { return }
            try properties.encode(into: &buffer)
            for reason in reasons { buffer.writeInteger(reason.rawValue) }
        }
    }

    /// Reads what follows the fixed header.
    static func decode(_ body: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) -> UnsubscribeAck {
        var acknowledgement = UnsubscribeAck(packetIdentifier: try body.readMQTTPacketIdentifier())
        guard version == .v5 else { return acknowledgement }
        acknowledgement.properties = try Properties.decode(from: &body, in: .unsubscribeAck)
        while body.readableBytes > 0 {
            let reason = ReasonCode(rawValue: try body.readMQTTByte())
            try reason.check(in: .unsubscribeAck)
            acknowledgement.reasons.append(reason)
        }
        guard !acknowledgement.reasons.isEmpty else { throw .protocolError("no reason code") }
        return acknowledgement
    }
}

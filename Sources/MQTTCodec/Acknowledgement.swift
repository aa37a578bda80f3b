//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// PUBACK, PUBREC, PUBREL or PUBCOMP: the four steps that answer a PUBLISH (sections 3.4 to 3.7).
public struct Acknowledgement: Equatable, Sendable {
    /// Which of the four.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// PUBACK, ends QoS 1.
        case publishAck = 4
        /// PUBREC, the receiver's first step of QoS 2.
        case publishReceived
        /// PUBREL, the sender's answer to PUBREC.
        case publishRelease
        /// PUBCOMP, ends QoS 2.
        case publishComplete

        /// The packet's first byte: type and flags.
        @inlinable
        public var firstByte: UInt8 {
            switch self {
            case .publishAck: 0x40
            case .publishReceived: 0x50
            case .publishRelease: 0x62
            case .publishComplete: 0x70
            }
        }

        /// The same as a type of packet.
        public var packetType: PacketType {
            switch self {
            case .publishAck: .publishAck
            case .publishReceived: .publishReceived
            case .publishRelease: .publishRelease
            case .publishComplete: .publishComplete
            }
        }

        /// Which reason codes it may carry.
        fileprivate var carrier: ReasonCode.Carrier {
            switch self {
            case .publishAck, .publishReceived: .publishAck
            case .publishRelease, .publishComplete: .publishRelease
            }
        }
    }

    /// Which of the four.
    public var kind: Kind
    /// The identifier of the PUBLISH, not 0.
    public var packetIdentifier: UInt16
    /// How it went; always success before MQTT 5.0.
    public var reason: ReasonCode
    /// The properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts an acknowledgement together.
    public init(kind: Kind, packetIdentifier: UInt16, reason: ReasonCode = .success, properties: Properties = []) {
        self.kind = kind
        self.packetIdentifier = packetIdentifier
        self.reason = reason
        self.properties = properties
    }

    /// Writes the packet in its shortest form: what may be left out is. When it throws, nothing has been written.
    /// - Throws: for packet identifier 0, and when a property is too long
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        guard packetIdentifier != 0 else { throw .protocolError("packet identifier 0") }
        guard version == .v5, !properties.isEmpty else {
            buffer.writeMQTTAcknowledgement(
                kind: kind,
                packetIdentifier: packetIdentifier,
                reason: reason,
                version: version
            )
            return
        }
        try buffer.writeWhole { buffer throws(MQTTError) in
            let type = kind.packetType
            let length = 3 + properties.encodedLength
            try buffer.writeMQTTFixedHeader(type: type, flags: type.reservedFlags, remainingLength: length)
            buffer.writeMultipleIntegers(packetIdentifier, reason.rawValue)
            try properties.encode(into: &buffer)
        }
    }

    /// Reads what follows the fixed header.
    static func decode(
        _ body: inout ByteBuffer,
        kind: Kind,
        version: ProtocolVersion
    ) throws(MQTTError) -> Acknowledgement {
        var acknowledgement = Acknowledgement(kind: kind, packetIdentifier: try body.readMQTTPacketIdentifier())
        // Sections 3.4.2.1 and 3.4.2.2.1: success and empty properties may be left out, from the end.
        if version == .v5, body.readableBytes > 0 {
            acknowledgement.reason = ReasonCode(rawValue: try body.readMQTTByte())
            try acknowledgement.reason.check(in: kind.carrier)
            if body.readableBytes > 0 {
                acknowledgement.properties = try Properties.decode(from: &body, in: .publishAck)
            }
        }
        return acknowledgement
    }
}

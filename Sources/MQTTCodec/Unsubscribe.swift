//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// UNSUBSCRIBE (section 3.10).
public struct Unsubscribe: Equatable, Sendable {
    /// The identifier that UNSUBACK repeats, not 0.
    public var packetIdentifier: UInt16
    /// The filters as they were subscribed, at least one.
    public var filters: [String]
    /// The properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts an UNSUBSCRIBE together.
    public init(packetIdentifier: UInt16, filters: [String], properties: Properties = []) {
        self.packetIdentifier = packetIdentifier
        self.filters = filters
        self.properties = properties
    }

    /// Writes the packet. When it throws, nothing has been written.
    /// - Throws: for packet identifier 0, no filters, and parts that are too long
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        try buffer.writeWhole { buffer throws(MQTTError) in
            guard !filters.isEmpty else { throw .protocolError("no topic filter") }
            var length = filters.reduce(2) { $0 + $1.mqttLength }
            if version == .v5 { length += properties.encodedLength }
            try buffer.writeMQTTFixedHeader(type: .unsubscribe, flags: 0b0010, remainingLength: length)
            try buffer.writeCheckedMQTTPacketIdentifier(packetIdentifier)
            if version == .v5 { try properties.encode(into: &buffer) }
            for filter in filters { try buffer.writeCheckedMQTTString(filter) }
        }
    }

    /// Reads what follows the fixed header. No filter at all is a protocol error [MQTT-3.10.3-2].
    static func decode(_ body: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) -> Unsubscribe {
        var unsubscribe = Unsubscribe(packetIdentifier: try body.readMQTTPacketIdentifier(), filters: [])
        if version == .v5 { unsubscribe.properties = try Properties.decode(from: &body, in: .unsubscribe) }
        while body.readableBytes > 0 { unsubscribe.filters.append(try body.readMQTTString()) }
        guard !unsubscribe.filters.isEmpty else { throw .protocolError("no topic filter") }
        return unsubscribe
    }
}

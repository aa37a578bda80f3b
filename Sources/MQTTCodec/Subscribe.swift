//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// SUBSCRIBE (section 3.8).
public struct Subscribe: Equatable, Sendable {
    /// One filter and what is wanted for it.
    public struct Filter: Equatable, Sendable {
        /// The filter as the client wrote it: valid UTF-8, the rest is for ``TopicFilter`` to judge.
        public var filter: String
        /// How messages are to be delivered.
        public var options: SubscriptionOptions

        /// A filter with its options.
        public init(filter: String, options: SubscriptionOptions) {
            self.filter = filter
            self.options = options
        }
    }

    /// The identifier that SUBACK repeats, not 0.
    public var packetIdentifier: UInt16
    /// The filters, at least one.
    public var filters: [Filter]
    /// The properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts a SUBSCRIBE together.
    public init(packetIdentifier: UInt16, filters: [Filter], properties: Properties = []) {
        self.packetIdentifier = packetIdentifier
        self.filters = filters
        self.properties = properties
    }

    /// Writes the packet. When it throws, nothing has been written.
    /// - Throws: for packet identifier 0, no filters, and parts that are too long
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        try buffer.writeWhole { buffer throws(MQTTError) in
            guard !filters.isEmpty else { throw .protocolError("no topic filter") }
            var length = filters.reduce(2) { $0 + $1.filter.mqttLength + 1 }
            if version == .v5 { length += properties.encodedLength }
            try buffer.writeMQTTFixedHeader(type: .subscribe, flags: 0b0010, remainingLength: length)
            try buffer.writeCheckedMQTTPacketIdentifier(packetIdentifier)
            if version == .v5 { try properties.encode(into: &buffer) }
            for filter in filters {
                try buffer.writeCheckedMQTTString(filter.filter)
                buffer.writeInteger(version == .v5 ? filter.options.byte : filter.options.qos.rawValue)
            }
        }
    }

    /// Reads what follows the fixed header. No filter at all is a protocol error [MQTT-3.8.3-2].
    static func decode(_ body: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) -> Subscribe {
        var subscribe = Subscribe(packetIdentifier: try body.readMQTTPacketIdentifier(), filters: [])
        if version == .v5 { subscribe.properties = try Properties.decode(from: &body, in: .subscribe) }
        while body.readableBytes > 0 {
            let filter = try body.readMQTTString()
            let options = try SubscriptionOptions.decode(try body.readMQTTByte(), version: version)
            subscribe.filters.append(Filter(filter: filter, options: options))
        }
        guard !subscribe.filters.isEmpty else { throw .protocolError("no topic filter") }
        return subscribe
    }
}

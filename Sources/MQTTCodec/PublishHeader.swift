//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Where the parts of a PUBLISH lie (section 3.3).
///
/// A plain value without references: a broker can forward a message from here without making strings or properties.
/// Offsets count from the packet's first byte, that of its fixed header. Everything the standard says about the bytes
/// of a PUBLISH has been checked; what depends on the connection has not: whether the alias is known, whether
/// a client may send a subscription identifier, limits.
public struct PublishHeader: Equatable, Sendable {
    /// The quality of service.
    public let qos: QoS
    /// The RETAIN flag.
    public let isRetained: Bool
    /// The DUP flag: this may be a repetition.
    public let isDuplicate: Bool
    /// Where the topic's bytes start.
    public let topicStart: Int
    /// Bytes of the topic; 0 only in MQTT 5.0, together with a topic alias.
    public let topicLength: Int
    /// The packet identifier, 0 for QoS 0.
    public let packetIdentifier: UInt16
    /// Where the two bytes of the packet identifier are, 0 for QoS 0.
    public let packetIdentifierOffset: Int
    /// Where the properties start, behind their length.
    public let propertiesStart: Int
    /// Bytes of the properties without their length, 0 before MQTT 5.0.
    public let propertiesLength: Int
    /// Where the payload starts.
    public let payloadStart: Int
    /// Bytes of the payload.
    public let payloadLength: Int
    /// Bytes of the whole packet.
    public let totalLength: Int
    /// The topic alias, 0 when there is none.
    public let topicAlias: UInt16
    /// Seconds until the message expires, nil when it does not.
    public let messageExpiryInterval: UInt32?
    /// 1 when the payload is said to be UTF-8, 0 or nil when nothing is said.
    public let payloadFormatIndicator: UInt8?
    /// True when there are subscription identifiers, which only servers may send [MQTT-3.3.4-6].
    public let hasSubscriptionIdentifier: Bool
    /// True when the property bytes contain neither a topic alias, nor a message expiry interval, nor a subscription
    /// identifier: a broker may forward them as they are.
    public let forwardsPropertiesVerbatim: Bool

    /// Reads the header of a PUBLISH.
    /// - Parameters:
    ///   - bytes: a span that starts at the packet's fixed header and holds the whole packet
    ///   - header: what ``FixedHeader/decode(_:at:)`` made of its beginning
    ///   - version: the version of the connection it came from
    ///   - validateTopic: false when these topic bytes are known to be valid
    /// - Throws: `malformedPacket` for QoS 3 [MQTT-3.3.1-4], DUP with QoS 0 [MQTT-3.3.1-2], fields that end after
    ///   the packet and bad UTF-8; `topicNameInvalid` for a wildcard in the topic [MQTT-3.3.2-2] (`malformedPacket`
    ///   before MQTT 5.0); `protocolError` for packet identifier 0 [MQTT-2.2.1-3] and for no topic without an alias;
    ///   and what ``Properties/decode(from:in:)`` throws.
    public init(
        parsing bytes: RawSpan,
        header: FixedHeader,
        version: ProtocolVersion,
        validateTopic: Bool = true
    ) throws(MQTTError) {
        guard header.type == .publish, header.headerLength >= 0, header.remainingLength >= 0,
            header.headerLength <= bytes.byteCount,
            header.remainingLength <= bytes.byteCount - header.headerLength
        else { throw .malformed("PUBLISH is not complete") }
        try self.init(
            bytes,
            from: header.headerLength,
            to: header.headerLength + header.remainingLength,
            flags: header.flags,
            version: version,
            validateTopic: validateTopic
        )
    }

    /// Reads what follows the fixed header, between two offsets (`0 <= start <= end <= bytes.byteCount`).
    // Inlined, because otherwise the whole value is copied once more.
    @inline(__always)
    init(
        _ bytes: RawSpan,
        from start: Int,
        to end: Int,
        flags: UInt8,
        version: ProtocolVersion,
        validateTopic: Bool
    ) throws(MQTTError) {
        guard let qos = QoS(rawValue: (flags >> 1) & 0b11) else { throw .malformed("QoS 3 in PUBLISH") }
        isDuplicate = flags & 0b1000 != 0
        isRetained = flags & 0b0001 != 0
        guard qos != .atMostOnce || !isDuplicate else { throw .malformed("DUP with QoS 0") }
        self.qos = qos
        totalLength = end

        var position = start
        topicLength = Int(try bytes.mqttUInt16(at: &position, before: end))
        topicStart = position
        guard topicLength <= end - position else { throw .malformed("topic ends after the packet") }
        position += topicLength
        if validateTopic {
            try TopicName.check(bytes.extracting(topicStart..<position), version: version)
        }

        if qos == .atMostOnce {
            packetIdentifier = 0
            packetIdentifierOffset = 0
        } else {
            packetIdentifierOffset = position
            packetIdentifier = try bytes.mqttUInt16(at: &position, before: end)
            guard packetIdentifier != 0 else { throw .protocolError("packet identifier 0") }
        }

        if version == .v5 {
            propertiesLength = try bytes.mqttVariableInteger(at: &position, before: end)
            guard propertiesLength <= end - position else { throw .malformed("properties end after the packet") }
        } else {
            propertiesLength = 0
        }
        propertiesStart = position
        position += propertiesLength
        payloadStart = position
        payloadLength = end - position

        if propertiesLength > 0 {
            let scan = try PropertyScan(bytes, from: propertiesStart, to: payloadStart, in: .publish)
            topicAlias = scan.topicAlias
            messageExpiryInterval = scan.messageExpiryInterval
            payloadFormatIndicator = scan.payloadFormatIndicator
            hasSubscriptionIdentifier = scan.contains(.subscriptionIdentifier)
            forwardsPropertiesVerbatim = scan.isForwardable
        } else {
            topicAlias = 0
            messageExpiryInterval = nil
            payloadFormatIndicator = nil
            hasSubscriptionIdentifier = false
            forwardsPropertiesVerbatim = true
        }
        guard topicLength > 0 || topicAlias != 0 else {
            throw version == .v5 ? .protocolError("no topic and no topic alias") : .malformed("topic is empty")
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// PUBLISH as a value, for clients and for messages a server makes itself (section 3.3). A server that forwards uses
/// ``PublishHeader``.
public struct Publish: Equatable, Sendable {
    /// The topic; empty only in MQTT 5.0, with a topic alias.
    public var topic: String
    /// The application's bytes; decoded, they share memory with the buffer they came in.
    public var payload: ByteBuffer
    /// The quality of service.
    public var qos: QoS
    /// The RETAIN flag.
    public var isRetained: Bool
    /// The DUP flag.
    public var isDuplicate: Bool
    /// The packet identifier, 0 for QoS 0 and never 0 otherwise.
    public var packetIdentifier: UInt16
    /// The properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts a PUBLISH together; nothing is checked before it is encoded.
    public init(
        topic: String,
        payload: ByteBuffer,
        qos: QoS = .atMostOnce,
        isRetained: Bool = false,
        isDuplicate: Bool = false,
        packetIdentifier: UInt16 = 0,
        properties: Properties = []
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.isRetained = isRetained
        self.isDuplicate = isDuplicate
        self.packetIdentifier = packetIdentifier
        self.properties = properties
    }

    /// Writes the packet. When it throws, nothing has been written.
    /// - Throws: when the topic is not valid, is empty without an alias, a part is too long, DUP stands with QoS 0, or
    ///   the packet identifier is 0 with QoS 1 or 2
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        try buffer.writeWhole { buffer throws(MQTTError) in try write(into: &buffer, version: version) }
    }

    /// Writes fixed header, variable header and payload.
    private func write(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        guard qos != .atMostOnce || !isDuplicate else { throw .malformed("DUP with QoS 0") }
        if topic.isEmpty {
            guard version == .v5, properties.topicAlias != nil else {
                throw .protocolError("no topic and no topic alias")
            }
        }
        try TopicName.check(topic.utf8Span.span.bytes, version: version)

        var length = topic.mqttLength + payload.readableBytes
        if qos != .atMostOnce { length += 2 }
        if version == .v5 { length += properties.encodedLength }
        var flags = qos.rawValue << 1
        if isRetained { flags |= 0b0001 }
        if isDuplicate { flags |= 0b1000 }
        try buffer.writeMQTTFixedHeader(type: .publish, flags: flags, remainingLength: length)
        try buffer.writeCheckedMQTTString(topic)
        if qos != .atMostOnce { try buffer.writeCheckedMQTTPacketIdentifier(packetIdentifier) }
        if version == .v5 { try properties.encode(into: &buffer) }
        buffer.writeImmutableBuffer(payload)
    }

    /// Reads what follows the fixed header.
    static func decode(
        _ body: inout ByteBuffer,
        flags: UInt8,
        version: ProtocolVersion
    ) throws(MQTTError) -> Publish {
        let header = try PublishHeader(
            body.readableBytesSpan,
            from: 0,
            to: body.readableBytes,
            flags: flags,
            version: version,
            validateTopic: true
        )
        let topic = try body.readMQTTString()
        if header.qos != .atMostOnce { _ = try body.readMQTTUInt16() }
        let properties = version == .v5 ? try Properties.decode(from: &body, in: .publish) : []
        guard let payload = body.readSlice(length: body.readableBytes) else {
            throw .malformed("PUBLISH is not complete")
        }
        return Publish(
            topic: topic,
            payload: payload,
            qos: header.qos,
            isRetained: header.isRetained,
            isDuplicate: header.isDuplicate,
            packetIdentifier: header.packetIdentifier,
            properties: properties
        )
    }
}

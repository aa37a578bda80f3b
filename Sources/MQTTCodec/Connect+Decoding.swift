//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// The bits of the connect flags (section 3.1.2.3).
private struct ConnectFlags {
    let byte: UInt8

    var isReservedSet: Bool { byte & 0x01 != 0 }
    var cleanStart: Bool { byte & 0x02 != 0 }
    var hasWill: Bool { byte & 0x04 != 0 }
    var willQoS: QoS? { QoS(rawValue: (byte >> 3) & 0b11) }
    var isWillRetained: Bool { byte & 0x20 != 0 }
    var hasPassword: Bool { byte & 0x40 != 0 }
    var hasUserName: Bool { byte & 0x80 != 0 }
    var hasWillDetails: Bool { byte & 0x38 != 0 }
}

extension Connect {
    /// Reads a CONNECT.
    ///
    /// Left to the server: whether the client identifier is acceptable, and whether a will's payload is the UTF-8 its
    /// format indicator promises.
    /// - Parameter body: exactly the bytes after the fixed header
    /// - Throws: `protocolError` for an unknown protocol name [MQTT-3.1.2-1]; `unsupportedProtocolVersion` for a known
    ///   name with another level [MQTT-3.1.2-2]; `malformedPacket` for the reserved flag [MQTT-3.1.2-3], will QoS 3
    ///   [MQTT-3.1.2-12], will flags without a will [MQTT-3.1.2-11] [MQTT-3.1.2-13], a password without a user name
    ///   before MQTT 5.0 [MQTT-3.1.2-22], bad UTF-8, and bytes that are missing or left over; `topicNameInvalid` for
    ///   a will topic that is empty or has wildcards (`malformedPacket` before MQTT 5.0); and what
    ///   ``Properties/decode(from:in:)`` throws.
    public static func decode(_ body: inout ByteBuffer) throws(ConnectError) -> Connect {
        let (version, isBridge) = try decodeVersion(&body)
        do {
            return try decode(&body, version: version, isBridge: isBridge)
        } catch {
            throw ConnectError(error: error, version: version == .v5 ? .v5 : nil)
        }
    }

    /// Reads protocol name and level, which only mean something together (sections 3.1.2.1 and 3.1.2.2).
    private static func decodeVersion(
        _ body: inout ByteBuffer
    ) throws(ConnectError) -> (version: ProtocolVersion, isBridge: Bool) {
        let name: String
        let level: UInt8
        do throws(MQTTError) {
            name = try body.readMQTTString()
            guard name == "MQTT" || name == "MQIsdp" else { throw .protocolError("unknown protocol name") }
            level = try body.readMQTTByte()
        } catch {
            throw ConnectError(error: error, version: nil)
        }
        guard let version = ProtocolVersion(rawValue: level & 0x7F), version.protocolName == name else {
            // The closest version of that name: a client from the future may be expected to know 5.0.
            let closest: ProtocolVersion =
                name == "MQIsdp" ? .v3_1 : level & 0x7F < ProtocolVersion.v5.rawValue ? .v3_1_1 : .v5
            throw ConnectError(
                error: MQTTError(reason: .unsupportedProtocolVersion, detail: "unknown protocol level for this name"),
                version: closest
            )
        }
        return (version, level & 0x80 != 0)
    }

    /// Reads what follows the protocol level.
    private static func decode(
        _ body: inout ByteBuffer,
        version: ProtocolVersion,
        isBridge: Bool
    ) throws(MQTTError) -> Connect {
        let flags = ConnectFlags(byte: try body.readMQTTByte())
        guard !flags.isReservedSet else { throw .malformed("reserved connect flag") }
        guard let willQoS = flags.willQoS else { throw .malformed("will QoS 3") }
        guard flags.hasWill || !flags.hasWillDetails else { throw .malformed("will QoS or will retain without a will") }
        guard version == .v5 || flags.hasUserName || !flags.hasPassword else {
            throw .malformed("password without a user name")
        }
        let keepAlive = try body.readMQTTUInt16()
        var connect = Connect(
            version: version,
            isBridge: isBridge,
            cleanStart: flags.cleanStart,
            keepAlive: keepAlive,
            clientIdentifier: ""
        )
        if version == .v5 { connect.properties = try Properties.decode(from: &body, in: .connect) }
        connect.clientIdentifier = try body.readMQTTString()
        if flags.hasWill {
            connect.will = try decodeWill(&body, qos: willQoS, isRetained: flags.isWillRetained, version: version)
        }
        // MQTT 3.1, section 3.1: "the Remaining Length field takes precedence over the User Name flag", because
        // clients of the first version 3 set the flag and sent no string.
        let endsEarly = version == .v3_1 && body.readableBytes == 0
        if flags.hasUserName, !endsEarly { connect.userName = try body.readMQTTString() }
        let endsBeforePassword = version == .v3_1 && body.readableBytes == 0
        if flags.hasPassword, !endsBeforePassword { connect.password = try body.readMQTTBinary() }
        guard body.readableBytes == 0 else { throw .malformed("bytes left over after the packet's fields") }
        return connect
    }

    /// Reads the will's part of the payload (sections 3.1.3.2 to 3.1.3.4).
    private static func decodeWill(
        _ body: inout ByteBuffer,
        qos: QoS,
        isRetained: Bool,
        version: ProtocolVersion
    ) throws(MQTTError) -> Will {
        let properties = version == .v5 ? try Properties.decode(from: &body, in: .will) : []
        let topic = try body.readMQTTString()
        try checkWillTopic(topic, version: version)
        let payload = try body.readMQTTBinary()
        return Will(topic: topic, payload: payload, qos: qos, isRetained: isRetained, properties: properties)
    }

    /// A will is published, so its topic must be one that can be published to.
    static func checkWillTopic(_ topic: String, version: ProtocolVersion) throws(MQTTError) {
        guard !topic.isEmpty else {
            throw MQTTError(
                reason: version == .v5 ? .topicNameInvalid : .malformedPacket,
                detail: "will topic is empty"
            )
        }
        try TopicName.check(topic.utf8Span.span.bytes, version: version)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

extension Connect {
    /// Writes the packet. When it throws, nothing has been written.
    /// - Parameters:
    ///   - buffer: receives the packet
    ///   - version: not used: a CONNECT says itself which version it asks for. It is here so that all packets are
    ///     encoded alike.
    /// - Throws: when a part is too long or not allowed in this version
    public func encode(into buffer: inout ByteBuffer, version _: ProtocolVersion) throws(MQTTError) {
        try buffer.writeWhole { buffer throws(MQTTError) in try write(into: &buffer) }
    }

    /// Writes fixed header, variable header and payload.
    private func write(into buffer: inout ByteBuffer) throws(MQTTError) {
        guard version == .v5 || password == nil || userName != nil else {
            throw .malformed("password without a user name")
        }
        try buffer.writeMQTTFixedHeader(type: .connect, flags: 0, remainingLength: remainingLength)
        buffer.writeMQTTString(version.protocolName)
        buffer.writeInteger(isBridge ? version.rawValue | 0x80 : version.rawValue)
        buffer.writeInteger(flags)
        buffer.writeInteger(keepAlive)
        if version == .v5 { try properties.encode(into: &buffer) }
        try buffer.writeCheckedMQTTString(clientIdentifier)
        if let will {
            if version == .v5 { try will.properties.encode(into: &buffer) }
            try Self.checkWillTopic(will.topic, version: version)
            try buffer.writeCheckedMQTTString(will.topic)
            try buffer.writeCheckedMQTTBinary(will.payload)
        }
        if let userName { try buffer.writeCheckedMQTTString(userName) }
        if let password { try buffer.writeCheckedMQTTBinary(password) }
    }

    /// The connect flags (section 3.1.2.3).
    private var flags: UInt8 {
        var flags: UInt8 = cleanStart ? 0x02 : 0
        if let will {
            flags |= 0x04 | will.qos.rawValue << 3
            if will.isRetained { flags |= 0x20 }
        }
        if password != nil { flags |= 0x40 }
        if userName != nil { flags |= 0x80 }
        return flags
    }

    /// Bytes after the fixed header.
    private var remainingLength: Int {
        // Protocol name, then level, flags and keep alive.
        var length = version.protocolName.mqttLength + 4 + clientIdentifier.mqttLength
        if version == .v5 { length += properties.encodedLength }
        if let will {
            length += will.topic.mqttLength + 2 + will.payload.readableBytes
            if version == .v5 { length += will.properties.encodedLength }
        }
        if let userName { length += userName.mqttLength }
        if let password { length += 2 + password.readableBytes }
        return length
    }
}

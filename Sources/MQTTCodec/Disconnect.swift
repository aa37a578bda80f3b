//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// DISCONNECT (section 3.14).
public struct Disconnect: Equatable, Sendable {
    /// Why; always normal before MQTT 5.0.
    public var reason: ReasonCode
    /// The properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts a DISCONNECT together.
    public init(reason: ReasonCode = .normalDisconnection, properties: Properties = []) {
        self.reason = reason
        self.properties = properties
    }

    /// Writes the packet in its shortest form. When it throws, nothing has been written.
    ///
    /// Before MQTT 5.0 only clients send it, and it says nothing: reason and properties are left out.
    /// - Throws: when a property is too long
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        guard version == .v5 else {
            buffer.writeMultipleIntegers(0xE0 as UInt8, 0 as UInt8)
            return
        }
        try buffer.writeReasonAndProperties(type: .disconnect, reason: reason, properties: properties)
    }

    /// Reads what follows the fixed header. Before MQTT 5.0 that is nothing.
    static func decode(_ body: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) -> Disconnect {
        guard version == .v5 else { return Disconnect() }
        let (reason, properties) = try body.readReasonAndProperties(in: .disconnect)
        try reason.check(in: .disconnect)
        return Disconnect(reason: reason, properties: properties)
    }
}

// DISCONNECT and AUTH have the same form: a reason and properties, either of which may be left out from the end.
extension ByteBuffer {
    /// Writes the packet without what may be left out (sections 3.14.2 and 3.15.2).
    mutating func writeReasonAndProperties(
        type: PacketType,
        reason: ReasonCode,
        properties: Properties
    ) throws(MQTTError) {
        try writeWhole { buffer throws(MQTTError) in
            let length = !properties.isEmpty ? 1 + properties.encodedLength : reason == .success ? 0 : 1
            try buffer.writeMQTTFixedHeader(type: type, flags: 0, remainingLength: length)
            if length > 0 { buffer.writeInteger(reason.rawValue) }
            if length > 1 { try properties.encode(into: &buffer) }
        }
    }

    /// Reads a reason and properties, either of which may be missing.
    mutating func readReasonAndProperties(
        in context: PropertyContext
    ) throws(MQTTError) -> (ReasonCode, Properties) {
        guard readableBytes > 0 else { return (.success, []) }
        let reason = ReasonCode(rawValue: try readMQTTByte())
        guard readableBytes > 0 else { return (reason, []) }
        return (reason, try Properties.decode(from: &self, in: context))
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// AUTH: one step of extended authentication, MQTT 5.0 only (section 3.15).
public struct Auth: Equatable, Sendable {
    /// Success, continue or re-authenticate.
    public var reason: ReasonCode
    /// The properties. That a method is among them is for the holder of the exchange to check.
    public var properties: Properties

    /// Puts an AUTH together.
    public init(reason: ReasonCode = .success, properties: Properties = []) {
        self.reason = reason
        self.properties = properties
    }

    /// Writes the packet in its shortest form. When it throws, nothing has been written.
    /// - Throws: before MQTT 5.0, and when a property is too long
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        guard version == .v5 else { throw .protocolError("AUTH before MQTT 5.0") }
        try buffer.writeReasonAndProperties(type: .auth, reason: reason, properties: properties)
    }

    /// Reads what follows the fixed header.
    static func decode(_ body: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) -> Auth {
        guard version == .v5 else { throw .malformed("AUTH before MQTT 5.0") }
        let (reason, properties) = try body.readReasonAndProperties(in: .auth)
        try reason.check(in: .auth)
        return Auth(reason: reason, properties: properties)
    }
}

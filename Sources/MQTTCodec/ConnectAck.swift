//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// CONNACK: the server's answer to CONNECT (section 3.2).
public struct ConnectAck: Equatable, Sendable {
    /// Whether the server goes on with an older session. Sent as false with an error [MQTT-3.2.2-6].
    public var sessionPresent: Bool
    /// Success, or why the connection is refused.
    public var reason: ReasonCode
    /// The properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts a CONNACK together.
    public init(sessionPresent: Bool = false, reason: ReasonCode = .success, properties: Properties = []) {
        self.sessionPresent = sessionPresent
        self.reason = reason
        self.properties = properties
    }

    /// The reason as a return code of MQTT 3.1 and 3.1.1 (3.1.1, table 3.1): 0 accepted, 1 unacceptable protocol
    /// version, 2 identifier rejected, 3 server unavailable, 4 bad user name or password, 5 not authorized.
    public var returnCode3: UInt8 {
        switch reason {
        case .unsupportedProtocolVersion: 1
        case .clientIdentifierNotValid: 2
        case .serverUnavailable, .serverBusy, .serverShuttingDown, .quotaExceeded, .connectionRateExceeded: 3
        case .badUserNameOrPassword: 4
        default: reason.isError ? 5 : 0
        }
    }

    /// The reason for a return code of MQTT 3.1 and 3.1.1, nil for codes that are reserved.
    static func reason(returnCode3: UInt8) -> ReasonCode? {
        switch returnCode3 {
        case 0: .success
        case 1: .unsupportedProtocolVersion
        case 2: .clientIdentifierNotValid
        case 3: .serverUnavailable
        case 4: .badUserNameOrPassword
        case 5: .notAuthorized
        default: nil
        }
    }

    /// Writes the packet. When it throws, nothing has been written.
    /// - Throws: when a property is too long or out of its range
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        try buffer.writeWhole { buffer throws(MQTTError) in
            let length = version == .v5 ? 2 + properties.encodedLength : 2
            try buffer.writeMQTTFixedHeader(type: .connectAck, flags: 0, remainingLength: length)
            // MQTT 3.1 has no session present flag: its byte is reserved.
            let flag: UInt8 = sessionPresent && reason == .success && version > .v3_1 ? 1 : 0
            buffer.writeMultipleIntegers(flag, version == .v5 ? reason.rawValue : returnCode3)
            if version == .v5 { try properties.encode(into: &buffer) }
        }
    }

    /// Reads what follows the fixed header.
    static func decode(_ body: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) -> ConnectAck {
        let flags = try body.readMQTTByte()
        let code = try body.readMQTTByte()
        var acknowledgement = ConnectAck()
        switch version {
        case .v5:
            acknowledgement.reason = ReasonCode(rawValue: code)
            try acknowledgement.reason.check(in: .connectAck)
            acknowledgement.properties = try Properties.decode(from: &body, in: .connectAck)
        case .v3_1_1, .v3_1:
            guard let reason = reason(returnCode3: code) else { throw .malformed("reserved connect return code") }
            acknowledgement.reason = reason
        }
        guard version > .v3_1 else { return acknowledgement }
        guard flags <= 1 else { throw .malformed("reserved connect acknowledge flags") }
        guard flags == 0 || acknowledgement.reason == .success else {
            throw .protocolError("session present with an error")
        }
        acknowledgement.sessionPresent = flags == 1
        return acknowledgement
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

extension ByteBuffer {
    /// The largest value of a variable byte integer, and so of a remaining length: 268 435 455 (section 1.5.5).
    @inlinable
    public static var mqttVariableIntegerMaximum: Int { 268_435_455 }

    /// Bytes that a value needs as a variable byte integer.
    /// - Returns: 1 to 4, or 0 for a value that cannot be written: negative or above 268 435 455
    @inlinable
    public static func mqttVariableIntegerLength(_ value: Int) -> Int {
        switch value {
        case 0..<0x80: 1
        case 0x80..<0x4000: 2
        case 0x4000..<0x20_0000: 3
        case 0x20_0000...mqttVariableIntegerMaximum: 4
        default: 0
        }
    }

    /// Writes a variable byte integer in its shortest form [MQTT-1.5.5-1].
    /// - Returns: the bytes written; 0, and nothing is written, for a value that cannot be: negative or above
    ///   268 435 455
    @inlinable
    @discardableResult
    public mutating func writeMQTTVariableInteger(_ value: Int) -> Int {
        switch Self.mqttVariableIntegerLength(value) {
        case 1:
            return writeInteger(UInt8(truncatingIfNeeded: value))
        case 2:
            let first = UInt16(truncatingIfNeeded: value & 0x7F | 0x80)
            let second = UInt16(truncatingIfNeeded: value >> 7)
            return writeInteger(first << 8 | second)
        case 3:
            let first = UInt8(truncatingIfNeeded: value & 0x7F | 0x80)
            let second = UInt16(truncatingIfNeeded: value >> 7 & 0x7F | 0x80)
            let third = UInt16(truncatingIfNeeded: value >> 14)
            return writeMultipleIntegers(first, second << 8 | third)
        case 4:
            let first = UInt32(truncatingIfNeeded: value & 0x7F | 0x80)
            let second = UInt32(truncatingIfNeeded: value >> 7 & 0x7F | 0x80)
            let third = UInt32(truncatingIfNeeded: value >> 14 & 0x7F | 0x80)
            let fourth = UInt32(truncatingIfNeeded: value >> 21)
            return writeInteger(first << 24 | second << 16 | third << 8 | fourth)
        default:
            return 0
        }
    }

    /// Writes a string with its two bytes of length (section 1.5.4).
    /// - Returns: the bytes written, at least 2; 0, and nothing is written, for a string of more than 65 535 bytes
    @inlinable
    @discardableResult
    public mutating func writeMQTTString(_ string: String) -> Int {
        guard let length = UInt16(exactly: string.utf8.count) else { return 0 }
        return writeInteger(length) &+ writeString(string)
    }

    /// Writes PUBACK, PUBREC, PUBREL or PUBCOMP in its shortest form, without properties.
    /// - Parameters:
    ///   - kind: which of the four
    ///   - packetIdentifier: the identifier of the PUBLISH it answers
    ///   - reason: left out when it is success, and always before MQTT 5.0
    ///   - version: the version of the receiver
    /// - Returns: the bytes written, 4 or 5
    @inlinable
    @discardableResult
    public mutating func writeMQTTAcknowledgement(
        kind: Acknowledgement.Kind,
        packetIdentifier: UInt16,
        reason: ReasonCode = .success,
        version: ProtocolVersion
    ) -> Int {
        let first = UInt32(kind.firstByte) << 24
        if version < .v5 || reason == .success {
            return writeInteger(first | 2 << 16 | UInt32(packetIdentifier))
        }
        return writeMultipleIntegers(first | 3 << 16 | UInt32(packetIdentifier), reason.rawValue)
    }

    /// Writes a fixed header.
    /// - Throws: `packetTooLarge` when the remaining length is above 268 435 455
    @inlinable
    public mutating func writeMQTTFixedHeader(
        type: PacketType,
        flags: UInt8,
        remainingLength: Int
    ) throws(MQTTError) {
        guard Self.mqttVariableIntegerLength(remainingLength) != 0 else {
            throw MQTTError(reason: .packetTooLarge, detail: "packet is longer than MQTT can express")
        }
        writeInteger(type.rawValue << 4 | flags)
        writeMQTTVariableInteger(remainingLength)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

// Fields for the packets' own decoders and encoders. Reading throws `malformedPacket` where the bytes end too early.
extension ByteBuffer {
    /// One byte.
    mutating func readMQTTByte() throws(MQTTError) -> UInt8 {
        guard let value = readInteger(as: UInt8.self) else { throw .malformed("packet ends inside a byte field") }
        return value
    }

    /// Two bytes.
    mutating func readMQTTUInt16() throws(MQTTError) -> UInt16 {
        guard let value = readInteger(as: UInt16.self) else {
            throw .malformed("packet ends inside a two byte integer")
        }
        return value
    }

    /// Four bytes.
    mutating func readMQTTUInt32() throws(MQTTError) -> UInt32 {
        guard let value = readInteger(as: UInt32.self) else {
            throw .malformed("packet ends inside a four byte integer")
        }
        return value
    }

    /// A packet identifier, which is never 0 [MQTT-2.2.1-3].
    mutating func readMQTTPacketIdentifier() throws(MQTTError) -> UInt16 {
        let value = try readMQTTUInt16()
        guard value != 0 else { throw .protocolError("packet identifier 0") }
        return value
    }

    /// A variable byte integer.
    mutating func readMQTTVariableInteger() throws(MQTTError) -> Int {
        var position = 0
        let value = try readableBytesSpan.mqttVariableInteger(at: &position, before: readableBytes)
        moveReaderIndex(forwardBy: position)
        return value
    }

    /// A string of valid UTF-8 without U+0000.
    mutating func readMQTTString() throws(MQTTError) -> String {
        var position = 0
        _ = try readableBytesSpan.mqttString(at: &position, before: readableBytes)
        // The two bytes of length are part of what has just been stepped over.
        moveReaderIndex(forwardBy: 2)
        guard let string = readString(length: position - 2) else { throw .malformed("string ends after the packet") }
        return string
    }

    /// Binary data (section 1.5.6), copied: what is kept long must not keep the network's buffer alive.
    mutating func readMQTTBinary() throws(MQTTError) -> ByteBuffer {
        let length = Int(try readMQTTUInt16())
        guard let slice = readSlice(length: length) else { throw .malformed("binary data ends after the packet") }
        return ByteBuffer(bytes: slice.readableBytesView)
    }

    /// Writes a string, or fails when it is too long.
    mutating func writeCheckedMQTTString(_ string: String) throws(MQTTError) {
        guard UTF8Rules.isValidMQTTString(string) else { throw .malformed("string contains U+0000") }
        guard writeMQTTString(string) > 0 else {
            throw MQTTError(reason: .packetTooLarge, detail: "string is longer than 65535 bytes")
        }
    }

    /// Writes binary data, or fails when it is too long.
    mutating func writeCheckedMQTTBinary(_ data: ByteBuffer) throws(MQTTError) {
        guard let length = UInt16(exactly: data.readableBytes) else {
            throw MQTTError(reason: .packetTooLarge, detail: "binary data is longer than 65535 bytes")
        }
        writeInteger(length)
        writeImmutableBuffer(data)
    }

    /// Writes a packet identifier, or fails when it is 0.
    mutating func writeCheckedMQTTPacketIdentifier(_ identifier: UInt16) throws(MQTTError) {
        guard identifier != 0 else { throw .protocolError("packet identifier 0") }
        writeInteger(identifier)
    }

    /// Writes all of it or, when it throws, nothing.
    mutating func writeWhole(_ write: (inout ByteBuffer) throws(MQTTError) -> Void) throws(MQTTError) {
        let start = writerIndex
        do {
            try write(&self)
        } catch {
            moveWriterIndex(to: start)
            throw error
        }
    }
}

extension String {
    /// Bytes of this string as a field, with its length.
    var mqttLength: Int { 2 + utf8.count }
}

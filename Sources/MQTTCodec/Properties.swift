//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// The properties of a packet in the order of the wire (MQTT 5.0, section 2.2.2). Empty before MQTT 5.0.
public struct Properties: Equatable, Sendable {
    /// The list; `Properties+Access.swift` reads and changes it by name.
    var list: [Property]

    /// No properties.
    public init() { list = [] }

    /// The given properties in their order.
    public init(_ properties: some Sequence<Property>) { list = Array(properties) }

    /// Adds a property at the end; nothing is replaced.
    public mutating func append(_ property: Property) { list.append(property) }

    /// Bytes that ``encode(into:)`` writes: the properties and their length in front.
    public var encodedLength: Int {
        let length = encodedLengthWithoutPrefix
        return ByteBuffer.mqttVariableIntegerLength(length) + length
    }

    /// Bytes that ``encodeWithoutLength(into:)`` writes: the properties alone.
    public var encodedLengthWithoutPrefix: Int { list.reduce(0) { $0 + $1.encodedLength } }

    /// Writes the length of the properties, then the properties. When it throws, nothing has been written.
    /// - Throws: when a value is out of its range or longer than 65 535 bytes
    public func encode(into buffer: inout ByteBuffer) throws(MQTTError) {
        try buffer.writeWhole { buffer throws(MQTTError) in
            guard buffer.writeMQTTVariableInteger(encodedLengthWithoutPrefix) > 0 else {
                throw MQTTError(reason: .packetTooLarge, detail: "properties are longer than MQTT can express")
            }
            try encodeWithoutLength(into: &buffer)
        }
    }

    /// Writes the properties without their length. When it throws, nothing has been written.
    /// - Throws: when a value is out of its range or longer than 65 535 bytes
    public func encodeWithoutLength(into buffer: inout ByteBuffer) throws(MQTTError) {
        try buffer.writeWhole { buffer throws(MQTTError) in
            for property in list { try property.encode(into: &buffer) }
        }
    }

    /// Reads the length of the properties and the properties.
    /// - Parameters:
    ///   - buffer: starts at the length; is left behind the properties
    ///   - context: the packet they belong to
    /// - Throws: `malformedPacket` for a property that this packet may not have, a value that does not fit, or
    ///   bad UTF-8; `protocolError` for a property given twice, a value out of its range, or authentication data
    ///   without a method; `topicAliasInvalid` for topic alias 0.
    public static func decode(
        from buffer: inout ByteBuffer,
        in context: PropertyContext
    ) throws(MQTTError) -> Properties {
        let length = try buffer.readMQTTVariableInteger()
        guard var block = buffer.readSlice(length: length) else { throw .malformed("properties end after the packet") }
        _ = try PropertyScan(block.readableBytesSpan, from: 0, to: length, in: context)
        var properties = Properties()
        while block.readableBytes > 0 { properties.append(try Property(from: &block)) }
        return properties
    }
}

extension Properties: RandomAccessCollection, ExpressibleByArrayLiteral {
    /// The given properties in their order.
    public init(arrayLiteral elements: Property...) { list = elements }

    /// Always 0.
    public var startIndex: Int { list.startIndex }

    /// The number of properties.
    public var endIndex: Int { list.endIndex }

    /// The property at a position; trapping, like an array, when there is none.
    public subscript(position: Int) -> Property { list[position] }
}

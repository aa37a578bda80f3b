//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// Any packet, in either direction: whether the peer may send it is for the connection to decide.
public enum Packet: Equatable, Sendable {
    /// CONNECT.
    case connect(Connect)
    /// CONNACK.
    case connectAck(ConnectAck)
    /// PUBLISH.
    case publish(Publish)
    /// PUBACK, PUBREC, PUBREL and PUBCOMP.
    case acknowledgement(Acknowledgement)
    /// SUBSCRIBE.
    case subscribe(Subscribe)
    /// SUBACK.
    case subscribeAck(SubscribeAck)
    /// UNSUBSCRIBE.
    case unsubscribe(Unsubscribe)
    /// UNSUBACK.
    case unsubscribeAck(UnsubscribeAck)
    /// PINGREQ.
    case pingRequest
    /// PINGRESP.
    case pingResponse
    /// DISCONNECT.
    case disconnect(Disconnect)
    /// AUTH.
    case auth(Auth)

    /// Reads a packet.
    /// - Parameters:
    ///   - header: what ``FixedHeader/decode(_:at:)`` made of its beginning
    ///   - body: exactly the `remainingLength` bytes after it
    ///   - version: the connection's version; a CONNECT says its own
    /// - Throws: `malformedPacket` or `protocolError` and, where the standard has a code of its own, that. For CONNECT,
    ///   ``Connect/decode(_:)`` also tells how to answer.
    public static func decode(
        _ header: FixedHeader,
        body: ByteBuffer,
        version: ProtocolVersion
    ) throws(MQTTError) -> Packet {
        guard body.readableBytes == header.remainingLength else { throw .malformed("packet is not complete") }
        var body = body
        let packet = try decodeFields(header, &body, version)
        guard body.readableBytes == 0 else { throw .malformed("bytes left over after the packet's fields") }
        return packet
    }

    /// Reads the fields of a packet, not caring what is left.
    private static func decodeFields(
        _ header: FixedHeader,
        _ body: inout ByteBuffer,
        _ version: ProtocolVersion
    ) throws(MQTTError) -> Packet {
        switch header.type {
        case .connect: .connect(try decodeConnect(&body))
        case .connectAck: .connectAck(try ConnectAck.decode(&body, version: version))
        case .publish: .publish(try Publish.decode(&body, flags: header.flags, version: version))
        case .publishAck: try acknowledgement(.publishAck, &body, version)
        case .publishReceived: try acknowledgement(.publishReceived, &body, version)
        case .publishRelease: try acknowledgement(.publishRelease, &body, version)
        case .publishComplete: try acknowledgement(.publishComplete, &body, version)
        case .subscribe: .subscribe(try Subscribe.decode(&body, version: version))
        case .subscribeAck: .subscribeAck(try SubscribeAck.decode(&body, version: version))
        case .unsubscribe: .unsubscribe(try Unsubscribe.decode(&body, version: version))
        case .unsubscribeAck: .unsubscribeAck(try UnsubscribeAck.decode(&body, version: version))
        case .pingRequest: .pingRequest
        case .pingResponse: .pingResponse
        case .disconnect: .disconnect(try Disconnect.decode(&body, version: version))
        case .auth: .auth(try Auth.decode(&body, version: version))
        }
    }

    /// One of the four acknowledgements.
    private static func acknowledgement(
        _ kind: Acknowledgement.Kind,
        _ body: inout ByteBuffer,
        _ version: ProtocolVersion
    ) throws(MQTTError) -> Packet {
        .acknowledgement(try Acknowledgement.decode(&body, kind: kind, version: version))
    }

    /// CONNECT, without the advice on how to answer.
    private static func decodeConnect(_ body: inout ByteBuffer) throws(MQTTError) -> Connect {
        do {
            return try Connect.decode(&body)
        } catch {
            throw error.error
        }
    }

    /// Writes the packet. When it throws, nothing has been written.
    /// - Parameters:
    ///   - buffer: receives the packet
    ///   - version: the connection's version; a CONNECT uses its own. What the version does not know, like properties
    ///     before MQTT 5.0, is left out.
    /// - Throws: when a value cannot be expressed: a string longer than 65 535 bytes, packet identifier 0, an AUTH
    ///   before MQTT 5.0
    public func encode(into buffer: inout ByteBuffer, version: ProtocolVersion) throws(MQTTError) {
        switch self {
        case .connect(let packet): try packet.encode(into: &buffer, version: version)
        case .connectAck(let packet): try packet.encode(into: &buffer, version: version)
        case .publish(let packet): try packet.encode(into: &buffer, version: version)
        case .acknowledgement(let packet): try packet.encode(into: &buffer, version: version)
        case .subscribe(let packet): try packet.encode(into: &buffer, version: version)
        case .subscribeAck(let packet): try packet.encode(into: &buffer, version: version)
        case .unsubscribe(let packet): try packet.encode(into: &buffer, version: version)
        case .unsubscribeAck(let packet): try packet.encode(into: &buffer, version: version)
        case .pingRequest: buffer.writeMultipleIntegers(0xC0 as UInt8, 0 as UInt8)
        case .pingResponse: buffer.writeMultipleIntegers(0xD0 as UInt8, 0 as UInt8)
        case .disconnect(let packet): try packet.encode(into: &buffer, version: version)
        case .auth(let packet): try packet.encode(into: &buffer, version: version)
        }
    }

    /// The type in the packet's first byte.
    public var type: PacketType {
        switch self {
        case .connect: .connect
        case .connectAck: .connectAck
        case .publish: .publish
        case .acknowledgement(let packet): packet.kind.packetType
        case .subscribe: .subscribe
        case .subscribeAck: .subscribeAck
        case .unsubscribe: .unsubscribe
        case .unsubscribeAck: .unsubscribeAck
        case .pingRequest: .pingRequest
        case .pingResponse: .pingResponse
        case .disconnect: .disconnect
        case .auth: .auth
        }
    }
}

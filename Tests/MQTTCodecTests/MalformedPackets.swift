//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

/// Bytes that are not a packet, and the reason code the standard gives for it.
struct MalformedPacket: Sendable, CustomTestStringConvertible {
    let name: String
    let version: ProtocolVersion
    let bytes: ByteBuffer
    let reason: ReasonCode

    init(_ name: String, _ version: ProtocolVersion, _ hex: String, _ reason: ReasonCode = .malformedPacket) {
        self.name = name
        self.version = version
        self.bytes = MQTTCodecTests.bytes(hex)
        self.reason = reason
    }

    var testDescription: String { "\(version) \(name)" }

    static let all = headers + messages + strings + subscriptions + answers
}

extension MalformedPacket {
    /// Wrong from the first bytes on.
    static let headers: [MalformedPacket] =
        [
            MalformedPacket("type 0", .v5, "00 00"),
            MalformedPacket("type 0 with flags", .v3_1_1, "0F 00"),
            MalformedPacket("five bytes of length", .v5, "30 FF FF FF FF 01"),
            MalformedPacket("four bytes of length that go on", .v5, "30 80 80 80 80"),
            MalformedPacket("two bytes for length 0", .v5, "C0 80 00"),
            MalformedPacket("four bytes for length 1", .v5, "E0 81 80 80 00 00"),
            MalformedPacket("AUTH before 5.0", .v3_1_1, "F0 00"),
            MalformedPacket("AUTH before 5.0", .v3_1, "F0 00"),
            MalformedPacket("PINGREQ with a body", .v3_1_1, "C0 01 00"),
            MalformedPacket("PINGRESP with a body", .v5, "D0 01 00"),
            MalformedPacket("DISCONNECT with a body", .v3_1_1, "E0 01 00"),
        ]
        + [0x11, 0x28, 0x41, 0x5F, 0x60, 0x63, 0x6A, 0x71, 0x80, 0x8A, 0x92, 0xA0, 0xA3, 0xB1, 0xC8, 0xD1, 0xE2, 0xF1]
        .map { MalformedPacket("flags \(String($0, radix: 16))", .v5, "\(String($0, radix: 16)) 00") }

    /// PUBLISH.
    static let messages: [MalformedPacket] = [
        MalformedPacket("QoS 3", .v5, "36 06 00 01 't' 00 01 00"),
        MalformedPacket("QoS 3", .v3_1_1, "36 05 00 01 't' 00 01"),
        MalformedPacket("DUP with QoS 0", .v3_1_1, "38 03 00 01 't'"),
        MalformedPacket("no body", .v5, "30 00"),
        MalformedPacket("half a topic length", .v5, "30 01 00"),
        MalformedPacket("topic longer than the packet", .v5, "30 03 00 02 't'"),
        MalformedPacket("topic of 65535 bytes in 2", .v3_1_1, "30 04 FF FF 'ab'"),
        MalformedPacket("+ in the topic", .v5, "30 04 00 01 '+' 00", .topicNameInvalid),
        MalformedPacket("# in a long topic", .v5, "30 0C 00 09 'abcdefg/#' 00", .topicNameInvalid),
        MalformedPacket("# in the topic", .v3_1_1, "30 05 00 03 'a/#'"),
        MalformedPacket("empty topic", .v3_1_1, "30 02 00 00"),
        MalformedPacket("empty topic", .v3_1, "30 02 00 00"),
        MalformedPacket("empty topic without alias", .v5, "30 03 00 00 00", .protocolError),
        MalformedPacket("no packet identifier", .v3_1_1, "32 03 00 01 't'"),
        MalformedPacket("half a packet identifier", .v3_1_1, "32 04 00 01 't' 00"),
        MalformedPacket("packet identifier 0", .v3_1_1, "32 05 00 01 't' 00 00", .protocolError),
        MalformedPacket("packet identifier 0", .v5, "34 06 00 01 't' 00 00 00", .protocolError),
        MalformedPacket("no properties' length", .v5, "30 03 00 01 't'"),
        MalformedPacket("properties longer than the packet", .v5, "30 05 00 01 't' 02 01"),
        MalformedPacket("properties' length in five bytes", .v5, "30 08 00 01 't' 80 80 80 80 00"),
        MalformedPacket("properties' length not shortest", .v5, "30 05 00 01 't' 80 00"),
        MalformedPacket("properties' length that does not end", .v5, "30 04 00 01 't' 80"),
        MalformedPacket("unknown property", .v5, "30 06 00 01 't' 02 7F 00"),
        MalformedPacket("property 0", .v5, "30 06 00 01 't' 02 00 00"),
        MalformedPacket("property identifier of two bytes", .v5, "30 07 00 01 't' 03 81 00 01"),
        MalformedPacket("a property of CONNECT", .v5, "30 07 00 01 't' 03 21 00 01"),
        MalformedPacket("identifier without value", .v5, "30 05 00 01 't' 01 01"),
        MalformedPacket("half an expiry", .v5, "30 07 00 01 't' 03 02 00 00"),
        MalformedPacket("half an alias, more behind", .v5, "30 07 00 01 't' 02 23 00 01"),
        MalformedPacket("alias 0", .v5, "30 07 00 01 't' 03 23 00 00", .topicAliasInvalid),
        MalformedPacket("alias twice", .v5, "30 0A 00 01 't' 06 23 00 01 23 00 01", .protocolError),
        MalformedPacket("expiry twice", .v5, "30 0E 00 01 't' 0A 02 00 00 00 01 02 00 00 00 01", .protocolError),
        MalformedPacket("content type twice", .v5, "30 0A 00 01 't' 06 03 00 00 03 00 00", .protocolError),
        MalformedPacket("payload format 2", .v5, "30 06 00 01 't' 02 01 02", .protocolError),
        MalformedPacket("subscription identifier 0", .v5, "30 06 00 01 't' 02 0B 00", .protocolError),
        MalformedPacket("subscription identifier of 5 bytes", .v5, "30 0A 00 01 't' 06 0B FF FF FF FF 01"),
        MalformedPacket("response topic with +", .v5, "30 08 00 01 't' 04 08 00 01 '+'", .protocolError),
        MalformedPacket("response topic with #", .v5, "30 08 00 01 't' 04 08 00 01 '#'", .protocolError),
        MalformedPacket("string property over the properties", .v5, "30 08 00 01 't' 03 03 00 01 'a'"),
        MalformedPacket("correlation data over the packet", .v5, "30 08 00 01 't' 04 09 00 02 'a'"),
        MalformedPacket("user property without value", .v5, "30 08 00 01 't' 04 26 00 01 'a'"),
    ]

    /// Bad UTF-8, in a topic (5 and more bytes behind the length) and in properties.
    static let strings: [MalformedPacket] =
        [
            ("U+0000", "00"), ("continuation byte alone", "80"), ("lead byte alone", "C3"), ("overlong /", "C0 AF"),
            ("overlong in C1", "C1 BF"), ("overlong in three bytes", "E0 80 AF"), ("surrogate D800", "ED A0 80"),
            ("surrogate DFFF", "ED BF BF"), ("overlong in four bytes", "F0 80 80 AF"),
            ("above U+10FFFF", "F4 90 80 80"), ("F5", "F5 80 80 80"), ("FF", "FF"), ("three bytes cut", "E2 82"),
            ("four bytes cut", "F0 9F 98"), ("third byte is a letter", "E2 82 'a'"),
            ("fourth byte is a letter", "F0 9F 98 'a'"), ("second byte is a lead byte", "C3 C3"),
        ].flatMap { name, hex in
            // Behind eight and nine ASCII bytes, and in front of eight: the fast path sees them in every place.
            [("", ""), ("'12345678'", ""), ("'123456789'", ""), ("", "'12345678'"), ("'1234'", "'12345678'")].flatMap {
                before,
                after in
                let topic = MQTTCodecTests.bytes("\(before) \(hex) \(after)")
                let place = "\(name), \(before.count) before, \(after.count) after"
                return [
                    MalformedPacket("topic \(place)", .v3_1_1, first: 0x30, "", string: topic, ""),
                    MalformedPacket("topic \(place)", .v5, first: 0x30, "", string: topic, "00"),
                    MalformedPacket("filter \(place)", .v3_1_1, first: 0x82, "00 01", string: topic, "00"),
                    MalformedPacket("filter \(place)", .v5, first: 0xA2, "00 01 00", string: topic, ""),
                ]
            }
        } + [
            MalformedPacket("content type", .v5, "30 08 00 01 't' 04 03 00 01 FF"),
            MalformedPacket("name of a user property", .v5, "30 0A 00 01 't' 06 26 00 01 FF 00 00"),
            MalformedPacket("value of a user property", .v5, "30 0A 00 01 't' 06 26 00 00 00 01 00"),
            MalformedPacket("reason string", .v5, "40 08 00 01 80 04 1F 00 01 80"),
            MalformedPacket("client identifier", .v3_1_1, "10 0D 00 04 'MQTT' 04 02 00 3C 00 01 FF"),
        ]

    /// A packet around a string.
    init(
        _ name: String,
        _ version: ProtocolVersion,
        first: UInt8,
        _ before: String,
        string: ByteBuffer,
        _ after: String
    ) {
        var body = MQTTCodecTests.bytes(before)
        body.writeInteger(UInt16(string.readableBytes))
        body.writeImmutableBuffer(string)
        body.writeImmutableBuffer(MQTTCodecTests.bytes(after))
        self.name = name
        self.version = version
        self.bytes = packet(first: first, body: body)
        self.reason = .malformedPacket
    }
}

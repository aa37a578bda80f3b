//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

/// A packet as bytes and as a value. The bytes are written by hand after the standards, not made by the encoder.
struct GoldenPacket: Sendable, CustomTestStringConvertible {
    let name: String
    let version: ProtocolVersion
    let bytes: ByteBuffer
    let value: Packet
    /// False when the encoder has a shorter or cleaner form for the same value.
    let isCanonical: Bool

    init(_ name: String, _ version: ProtocolVersion, _ hex: String, _ value: Packet, isCanonical: Bool = true) {
        self.name = name
        self.version = version
        self.bytes = MQTTCodecTests.bytes(hex)
        self.value = value
        self.isCanonical = isCanonical
    }

    var testDescription: String { "\(version) \(name)" }

    static let all = version3 + bothOfVersion3 + version5Sessions + version5Messages
}

extension GoldenPacket {
    /// Packets that differ between MQTT 3.1 and 3.1.1, or need only one of them.
    static let version3: [GoldenPacket] = [
        GoldenPacket(
            "CONNECT",
            .v3_1,
            "10 0F 00 06 'MQIsdp' 03 02 00 3C 00 01 'a'",
            .connect(Connect(version: .v3_1, clientIdentifier: "a"))
        ),
        GoldenPacket(
            "CONNECT with user name flag and no user name",
            .v3_1,
            "10 0F 00 06 'MQIsdp' 03 82 00 3C 00 01 'a'",
            .connect(Connect(version: .v3_1, clientIdentifier: "a")),
            isCanonical: false
        ),
        GoldenPacket(
            "CONNECT with password flag and no password",
            .v3_1,
            "10 12 00 06 'MQIsdp' 03 C2 00 3C 00 01 'a' 00 01 'u'",
            .connect(Connect(version: .v3_1, clientIdentifier: "a", userName: "u")),
            isCanonical: false
        ),
        GoldenPacket(
            "CONNECT of a bridge",
            .v3_1,
            "10 0F 00 06 'MQIsdp' 83 00 00 00 00 01 'a'",
            .connect(
                Connect(version: .v3_1, isBridge: true, cleanStart: false, keepAlive: 0, clientIdentifier: "a")
            )
        ),
        GoldenPacket(
            "CONNECT",
            .v3_1_1,
            "10 0D 00 04 'MQTT' 04 02 00 3C 00 01 'a'",
            .connect(Connect(version: .v3_1_1, clientIdentifier: "a"))
        ),
        GoldenPacket(
            "CONNECT without a name",
            .v3_1_1,
            "10 0C 00 04 'MQTT' 04 02 FF FF 00 00",
            .connect(Connect(version: .v3_1_1, keepAlive: 65_535, clientIdentifier: ""))
        ),
        GoldenPacket(
            "CONNECT of a bridge",
            .v3_1_1,
            "10 0D 00 04 'MQTT' 84 02 00 3C 00 01 'a'",
            .connect(Connect(version: .v3_1_1, isBridge: true, clientIdentifier: "a"))
        ),
        GoldenPacket(
            "CONNECT with everything",
            .v3_1_1,
            "10 1D 00 04 'MQTT' 04 EE 00 0A 00 01 'c' 00 03 'w/t' 00 02 'hi' 00 01 'u' 00 02 FF 00",
            .connect(
                Connect(
                    version: .v3_1_1,
                    keepAlive: 10,
                    clientIdentifier: "c",
                    will: Will(topic: "w/t", payload: ByteBuffer(string: "hi"), qos: .atLeastOnce, isRetained: true),
                    userName: "u",
                    password: ByteBuffer(bytes: [0xFF, 0x00])
                )
            )
        ),
        GoldenPacket("CONNACK", .v3_1, "20 02 00 00", .connectAck(ConnectAck())),
        GoldenPacket(
            "CONNACK with something in its reserved byte",
            .v3_1,
            "20 02 01 00",
            .connectAck(ConnectAck()),
            isCanonical: false
        ),
        GoldenPacket("CONNACK 4", .v3_1, "20 02 00 04", .connectAck(ConnectAck(reason: .badUserNameOrPassword))),
        GoldenPacket("CONNACK present", .v3_1_1, "20 02 01 00", .connectAck(ConnectAck(sessionPresent: true))),
        GoldenPacket("CONNACK 1", .v3_1_1, "20 02 00 01", .connectAck(ConnectAck(reason: .unsupportedProtocolVersion))),
        GoldenPacket("CONNACK 2", .v3_1_1, "20 02 00 02", .connectAck(ConnectAck(reason: .clientIdentifierNotValid))),
        GoldenPacket("CONNACK 3", .v3_1_1, "20 02 00 03", .connectAck(ConnectAck(reason: .serverUnavailable))),
        GoldenPacket("CONNACK 5", .v3_1_1, "20 02 00 05", .connectAck(ConnectAck(reason: .notAuthorized))),
    ]

    /// Packets that are the same in MQTT 3.1 and 3.1.1.
    static let bothOfVersion3: [GoldenPacket] = [ProtocolVersion.v3_1, .v3_1_1].flatMap { version in
        [
            GoldenPacket(
                "PUBLISH QoS 0",
                version,
                "30 07 00 03 'a/b' 'hi'",
                .publish(Publish(topic: "a/b", payload: ByteBuffer(string: "hi")))
            ),
            GoldenPacket(
                "PUBLISH retained, empty",
                version,
                "31 05 00 03 'a/b'",
                .publish(Publish(topic: "a/b", payload: ByteBuffer(), isRetained: true))
            ),
            GoldenPacket(
                "PUBLISH QoS 1",
                version,
                "32 09 00 03 'a/b' 00 0A 'hi'",
                .publish(
                    Publish(topic: "a/b", payload: ByteBuffer(string: "hi"), qos: .atLeastOnce, packetIdentifier: 10)
                )
            ),
            GoldenPacket(
                "PUBLISH QoS 2 again",
                version,
                "3C 09 00 03 'a/b' FF FF 'hi'",
                .publish(
                    Publish(
                        topic: "a/b",
                        payload: ByteBuffer(string: "hi"),
                        qos: .exactlyOnce,
                        isDuplicate: true,
                        packetIdentifier: 65_535
                    )
                )
            ),
            GoldenPacket(
                "PUBLISH with two bytes of length",
                version,
                "30 CD 01 00 03 'a/b' '\(String(repeating: "x", count: 200))'",
                .publish(Publish(topic: "a/b", payload: ByteBuffer(repeating: UInt8(ascii: "x"), count: 200)))
            ),
            GoldenPacket(
                "PUBLISH to a topic beyond ASCII",
                version,
                "30 0B 00 09 C3 A9 E2 82 AC F0 9F 98 80",
                .publish(Publish(topic: "\u{E9}\u{20AC}\u{1F600}", payload: ByteBuffer()))
            ),
            GoldenPacket(
                "PUBACK",
                version,
                "40 02 00 0A",
                .acknowledgement(Acknowledgement(kind: .publishAck, packetIdentifier: 10))
            ),
            GoldenPacket(
                "PUBREC",
                version,
                "50 02 00 0A",
                .acknowledgement(Acknowledgement(kind: .publishReceived, packetIdentifier: 10))
            ),
            GoldenPacket(
                "PUBREL",
                version,
                "62 02 00 0A",
                .acknowledgement(Acknowledgement(kind: .publishRelease, packetIdentifier: 10))
            ),
            GoldenPacket(
                "PUBCOMP",
                version,
                "70 02 00 0A",
                .acknowledgement(Acknowledgement(kind: .publishComplete, packetIdentifier: 10))
            ),
            GoldenPacket(
                "SUBSCRIBE",
                version,
                "82 0C 00 0A 00 03 'a/#' 01 00 01 '+' 02",
                .subscribe(
                    Subscribe(
                        packetIdentifier: 10,
                        filters: [
                            Subscribe.Filter(filter: "a/#", options: SubscriptionOptions(qos: .atLeastOnce)),
                            Subscribe.Filter(filter: "+", options: SubscriptionOptions(qos: .exactlyOnce)),
                        ]
                    )
                )
            ),
            GoldenPacket(
                "SUBACK",
                version,
                "90 06 00 0A 00 01 02 80",
                .subscribeAck(
                    SubscribeAck(
                        packetIdentifier: 10,
                        reasons: [.grantedQoS0, .grantedQoS1, .grantedQoS2, .unspecifiedError]
                    )
                )
            ),
            GoldenPacket(
                "UNSUBSCRIBE",
                version,
                "A2 0A 00 0A 00 03 'a/#' 00 01 '+'",
                .unsubscribe(Unsubscribe(packetIdentifier: 10, filters: ["a/#", "+"]))
            ),
            GoldenPacket("UNSUBACK", version, "B0 02 00 0A", .unsubscribeAck(UnsubscribeAck(packetIdentifier: 10))),
            GoldenPacket("PINGREQ", version, "C0 00", .pingRequest),
            GoldenPacket("PINGRESP", version, "D0 00", .pingResponse),
            GoldenPacket("DISCONNECT", version, "E0 00", .disconnect(Disconnect())),
        ]
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

extension GoldenPacket {
    /// MQTT 5.0: CONNECT, CONNACK, DISCONNECT, AUTH and pings.
    static let version5Sessions: [GoldenPacket] = [
        GoldenPacket(
            "CONNECT",
            .v5,
            "10 0E 00 04 'MQTT' 05 02 00 3C 00 00 01 'a'",
            .connect(Connect(clientIdentifier: "a"))
        ),
        GoldenPacket(
            "CONNECT of a bridge",
            .v5,
            "10 0E 00 04 'MQTT' 85 02 00 3C 00 00 01 'a'",
            .connect(Connect(isBridge: true, clientIdentifier: "a"))
        ),
        GoldenPacket(
            "CONNECT with a password and no user name",
            .v5,
            "10 10 00 04 'MQTT' 05 42 00 3C 00 00 00 00 01 'p'",
            .connect(Connect(clientIdentifier: "", password: ByteBuffer(string: "p")))
        ),
        GoldenPacket(
            "CONNECT with all properties",
            .v5,
            """
            10 32 00 04 'MQTT' 05 00 00 3C 24 11 00 00 00 0A 21 00 14 27 00 00 10 00 22 00 0A 19 01 17 00
            26 00 01 'k' 00 01 'v' 15 00 01 'm' 16 00 02 01 02 00 01 'a'
            """,
            .connect(
                Connect(
                    cleanStart: false,
                    clientIdentifier: "a",
                    properties: [
                        .sessionExpiryInterval(10), .receiveMaximum(20), .maximumPacketSize(4096),
                        .topicAliasMaximum(10), .requestResponseInformation(true), .requestProblemInformation(false),
                        .userProperty(name: "k", value: "v"), .authenticationMethod("m"),
                        .authenticationData(ByteBuffer(bytes: [1, 2])),
                    ]
                )
            )
        ),
        GoldenPacket(
            "CONNECT with all will properties",
            .v5,
            """
            10 33 00 04 'MQTT' 05 16 00 3C 00 00 01 'c' 1F 18 00 00 00 05 01 01 02 00 00 00 3C 03 00 01 't'
            08 00 01 'r' 09 00 01 AA 26 00 01 'a' 00 01 'b' 00 01 'w' 00 00
            """,
            .connect(
                Connect(
                    clientIdentifier: "c",
                    will: Will(
                        topic: "w",
                        payload: ByteBuffer(),
                        qos: .exactlyOnce,
                        properties: [
                            .willDelayInterval(5), .payloadFormatIndicator(1), .messageExpiryInterval(60),
                            .contentType("t"), .responseTopic("r"), .correlationData(ByteBuffer(bytes: [0xAA])),
                            .userProperty(name: "a", value: "b"),
                        ]
                    )
                )
            )
        ),
        GoldenPacket("CONNACK", .v5, "20 03 00 00 00", .connectAck(ConnectAck())),
        GoldenPacket(
            "CONNACK refusing",
            .v5,
            "20 03 00 8A 00",
            .connectAck(ConnectAck(reason: .banned))
        ),
        GoldenPacket(
            "CONNACK with all properties",
            .v5,
            """
            20 40 01 00 3D 11 00 00 00 0A 21 00 14 24 01 25 00 27 00 00 10 00 12 00 01 'x' 22 00 0A
            1F 00 02 'ok' 26 00 01 'k' 00 01 'v' 28 01 29 01 2A 00 13 00 1E 1A 00 01 'i' 1C 00 01 's'
            15 00 01 'm' 16 00 01 99
            """,
            .connectAck(
                ConnectAck(
                    sessionPresent: true,
                    properties: [
                        .sessionExpiryInterval(10), .receiveMaximum(20), .maximumQoS(1), .retainAvailable(false),
                        .maximumPacketSize(4096), .assignedClientIdentifier("x"), .topicAliasMaximum(10),
                        .reasonString("ok"), .userProperty(name: "k", value: "v"),
                        .wildcardSubscriptionAvailable(true), .subscriptionIdentifierAvailable(true),
                        .sharedSubscriptionAvailable(false), .serverKeepAlive(30), .responseInformation("i"),
                        .serverReference("s"), .authenticationMethod("m"),
                        .authenticationData(ByteBuffer(bytes: [0x99])),
                    ]
                )
            )
        ),
        GoldenPacket("PINGREQ", .v5, "C0 00", .pingRequest),
        GoldenPacket("PINGRESP", .v5, "D0 00", .pingResponse),
        GoldenPacket("DISCONNECT", .v5, "E0 00", .disconnect(Disconnect())),
        GoldenPacket("DISCONNECT, reason 0", .v5, "E0 01 00", .disconnect(Disconnect()), isCanonical: false),
        GoldenPacket("DISCONNECT, all 0", .v5, "E0 02 00 00", .disconnect(Disconnect()), isCanonical: false),
        GoldenPacket("DISCONNECT 4", .v5, "E0 01 04", .disconnect(Disconnect(reason: .disconnectWithWill))),
        GoldenPacket(
            "DISCONNECT with all properties",
            .v5,
            "E0 17 9D 15 11 00 00 00 00 1F 00 02 'go' 26 00 01 'k' 00 01 'v' 1C 00 01 's'",
            .disconnect(
                Disconnect(
                    reason: .serverMoved,
                    properties: [
                        .sessionExpiryInterval(0), .reasonString("go"), .userProperty(name: "k", value: "v"),
                        .serverReference("s"),
                    ]
                )
            )
        ),
        GoldenPacket("AUTH", .v5, "F0 00", .auth(Auth())),
        GoldenPacket(
            "AUTH with all properties",
            .v5,
            "F0 16 18 14 15 00 01 'm' 16 00 01 07 1F 00 02 'go' 26 00 01 'k' 00 01 'v'",
            .auth(
                Auth(
                    reason: .continueAuthentication,
                    properties: [
                        .authenticationMethod("m"), .authenticationData(ByteBuffer(bytes: [7])), .reasonString("go"),
                        .userProperty(name: "k", value: "v"),
                    ]
                )
            )
        ),
    ]
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

/// A reason string "no" and a user property "k" = "v": 12 bytes, 0x0C.
private let explanationHex = "0C 1F 00 02 'no' 26 00 01 'k' 00 01 'v'"
private let explanation: Properties = [.reasonString("no"), .userProperty(name: "k", value: "v")]

extension GoldenPacket {
    /// MQTT 5.0: messages, their acknowledgements, and subscriptions.
    static let version5Messages: [GoldenPacket] =
        [
            GoldenPacket(
                "PUBLISH",
                .v5,
                "30 06 00 01 't' 00 'hi'",
                .publish(Publish(topic: "t", payload: ByteBuffer(string: "hi")))
            ),
            GoldenPacket(
                "PUBLISH with alias only",
                .v5,
                "30 06 00 00 03 23 00 01",
                .publish(Publish(topic: "", payload: ByteBuffer(), properties: [.topicAlias(1)]))
            ),
            GoldenPacket(
                "PUBLISH with all properties",
                .v5,
                """
                33 31 00 01 't' 00 07 2A 01 01 02 00 00 00 3C 23 00 05 08 00 01 'r' 09 00 02 01 02
                26 00 01 'k' 00 01 'v' 26 00 01 'k' 00 01 'v' 0B 05 0B 80 01 03 00 01 't' 'p'
                """,
                .publish(
                    Publish(
                        topic: "t",
                        payload: ByteBuffer(string: "p"),
                        qos: .atLeastOnce,
                        isRetained: true,
                        packetIdentifier: 7,
                        properties: [
                            .payloadFormatIndicator(1), .messageExpiryInterval(60), .topicAlias(5),
                            .responseTopic("r"), .correlationData(ByteBuffer(bytes: [1, 2])),
                            .userProperty(name: "k", value: "v"), .userProperty(name: "k", value: "v"),
                            .subscriptionIdentifier(5), .subscriptionIdentifier(128), .contentType("t"),
                        ]
                    )
                )
            ),
            GoldenPacket(
                "PUBLISH with two bytes of properties' length",
                .v5,
                "30 8C 01 00 01 't' 85 01 03"
                    + " 00 82 '\(String(repeating: "x", count: 130))' 'hi'",
                .publish(
                    Publish(
                        topic: "t",
                        payload: ByteBuffer(string: "hi"),
                        properties: [.contentType(String(repeating: "x", count: 130))]
                    )
                )
            ),
            GoldenPacket(
                "PUBREL, reason only",
                .v5,
                "62 03 00 0A 92",
                .acknowledgement(
                    Acknowledgement(kind: .publishRelease, packetIdentifier: 10, reason: .packetIdentifierNotFound)
                )
            ),
            GoldenPacket(
                "PUBACK, reason only",
                .v5,
                "40 03 00 0A 10",
                .acknowledgement(
                    Acknowledgement(kind: .publishAck, packetIdentifier: 10, reason: .noMatchingSubscribers)
                )
            ),
            GoldenPacket(
                "SUBSCRIBE",
                .v5,
                "82 09 00 0A 00 00 03 'a/#' 2D",
                .subscribe(
                    Subscribe(
                        packetIdentifier: 10,
                        filters: [
                            Subscribe.Filter(
                                filter: "a/#",
                                options: SubscriptionOptions(
                                    qos: .atLeastOnce,
                                    noLocal: true,
                                    retainAsPublished: true,
                                    retainHandling: .doNotSend
                                )
                            )
                        ]
                    )
                )
            ),
            GoldenPacket(
                "SUBSCRIBE with all properties",
                .v5,
                "82 15 00 0A 0C 0B FF FF FF 7F 26 00 01 'k' 00 01 'v' 00 03 'a/#' 10",
                .subscribe(
                    Subscribe(
                        packetIdentifier: 10,
                        filters: [
                            Subscribe.Filter(
                                filter: "a/#",
                                options: SubscriptionOptions(qos: .atMostOnce, retainHandling: .sendIfNew)
                            )
                        ],
                        properties: [.subscriptionIdentifier(268_435_455), .userProperty(name: "k", value: "v")]
                    )
                )
            ),
            GoldenPacket(
                "SUBACK",
                .v5,
                "90 06 00 0A 00 00 01 87",
                .subscribeAck(
                    SubscribeAck(packetIdentifier: 10, reasons: [.grantedQoS0, .grantedQoS1, .notAuthorized])
                )
            ),
            GoldenPacket(
                "SUBACK with all properties",
                .v5,
                "90 10 00 0A \(explanationHex) A2",
                .subscribeAck(
                    SubscribeAck(
                        packetIdentifier: 10,
                        reasons: [.wildcardSubscriptionsNotSupported],
                        properties: explanation
                    )
                )
            ),
            GoldenPacket(
                "UNSUBSCRIBE",
                .v5,
                "A2 08 00 0A 00 00 03 'a/#'",
                .unsubscribe(Unsubscribe(packetIdentifier: 10, filters: ["a/#"]))
            ),
            GoldenPacket(
                "UNSUBSCRIBE with all properties",
                .v5,
                "A2 0F 00 0A 07 26 00 01 'k' 00 01 'v' 00 03 'a/#'",
                .unsubscribe(
                    Unsubscribe(
                        packetIdentifier: 10,
                        filters: ["a/#"],
                        properties: [.userProperty(name: "k", value: "v")]
                    )
                )
            ),
            GoldenPacket(
                "UNSUBACK",
                .v5,
                "B0 05 00 0A 00 00 11",
                .unsubscribeAck(UnsubscribeAck(packetIdentifier: 10, reasons: [.success, .noSubscriptionExisted]))
            ),
            GoldenPacket(
                "UNSUBACK with all properties",
                .v5,
                "B0 10 00 0A \(explanationHex) 87",
                .unsubscribeAck(
                    UnsubscribeAck(packetIdentifier: 10, reasons: [.notAuthorized], properties: explanation)
                )
            ),
        ] + acknowledgements

    /// The four acknowledgements in every length.
    private static let acknowledgements: [GoldenPacket] = [
        (Acknowledgement.Kind.publishAck, "40", ReasonCode.quotaExceeded, "97"),
        (.publishReceived, "50", .payloadFormatInvalid, "99"),
        (.publishRelease, "62", .packetIdentifierNotFound, "92"),
        (.publishComplete, "70", .packetIdentifierNotFound, "92"),
    ].flatMap { kind, first, reason, reasonHex in
        let plain = Packet.acknowledgement(Acknowledgement(kind: kind, packetIdentifier: 10))
        return [
            GoldenPacket("\(kind)", .v5, "\(first) 02 00 0A", plain),
            GoldenPacket("\(kind), reason 0", .v5, "\(first) 03 00 0A 00", plain, isCanonical: false),
            GoldenPacket("\(kind), all 0", .v5, "\(first) 04 00 0A 00 00", plain, isCanonical: false),
            GoldenPacket(
                "\(kind), reason",
                .v5,
                "\(first) 03 00 0A \(reasonHex)",
                .acknowledgement(Acknowledgement(kind: kind, packetIdentifier: 10, reason: reason))
            ),
            GoldenPacket(
                "\(kind) with all properties",
                .v5,
                "\(first) 10 00 0A \(reasonHex) \(explanationHex)",
                .acknowledgement(
                    Acknowledgement(kind: kind, packetIdentifier: 10, reason: reason, properties: explanation)
                )
            ),
        ]
    }
}

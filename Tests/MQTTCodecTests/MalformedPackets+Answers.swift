//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

extension MalformedPacket {
    /// SUBSCRIBE and UNSUBSCRIBE.
    static let subscriptions: [MalformedPacket] = [
        MalformedPacket("SUBSCRIBE without body", .v3_1_1, "82 00"),
        MalformedPacket("SUBSCRIBE without filters", .v3_1_1, "82 02 00 01", .protocolError),
        MalformedPacket("SUBSCRIBE without filters", .v5, "82 03 00 01 00", .protocolError),
        MalformedPacket("SUBSCRIBE with identifier 0", .v3_1_1, "82 06 00 00 00 01 'a' 00", .protocolError),
        MalformedPacket("SUBSCRIBE without options", .v3_1_1, "82 05 00 01 00 01 'a'"),
        MalformedPacket("SUBSCRIBE QoS 3", .v3_1_1, "82 06 00 01 00 01 'a' 03"),
        MalformedPacket("SUBSCRIBE QoS 3", .v5, "82 07 00 01 00 00 01 'a' 03", .protocolError),
        MalformedPacket("SUBSCRIBE with no local", .v3_1_1, "82 06 00 01 00 01 'a' 04"),
        MalformedPacket("SUBSCRIBE with no local", .v3_1, "82 06 00 01 00 01 'a' 04"),
        MalformedPacket("SUBSCRIBE with reserved bit 6", .v5, "82 07 00 01 00 00 01 'a' 40"),
        MalformedPacket("SUBSCRIBE with reserved bit 7", .v5, "82 07 00 01 00 00 01 'a' 80"),
        MalformedPacket("SUBSCRIBE retain handling 3", .v5, "82 07 00 01 00 00 01 'a' 30", .protocolError),
        MalformedPacket("SUBSCRIBE, filter too long", .v3_1_1, "82 06 00 01 00 03 'a' 00"),
        MalformedPacket("SUBSCRIBE, second filter bad", .v3_1_1, "82 08 00 01 00 01 'a' 00 00 01"),
        MalformedPacket(
            "SUBSCRIBE with two identifiers",
            .v5,
            "82 0B 00 01 04 0B 01 0B 02 00 01 'a' 00",
            .protocolError
        ),
        MalformedPacket("SUBSCRIBE with identifier 0", .v5, "82 09 00 01 02 0B 00 00 01 'a' 00", .protocolError),
        MalformedPacket("SUBSCRIBE with a topic alias", .v5, "82 0A 00 01 03 23 00 01 00 01 'a' 00"),
        MalformedPacket("UNSUBSCRIBE without filters", .v3_1_1, "A2 02 00 01", .protocolError),
        MalformedPacket("UNSUBSCRIBE without filters", .v5, "A2 03 00 01 00", .protocolError),
        MalformedPacket("UNSUBSCRIBE with identifier 0", .v3_1_1, "A2 05 00 00 00 01 'a'", .protocolError),
        MalformedPacket("UNSUBSCRIBE with half a filter", .v3_1_1, "A2 05 00 01 00 02 'a'"),
        MalformedPacket("UNSUBSCRIBE with half a length", .v3_1_1, "A2 03 00 01 00"),
        MalformedPacket("UNSUBSCRIBE with an identifier", .v5, "A2 08 00 01 02 0B 01 00 01 'a'"),
    ]

    /// Acknowledgements, CONNACK, DISCONNECT and AUTH.
    static let answers: [MalformedPacket] =
        ["40", "50", "62", "70"].flatMap { first in
            [
                MalformedPacket("\(first) without body", .v3_1_1, "\(first) 00"),
                MalformedPacket("\(first) with half an identifier", .v3_1_1, "\(first) 01 00"),
                MalformedPacket("\(first) with identifier 0", .v3_1_1, "\(first) 02 00 00", .protocolError),
                MalformedPacket("\(first) with identifier 0", .v5, "\(first) 02 00 00", .protocolError),
                MalformedPacket("\(first) with a reason", .v3_1_1, "\(first) 03 00 01 00"),
                MalformedPacket("\(first) with reason 1", .v5, "\(first) 03 00 01 01", .protocolError),
                MalformedPacket("\(first), properties too long", .v5, "\(first) 04 00 01 00 01"),
                MalformedPacket("\(first), bytes behind", .v5, "\(first) 05 00 01 00 00 00"),
                MalformedPacket("\(first) with an expiry", .v5, "\(first) 09 00 01 00 05 02 00 00 00 01"),
                MalformedPacket(
                    "\(first) with two reason strings",
                    .v5,
                    "\(first) 0A 00 01 00 06 1F 00 00 1F 00 00",
                    .protocolError
                ),
            ]
        } + [
            MalformedPacket("PUBREL with PUBACK's reason", .v5, "62 03 00 01 10", .protocolError),
            MalformedPacket("PUBACK with PUBREL's reason", .v5, "40 03 00 01 92", .protocolError),
            MalformedPacket("SUBACK without reasons", .v3_1_1, "90 02 00 01", .protocolError),
            MalformedPacket("SUBACK with code 3", .v3_1_1, "90 03 00 01 03"),
            MalformedPacket("SUBACK with code 3", .v5, "90 04 00 01 00 03", .protocolError),
            MalformedPacket("SUBACK with a code of 5.0", .v3_1_1, "90 03 00 01 87"),
            MalformedPacket("SUBACK with identifier 0", .v5, "90 04 00 00 00 00", .protocolError),
            MalformedPacket("UNSUBACK without reasons", .v5, "B0 03 00 01 00", .protocolError),
            MalformedPacket("UNSUBACK with reasons", .v3_1_1, "B0 03 00 01 00"),
            MalformedPacket("UNSUBACK with QoS 1", .v5, "B0 04 00 01 00 01", .protocolError),
            MalformedPacket("CONNACK without body", .v3_1_1, "20 00"),
            MalformedPacket("CONNACK of one byte", .v3_1_1, "20 01 00"),
            MalformedPacket("CONNACK with reserved flags", .v3_1_1, "20 02 02 00"),
            MalformedPacket("CONNACK with code 6", .v3_1_1, "20 02 00 06"),
            MalformedPacket("CONNACK present and refused", .v3_1_1, "20 02 01 05", .protocolError),
            MalformedPacket("CONNACK present and refused", .v5, "20 03 01 87 00", .protocolError),
            MalformedPacket("CONNACK with PUBACK's reason", .v5, "20 03 00 10 00", .protocolError),
            MalformedPacket("CONNACK without properties", .v5, "20 02 00 00"),
            MalformedPacket("CONNACK with maximum QoS 2", .v5, "20 05 00 00 02 24 02", .protocolError),
            MalformedPacket("CONNACK with retain 2", .v5, "20 05 00 00 02 25 02", .protocolError),
            MalformedPacket("CONNACK with a will delay", .v5, "20 08 00 00 05 18 00 00 00 01"),
            MalformedPacket("DISCONNECT with SUBACK's reason", .v5, "E0 01 01", .protocolError),
            MalformedPacket("DISCONNECT, properties too long", .v5, "E0 02 00 01"),
            MalformedPacket("DISCONNECT with bytes behind", .v5, "E0 03 00 00 00"),
            MalformedPacket("DISCONNECT with receive maximum", .v5, "E0 05 00 03 21 00 01"),
            MalformedPacket("AUTH with reason 1", .v5, "F0 01 01", .protocolError),
            MalformedPacket("AUTH data without a method", .v5, "F0 05 18 03 16 00 00", .protocolError),
            MalformedPacket("AUTH with a topic alias", .v5, "F0 05 18 03 23 00 01"),
        ]
}

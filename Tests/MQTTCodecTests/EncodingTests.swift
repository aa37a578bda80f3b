//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@Suite("Encoding")
struct EncodingTests {
    private static let long = String(repeating: "x", count: 65_536)
    private static let longData = ByteBuffer(repeating: 0, count: 65_536)

    /// Values that have no bytes, in a version that would otherwise know them.
    static let impossible: [(ProtocolVersion, Packet)] = [
        (.v5, .connect(Connect(clientIdentifier: long))),
        (.v5, .connect(Connect(clientIdentifier: "a\0b"))),
        (.v5, .connect(Connect(clientIdentifier: "a", userName: long))),
        (.v5, .connect(Connect(clientIdentifier: "a", userName: "u", password: longData))),
        (.v5, .connect(Connect(clientIdentifier: "a", will: Will(topic: "", payload: ByteBuffer())))),
        (.v5, .connect(Connect(clientIdentifier: "a", will: Will(topic: "a/+", payload: ByteBuffer())))),
        (.v5, .connect(Connect(clientIdentifier: "a", will: Will(topic: "w", payload: longData)))),
        (.v5, .connect(Connect(clientIdentifier: "a", properties: [.receiveMaximum(0)]))),
        (.v5, .connect(Connect(clientIdentifier: "a", properties: [.maximumPacketSize(0)]))),
        (.v5, .connect(Connect(clientIdentifier: "a", properties: [.authenticationData(longData)]))),
        (.v3_1_1, .connect(Connect(version: .v3_1_1, clientIdentifier: "a", password: ByteBuffer(string: "p")))),
        (.v5, .connectAck(ConnectAck(properties: [.maximumQoS(2)]))),
        (.v5, .connectAck(ConnectAck(properties: [.reasonString(long)]))),
        (.v5, .publish(Publish(topic: "", payload: ByteBuffer()))),
        (.v3_1_1, .publish(Publish(topic: "", payload: ByteBuffer(), properties: [.topicAlias(1)]))),
        (.v5, .publish(Publish(topic: "a/#", payload: ByteBuffer()))),
        (.v5, .publish(Publish(topic: long, payload: ByteBuffer()))),
        (.v5, .publish(Publish(topic: "a", payload: ByteBuffer(), qos: .atLeastOnce))),
        (.v5, .publish(Publish(topic: "a", payload: ByteBuffer(), isDuplicate: true))),
        (.v5, .publish(Publish(topic: "a", payload: ByteBuffer(), properties: [.topicAlias(0)]))),
        (.v5, .publish(Publish(topic: "a", payload: ByteBuffer(), properties: [.subscriptionIdentifier(0)]))),
        (.v5, .publish(Publish(topic: "a", payload: ByteBuffer(), properties: [.subscriptionIdentifier(-1)]))),
        (.v5, .publish(Publish(topic: "a", payload: ByteBuffer(), properties: [.subscriptionIdentifier(1 << 28)]))),
        (.v5, .publish(Publish(topic: "a", payload: ByteBuffer(), properties: [.responseTopic("#")]))),
        (.v5, .publish(Publish(topic: "a", payload: ByteBuffer(), properties: [.payloadFormatIndicator(2)]))),
        (.v5, .publish(Publish(topic: "a", payload: ByteBuffer(), properties: [.userProperty(name: "", value: long)]))),
        (.v5, .acknowledgement(Acknowledgement(kind: .publishAck, packetIdentifier: 0))),
        (.v3_1_1, .acknowledgement(Acknowledgement(kind: .publishRelease, packetIdentifier: 0))),
        (.v5, .subscribe(Subscribe(packetIdentifier: 1, filters: []))),
        (.v5, .subscribe(Subscribe(packetIdentifier: 0, filters: [filter("a")]))),
        (.v3_1_1, .subscribe(Subscribe(packetIdentifier: 1, filters: [filter("a"), filter(long)]))),
        (.v5, .subscribeAck(SubscribeAck(packetIdentifier: 0, reasons: [.success]))),
        (.v5, .subscribeAck(SubscribeAck(packetIdentifier: 1, reasons: []))),
        (.v5, .unsubscribe(Unsubscribe(packetIdentifier: 1, filters: []))),
        (.v5, .unsubscribe(Unsubscribe(packetIdentifier: 0, filters: ["a"]))),
        (.v5, .unsubscribeAck(UnsubscribeAck(packetIdentifier: 1))),
        (.v3_1_1, .unsubscribeAck(UnsubscribeAck(packetIdentifier: 0))),
        (.v5, .disconnect(Disconnect(properties: [.serverReference(long)]))),
        (.v5, .auth(Auth(properties: [.authenticationMethod("\0")]))),
        (.v3_1_1, .auth(Auth())),
    ]

    private static func filter(_ text: String) -> Subscribe.Filter {
        Subscribe.Filter(filter: text, options: SubscriptionOptions(qos: .atMostOnce))
    }

    @Test("of what has no bytes throws and writes nothing", arguments: impossible.indices)
    func throwsCleanly(_ index: Int) {
        let (version, packet) = Self.impossible[index]
        var buffer = ByteBuffer(string: "before")
        #expect(throws: MQTTError.self, "\(packet.type)") { try packet.encode(into: &buffer, version: version) }
        #expect(buffer == ByteBuffer(string: "before"))
    }

    @Test("of a packet above 268 435 455 bytes throws")
    func tooLarge() throws {
        var buffer = ByteBuffer()
        let error = #expect(throws: MQTTError.self) {
            try buffer.writeMQTTFixedHeader(
                type: .publish,
                flags: 0,
                remainingLength: ByteBuffer.mqttVariableIntegerMaximum + 1
            )
        }
        #expect(error?.reason == .packetTooLarge)
        #expect(buffer.readableBytes == 0)
    }

    @Test(
        "of variable byte integers at their borders",
        arguments: [
            (0, "00"), (1, "01"), (127, "7F"), (128, "80 01"), (16_383, "FF 7F"), (16_384, "80 80 01"),
            (2_097_151, "FF FF 7F"), (2_097_152, "80 80 80 01"), (268_435_455, "FF FF FF 7F"), (321, "C1 02"),
            (1_234_567, "87 AD 4B"), (-1, ""), (268_435_456, ""), (.max, ""), (.min, ""),
        ]
    )
    func variableIntegers(_ value: Int, _ hex: String) throws {
        var buffer = ByteBuffer()
        let written = buffer.writeMQTTVariableInteger(value)
        #expect(buffer == bytes(hex))
        #expect(written == bytes(hex).readableBytes)
        #expect(ByteBuffer.mqttVariableIntegerLength(value) == written)
        guard written > 0 else { return }
        var header = ByteBuffer(bytes: [0x30])
        header.writeImmutableBuffer(buffer)
        let decoded = try #require(try FixedHeader.decode(header.readableBytesSpan, at: 0))
        #expect(decoded.remainingLength == value)
        #expect(decoded.headerLength == 1 + written)
    }

    @Test("of strings writes their length, and nothing when they are too long")
    func strings() {
        var buffer = ByteBuffer()
        #expect(buffer.writeMQTTString("") == 2)
        #expect(buffer.writeMQTTString("\u{E9}") == 4)
        #expect(buffer.writeMQTTString(Self.long) == 0)
        #expect(buffer == bytes("00 00 00 02 C3 A9"))
        #expect(buffer.writeMQTTString(String(Self.long.dropLast())) == 65_537)
    }

    @Test("of acknowledgements on the fast path equals the general one", arguments: Acknowledgement.Kind.allCases)
    func acknowledgements(_ kind: Acknowledgement.Kind) throws {
        for version in ProtocolVersion.allCases {
            for reason in [ReasonCode.success, .quotaExceeded] {
                var fast = ByteBuffer()
                let count = fast.writeMQTTAcknowledgement(
                    kind: kind,
                    packetIdentifier: 0x1234,
                    reason: reason,
                    version: version
                )
                let value = Acknowledgement(kind: kind, packetIdentifier: 0x1234, reason: reason)
                var general = ByteBuffer()
                try Packet.acknowledgement(value).encode(into: &general, version: version)
                #expect(fast == general)
                #expect(count == (version == .v5 && reason.isError ? 5 : 4))
                #expect(fast.getInteger(at: 2, as: UInt16.self) == 0x1234)
                #expect(kind.firstByte == kind.packetType.rawValue << 4 | kind.packetType.reservedFlags)
            }
        }
    }

    @Test("before 5.0 leaves out what 5.0 added")
    func downgrades() throws {
        let properties: Properties = [.reasonString("x")]
        let filter = Subscribe.Filter(
            filter: "a",
            options: SubscriptionOptions(qos: .atLeastOnce, noLocal: true, retainHandling: .doNotSend)
        )
        let cases: [(Packet, String)] = [
            (.connectAck(ConnectAck(reason: .serverBusy, properties: properties)), "20 02 00 03"),
            (.connectAck(ConnectAck(sessionPresent: true, reason: .banned)), "20 02 00 05"),
            (.subscribe(Subscribe(packetIdentifier: 1, filters: [filter])), "82 06 00 01 00 01 'a' 01"),
            (
                .subscribeAck(
                    SubscribeAck(
                        packetIdentifier: 1,
                        reasons: [.notAuthorized, .grantedQoS2, .quotaExceeded],
                        properties: properties
                    )
                ), "90 05 00 01 80 02 80"
            ),
            (.unsubscribeAck(UnsubscribeAck(packetIdentifier: 1, reasons: [.notAuthorized])), "B0 02 00 01"),
            (
                .acknowledgement(
                    Acknowledgement(
                        kind: .publishAck,
                        packetIdentifier: 1,
                        reason: .quotaExceeded,
                        properties: properties
                    )
                ), "40 02 00 01"
            ),
            (.disconnect(Disconnect(reason: .serverShuttingDown, properties: properties)), "E0 00"),
            (
                .publish(Publish(topic: "t", payload: ByteBuffer(), properties: [.contentType("x")])),
                "30 03 00 01 't'"
            ),
        ]
        for (packet, hex) in cases {
            var buffer = ByteBuffer()
            try packet.encode(into: &buffer, version: .v3_1_1)
            #expect(buffer == bytes(hex), "\(packet.type)")
        }
    }

    @Test("a refused CONNACK never says that a session is present")
    func sessionPresent() throws {
        var buffer = ByteBuffer()
        try ConnectAck(sessionPresent: true, reason: .notAuthorized).encode(into: &buffer, version: .v5)
        #expect(buffer == bytes("20 03 00 87 00"))
        buffer.clear()
        try ConnectAck(sessionPresent: true).encode(into: &buffer, version: .v3_1)
        #expect(buffer == bytes("20 02 00 00"))
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@Suite("PUBLISH header")
struct PublishHeaderTests {
    @Test("points at the parts that the general decoder finds", arguments: GoldenPacket.all)
    func agreesWithPublish(_ golden: GoldenPacket) throws {
        guard case .publish(let publish) = golden.value else { return }
        // Not at the start of its storage: offsets count from the packet, not from the buffer.
        var buffer = ByteBuffer(string: "before")
        buffer.writeImmutableBuffer(golden.bytes)
        buffer.writeString("behind")
        buffer.moveReaderIndex(forwardBy: 6)
        let fixed = try #require(try FixedHeader.decode(buffer.readableBytesSpan, at: 0))
        let header = try PublishHeader(parsing: buffer.readableBytesSpan, header: fixed, version: golden.version)
        #expect(header.totalLength == golden.bytes.readableBytes)
        #expect(header.qos == publish.qos)
        #expect(header.isRetained == publish.isRetained)
        #expect(header.isDuplicate == publish.isDuplicate)
        #expect(header.packetIdentifier == publish.packetIdentifier)
        let packet = buffer.slice()
        #expect(packet.getString(at: header.topicStart, length: header.topicLength) == publish.topic)
        #expect(packet.getSlice(at: header.payloadStart, length: header.payloadLength) == publish.payload)
        if publish.qos == .atMostOnce {
            #expect(header.packetIdentifierOffset == 0)
        } else {
            #expect(packet.getInteger(at: header.packetIdentifierOffset) == publish.packetIdentifier)
        }
        var properties = ByteBuffer()
        try publish.properties.encodeWithoutLength(into: &properties)
        #expect(packet.getSlice(at: header.propertiesStart, length: header.propertiesLength) == properties)
        #expect(header.topicAlias == publish.properties.topicAlias ?? 0)
        #expect(header.messageExpiryInterval == publish.properties.messageExpiryInterval)
        #expect(header.payloadFormatIndicator == publish.properties.payloadFormatIndicator)
        #expect(header.hasSubscriptionIdentifier == !publish.properties.subscriptionIdentifiers.isEmpty)
    }

    @Test(
        "says when the properties may be forwarded as they are",
        arguments: [
            ("00", true), ("02 01 01", true), ("07 26 00 01 'a' 00 01 'b'", true), ("03 03 00 00", true),
            ("03 23 00 01", false), ("05 02 00 00 00 01", false), ("02 0B 01", false),
            ("0A 26 00 01 'a' 00 01 'b' 23 00 01", false),
        ]
    )
    func forwards(_ properties: String, _ isForwardable: Bool) throws {
        let buffer = packet(first: 0x30, body: bytes("00 01 't' \(properties)"))
        let fixed = try #require(try FixedHeader.decode(buffer.readableBytesSpan, at: 0))
        let header = try PublishHeader(parsing: buffer.readableBytesSpan, header: fixed, version: .v5)
        #expect(header.forwardsPropertiesVerbatim == isForwardable)
    }

    @Test("does not look at a topic the caller knows, but still at the rest")
    func trustsTopic() throws {
        let buffer = bytes("30 04 00 01 '+' 00")
        let fixed = try #require(try FixedHeader.decode(buffer.readableBytesSpan, at: 0))
        let header = try PublishHeader(
            parsing: buffer.readableBytesSpan,
            header: fixed,
            version: .v5,
            validateTopic: false
        )
        #expect(header.topicLength == 1)
        let bad = bytes("30 06 00 01 '+' 02 01 02")
        let badFixed = try #require(try FixedHeader.decode(bad.readableBytesSpan, at: 0))
        #expect(throws: MQTTError.self) {
            try PublishHeader(parsing: bad.readableBytesSpan, header: badFixed, version: .v5, validateTopic: false)
        }
    }

    @Test("refuses a header that does not belong to the bytes")
    func mismatch() throws {
        let buffer = bytes("30 03 00 01 't'")
        let headers = [
            FixedHeader(type: .publish, flags: 0, headerLength: 2, remainingLength: 4),
            FixedHeader(type: .publish, flags: 0, headerLength: 9, remainingLength: 0),
            FixedHeader(type: .publish, flags: 0, headerLength: -1, remainingLength: 3),
            FixedHeader(type: .publish, flags: 0, headerLength: 2, remainingLength: -1),
            FixedHeader(type: .publish, flags: 0, headerLength: 2, remainingLength: .max),
            FixedHeader(type: .pingRequest, flags: 0, headerLength: 2, remainingLength: 3),
        ]
        for header in headers {
            #expect(throws: MQTTError.malformed("PUBLISH is not complete")) {
                try PublishHeader(parsing: buffer.readableBytesSpan, header: header, version: .v3_1_1)
            }
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// A PUBLISH on its way out, in every form in which a subscriber can get it.
@Suite struct PublishEncodingTests {
    /// What a message is like when it comes.
    struct Source: Sendable, CustomTestStringConvertible {
        var version: ProtocolVersion
        var qos: QoS
        var isRetained: Bool
        var payload: Int
        var properties: Properties
        /// Whether a message object stands between the packet and its subscribers.
        var isObject: Bool

        var testDescription: String {
            "v\(self.version.rawValue) q\(self.qos.rawValue) \(self.isRetained) \(self.payload) "
                + "\(self.properties.count) \(self.isObject)"
        }
    }

    static let sources: [Source] = {
        let forwarded: Properties = [
            .payloadFormatIndicator(1), .contentType("t"), .responseTopic("r"),
            .correlationData(ByteBuffer(string: "c")), .userProperty(name: "a", value: "b"),
            .userProperty(name: "a", value: "c"),
        ]
        var sources: [Source] = []
        for qos in QoS.allCases {
            for isRetained in [false, true] {
                for payload in [0, 1, 100, 4095, 4096, 20_000] {
                    for (version, properties) in [
                        (ProtocolVersion.v3_1_1, Properties()), (.v5, []), (.v5, forwarded),
                    ] {
                        for isObject in [false, true] {
                            sources.append(
                                Source(
                                    version: version,
                                    qos: qos,
                                    isRetained: isRetained,
                                    payload: payload,
                                    properties: properties,
                                    isObject: isObject
                                )
                            )
                        }
                    }
                }
            }
        }
        return sources
    }()

    private let origin = SessionAddress(shard: 0, slot: 0, generation: 0)

    private func payload(_ count: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    }

    private func publish(_ source: Source, expiresAt: MonotonicTime? = nil) throws -> OutgoingPublish {
        let now = MonotonicTime(milliseconds: 0)
        let packet = Publish(
            topic: "some/topic",
            payload: self.payload(source.payload),
            qos: source.qos,
            isRetained: source.isRetained,
            packetIdentifier: source.qos == .atMostOnce ? 0 : 0x1234,
            properties: source.properties
        )
        if source.isObject {
            let message = try Message(
                topic: packet.topic,
                payload: packet.payload,
                qos: packet.qos,
                isRetained: packet.isRetained,
                properties: packet.properties,
                expiresAt: expiresAt
            )
            return OutgoingPublish(message, origin: self.origin, now: now)
        }
        // Behind other bytes, and behind the reader index.
        var buffer = ByteBuffer(string: "before")
        buffer.moveReaderIndex(forwardBy: 2)
        let start = buffer.readableBytes
        try packet.encode(into: &buffer, version: source.version)
        buffer.writeString("behind")
        let span = buffer.readableBytesSpan
        let header = try #require(try FixedHeader.decode(span, at: start))
        let publishHeader = try PublishHeader(
            parsing: span.extracting(start..<start + header.totalLength),
            header: header,
            version: source.version
        )
        return OutgoingPublish(
            packet: publishHeader,
            isVersion5: source.version == .v5,
            in: buffer,
            at: start,
            topicHash: 0,
            origin: self.origin,
            publisher: UTF8String("p"),
            now: now
        )
    }

    private func decode(_ output: inout OutputQueue, _ version: ProtocolVersion) throws -> Publish? {
        var bytes = ByteBuffer()
        output.take().forEach { bytes.writeImmutableBuffer($0) }
        let copy = bytes
        guard let header = try FixedHeader.decode(copy.readableBytesSpan, at: 0) else { return nil }
        bytes.moveReaderIndex(forwardBy: header.headerLength)
        guard case .publish(let publish) = try Packet.decode(header, body: bytes, version: version) else { return nil }
        return publish
    }

    @Test(arguments: sources)
    func allSubscribersGetTheSame(_ source: Source) throws {
        var publish = try self.publish(source)
        for round in 0..<2 {
            for isVersion5 in [false, true] {
                for qos in QoS.allCases where qos <= source.qos {
                    for isRetained in [false, true] {
                        var output = OutputQueue()
                        let identifier: UInt16 = qos == .atMostOnce ? 0 : 77
                        publish.append(
                            to: &output,
                            isVersion5: isVersion5,
                            flags: 0x30 | qos.rawValue << 1 | (isRetained ? 1 : 0),
                            packetIdentifier: identifier
                        )
                        let expected = Publish(
                            topic: "some/topic",
                            payload: self.payload(source.payload),
                            qos: qos,
                            isRetained: isRetained,
                            packetIdentifier: identifier,
                            properties: isVersion5 ? source.properties : []
                        )
                        #expect(try self.decode(&output, isVersion5 ? .v5 : .v3_1_1) == expected, "round \(round)")
                    }
                }
            }
            // What is kept of it is the same too.
            publish = OutgoingPublish(publish.message(), origin: nil, now: publish.now)
        }
        let message = publish.message()
        #expect(message.topic == "some/topic")
        #expect(message.payload == self.payload(source.payload))
        #expect(message.properties == source.properties)
        #expect(message.qos == source.qos && message.isRetained == source.isRetained)
        #expect(message.payloadFormatIndicator == source.properties.payloadFormatIndicator)
    }

    @Test(arguments: [0, 100, 4096], [nil, 0, 1, 1500] as [Int64?])
    func partsThatOneSubscriberHasForItself(payload: Int, expiry: Int64?) throws {
        let source = Source(
            version: .v5,
            qos: .exactlyOnce,
            isRetained: true,
            payload: payload,
            properties: [.contentType("t")],
            isObject: true
        )
        var publish = try self.publish(source, expiresAt: expiry.map { MonotonicTime(milliseconds: $0) })
        for identifiers in [[], [1], [127, 128, 16_384, 268_435_455]] as [[UInt32]] {
            for (alias, omitsTopic) in [(UInt16(0), false), (9, false), (9, true)] {
                for qos in QoS.allCases {
                    let parts = PublishParts(
                        isVersion5: true,
                        qos: qos,
                        isRetained: qos == .atLeastOnce,
                        isDuplicate: qos == .exactlyOnce,
                        packetIdentifier: qos == .atMostOnce ? 0 : 300,
                        topicAlias: alias,
                        omitsTopic: omitsTopic,
                        messageExpiry: publish.remainingExpiry,
                        subscriptionIdentifiers: identifiers
                    )
                    var output = OutputQueue()
                    publish.append(to: &output, parts: parts)
                    #expect(
                        output.byteCount == publish.encodedLength(parts),
                        "the length that limits are judged by"
                    )
                    let decoded = try #require(try self.decode(&output, .v5))
                    #expect(decoded.topic == (omitsTopic ? "" : "some/topic"))
                    #expect(decoded.payload == self.payload(payload))
                    #expect(decoded.qos == qos)
                    #expect(decoded.isRetained == (qos == .atLeastOnce))
                    #expect(decoded.isDuplicate == (qos == .exactlyOnce))
                    #expect(decoded.packetIdentifier == parts.packetIdentifier)
                    #expect(decoded.properties.topicAlias == (alias == 0 ? nil : alias))
                    #expect(decoded.properties.subscriptionIdentifiers == identifiers.map { Int($0) })
                    #expect(decoded.properties.contentType == "t")
                    #expect(decoded.properties.messageExpiryInterval == expiry.map { UInt32(($0 + 999) / 1000) })
                }
            }
        }
    }

    // MARK: Output

    @Test(arguments: 0..<10)
    func theOutputIsWhatWasAppended(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var output = OutputQueue()
        var model = ByteBuffer()
        for _ in 0..<300 {
            let piece = self.payload(Int.random(in: 0...300, using: &generator))
            switch Int.random(in: 0..<8, using: &generator) {
            case 0..<3:
                output.append(piece.readableBytesSpan)
                model.writeImmutableBuffer(piece)
            case 3, 4:
                output.append { $0.writeImmutableBuffer(piece) }
                model.writeImmutableBuffer(piece)
            case 5:
                output.appendShared(piece)
                model.writeImmutableBuffer(piece)
            case 6:
                var laid = ByteBuffer(bytes: [0, 1, 2, 3, 4, 5])
                output.append(laid.readableBytesSpan, flags: 0x3D, packetIdentifier: 0xABCD, at: 3)
                laid.setInteger(UInt8(0x3D), at: 0)
                laid.setInteger(UInt16(0xABCD), at: 3)
                model.writeImmutableBuffer(laid)
            default:
                #expect(output.byteCount == model.readableBytes)
                #expect(output.isEmpty == (model.readableBytes == 0))
                var drained = ByteBuffer()
                output.take().forEach { drained.writeImmutableBuffer($0) }
                #expect(drained == model)
                #expect(output.isEmpty)
                model.clear()
            }
        }
        output.removeAll()
        output.take().forEach { _ in Issue.record("it is empty") }
        #expect(output.byteCount == 0)
    }

    /// A large payload is not copied for each subscriber.
    @Test func largePayloadsAreShared() throws {
        let source = Source(
            version: .v5,
            qos: .atMostOnce,
            isRetained: false,
            payload: 10_000,
            properties: [],
            isObject: true
        )
        var publish = try self.publish(source)
        var output = OutputQueue()
        publish.append(to: &output, isVersion5: true, flags: 0x30, packetIdentifier: 0)
        var sizes: [Int] = []
        output.take().forEach { sizes.append($0.readableBytes) }
        #expect(sizes == [1 + 2 + 2 + 10 + 1, 10_000])
    }
}

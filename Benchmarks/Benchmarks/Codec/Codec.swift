//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Benchmark
import MQTTCodec
import NIOCore

let benchmarks: @Sendable () -> Void = {
    for (name, packet, version) in samples {
        decode(name, packet, version)
        encode(name, packet, version)
    }
    for (name, packet, version) in samples {
        if case .publish = packet { publishHeader(name, packet, version) }
    }
    acknowledgement()
    filters()
}

private let topic = "building/7/floor/3/room/12/temperature"
private let payload = ByteBuffer(repeating: 0x78, count: 64)

private let samples: [(String, Packet, ProtocolVersion)] = [
    ("PUBLISH QoS 0 v3.1.1", .publish(Publish(topic: topic, payload: payload)), .v3_1_1),
    (
        "PUBLISH QoS 1 v3.1.1",
        .publish(Publish(topic: topic, payload: payload, qos: .atLeastOnce, packetIdentifier: 7)), .v3_1_1
    ),
    (
        "PUBLISH QoS 1 v5, 4 properties",
        .publish(
            Publish(
                topic: topic,
                payload: payload,
                qos: .atLeastOnce,
                packetIdentifier: 7,
                properties: [
                    .payloadFormatIndicator(1), .contentType("text/plain"), .responseTopic("answers/7"),
                    .userProperty(name: "unit", value: "celsius"),
                ]
            )
        ), .v5
    ),
    (
        "CONNECT v3.1.1",
        .connect(Connect(version: .v3_1_1, clientIdentifier: "sensor-0012", userName: "sensor")), .v3_1_1
    ),
    (
        "CONNECT v5",
        .connect(
            Connect(
                version: .v5,
                clientIdentifier: "sensor-0012",
                userName: "sensor",
                properties: [.sessionExpiryInterval(3600), .receiveMaximum(100)]
            )
        ), .v5
    ),
    (
        "SUBSCRIBE v5, 2 filters",
        .subscribe(
            Subscribe(
                packetIdentifier: 9,
                filters: [
                    .init(filter: "building/7/#", options: SubscriptionOptions(qos: .atLeastOnce)),
                    .init(filter: "building/+/floor/+/alarm", options: SubscriptionOptions(qos: .exactlyOnce)),
                ]
            )
        ), .v5
    ),
    ("PUBACK v5", .acknowledgement(Acknowledgement(kind: .publishAck, packetIdentifier: 7)), .v5),
]

private func encoded(_ packet: Packet, _ version: ProtocolVersion) -> ByteBuffer {
    var buffer = ByteBuffer()
    do throws(MQTTError) {
        try packet.encode(into: &buffer, version: version)
    } catch {
        fatalError("the sample cannot be encoded: \(error)")
    }
    return buffer
}

private func decode(_ name: String, _ packet: Packet, _ version: ProtocolVersion) {
    measure("decode \(name)", { encoded(packet, version) }) { buffer in
        guard let header = try? FixedHeader.decode(buffer.readableBytesSpan, at: 0),
            let body = buffer.getSlice(at: header.headerLength, length: header.remainingLength),
            let packet = try? Packet.decode(header, body: body, version: version)
        else { fatalError("\(name) cannot be decoded") }
        blackHole(packet)
    }
}

private func encode(_ name: String, _ packet: Packet, _ version: ProtocolVersion) {
    measure("encode \(name)", { encoded(packet, version) }) { buffer in
        buffer.clear()
        try? packet.encode(into: &buffer, version: version)
        blackHole(buffer.readableBytes)
    }
}

/// What the broker does with a PUBLISH it forwards: no strings, no properties.
private func publishHeader(_ name: String, _ packet: Packet, _ version: ProtocolVersion) {
    measure("header \(name)", { encoded(packet, version) }) { buffer in
        let bytes = buffer.readableBytesSpan
        guard let header = try? FixedHeader.decode(bytes, at: 0),
            let parts = try? PublishHeader(parsing: bytes, header: header, version: version)
        else { fatalError("\(name) has no header") }
        blackHole(parts.payloadStart)
    }
}

/// What the broker does to acknowledge.
private func acknowledgement() {
    measure("write PUBACK", { ByteBufferAllocator().buffer(capacity: 64) }) { buffer in
        buffer.clear()
        buffer.writeMQTTAcknowledgement(kind: .publishAck, packetIdentifier: 7, reason: .success, version: .v5)
        blackHole(buffer.readableBytes)
    }
}

private func filters() {
    measure("TopicFilter.init", { "building/+/floor/+/alarm" }) { text in
        blackHole(try? TopicFilter(text))
    }
    guard let filter = try? TopicFilter("building/+/floor/3/#") else { fatalError("no filter") }
    measure("TopicFilter.matches", { filter }) { filter in
        blackHole(filter.matches(topic: topic))
    }
}

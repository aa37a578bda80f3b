//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

/// The packet decoder: any bytes, read in all three versions, directly and as a slice of a larger buffer.
///
/// The first byte says nothing to the decoder that the rest would not: every input is one packet (or the start of one).
/// What can be decoded must survive encoding and decoding again, and a PUBLISH must read the same in both ways the
/// codec has of reading it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDecoder(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = ByteBuffer(bytes: UnsafeBufferPointer(start: start, count: count))
    guard let header = try? FixedHeader.decode(input.readableBytesSpan, at: 0) else { return 0 }
    check((2...5).contains(header.headerLength), "fixed header of \(header.headerLength) bytes")
    check((0...268_435_455).contains(header.remainingLength), "remaining length out of range")
    // Trailing bytes belong to the next packet; a packet that has not arrived whole is not decoded.
    guard let body = input.getSlice(at: header.headerLength, length: header.remainingLength) else { return 0 }
    for version in [ProtocolVersion.v3_1, .v3_1_1, .v5] {
        let packet = try? Packet.decode(header, body: body, version: version)
        if header.type == .publish { comparePublish(packet, input, header, version) }
        if let packet { checkRoundTrip(packet, header.type, version) }
    }
    return 0
}

/// Encodes a packet, and decodes and encodes the result again: same value, same bytes.
private func checkRoundTrip(_ packet: Packet, _ type: PacketType, _ version: ProtocolVersion) {
    check(packet.type == type, "the packet's type changed")
    var version = version
    if case .connect(let connect) = packet { version = connect.version }
    var bytes = ByteBuffer()
    do throws(MQTTError) {
        try packet.encode(into: &bytes, version: version)
    } catch {
        fail("cannot encode what was decoded: \(error)")
    }
    do throws(MQTTError) {
        guard let header = try FixedHeader.decode(bytes.readableBytesSpan, at: 0),
            header.totalLength == bytes.readableBytes,
            let body = bytes.getSlice(at: header.headerLength, length: header.remainingLength)
        else { fail("the encoder's remaining length is wrong") }
        let again = try Packet.decode(header, body: body, version: version)
        check(again == packet, "another value after encoding and decoding: \(packet) became \(again)")
        var bytesAgain = ByteBuffer()
        try again.encode(into: &bytesAgain, version: version)
        check(bytesAgain == bytes, "other bytes after decoding and encoding")
    } catch {
        fail("cannot decode what was encoded: \(error)")
    }
}

/// Compares ``PublishHeader`` with the decoded PUBLISH: both take it or neither, and they say the same.
private func comparePublish(
    _ packet: Packet?,
    _ input: ByteBuffer,
    _ header: FixedHeader,
    _ version: ProtocolVersion
) {
    guard let parts = try? PublishHeader(parsing: input.readableBytesSpan, header: header, version: version) else {
        check(packet == nil, "Packet takes a PUBLISH that PublishHeader refuses")
        return
    }
    guard case .publish(let publish)? = packet else { fail("PublishHeader takes a PUBLISH that Packet refuses") }
    let hasSameFlags =
        parts.qos == publish.qos && parts.isRetained == publish.isRetained && parts.isDuplicate == publish.isDuplicate
    check(hasSameFlags, "other flags")
    check(parts.packetIdentifier == publish.packetIdentifier, "another packet identifier")
    check(parts.totalLength == header.totalLength, "another length")
    check(
        input.getString(at: parts.topicStart, length: parts.topicLength) == publish.topic,
        "another topic"
    )
    check(input.getSlice(at: parts.payloadStart, length: parts.payloadLength) == publish.payload, "another payload")
    check(parts.topicAlias == (publish.properties.topicAlias ?? 0), "another topic alias")
    check(parts.messageExpiryInterval == publish.properties.messageExpiryInterval, "another expiry")
}

/// Ends the run, with a reason, unless the condition holds.
private func check(_ condition: Bool, _ reason: @autoclosure () -> String) {
    if !condition { fail(reason()) }
}

/// A trap is what libFuzzer records as a crash.
private func fail(_ reason: String) -> Never { fatalError(reason) }

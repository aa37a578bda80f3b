//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

/// Bytes from hex pairs and text in single quotes: `00 04 'MQTT'`.
func bytes(_ notation: String) -> ByteBuffer {
    var buffer = ByteBuffer()
    for (index, part) in notation.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
        if index % 2 == 1 {
            buffer.writeString(String(part))
        } else {
            let digits = part.filter { $0 != " " && $0 != "\n" }
            var rest = digits[...]
            while !rest.isEmpty {
                guard let byte = UInt8(rest.prefix(2), radix: 16) else {
                    Issue.record("not hex: \(rest)")
                    break
                }
                buffer.writeInteger(byte)
                rest = rest.dropFirst(2)
            }
        }
    }
    return buffer
}

/// Decodes exactly one packet, the way a connection does.
func decodeWhole(_ buffer: ByteBuffer, version: ProtocolVersion) throws(MQTTError) -> Packet? {
    guard let header = try FixedHeader.decode(buffer.readableBytesSpan, at: 0) else { return nil }
    let start = buffer.readerIndex + header.headerLength
    guard let body = buffer.getSlice(at: start, length: header.remainingLength) else { return nil }
    return try Packet.decode(header, body: body, version: version)
}

/// A packet made of a first byte and a body, with the right remaining length.
func packet(first: UInt8, body: ByteBuffer) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(first)
    buffer.writeMQTTVariableInteger(body.readableBytes)
    buffer.writeImmutableBuffer(body)
    return buffer
}

/// The version a value is encoded for: a CONNECT brings its own.
func versionToEncode(_ packet: Packet, _ version: ProtocolVersion) -> ProtocolVersion {
    if case .connect(let connect) = packet { connect.version } else { version }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@Suite("Golden packets")
struct GoldenPacketTests {
    @Test("decodes to the expected value", arguments: GoldenPacket.all)
    func decodes(_ golden: GoldenPacket) throws {
        #expect(try decodeWhole(golden.bytes, version: golden.version) == golden.value)
    }

    @Test("encodes to the expected bytes", arguments: GoldenPacket.all)
    func encodes(_ golden: GoldenPacket) throws {
        var buffer = ByteBuffer(string: "before")
        try golden.value.encode(into: &buffer, version: golden.version)
        buffer.moveReaderIndex(forwardBy: 6)
        if golden.isCanonical {
            #expect(buffer == golden.bytes)
        } else {
            #expect(buffer != golden.bytes)
            #expect(try decodeWhole(buffer, version: golden.version) == golden.value)
        }
    }

    @Test("decodes behind other bytes, as a slice of a larger buffer", arguments: GoldenPacket.all)
    func decodesInside(_ golden: GoldenPacket) throws {
        var stream = ByteBuffer(string: "xyz")
        stream.writeImmutableBuffer(golden.bytes)
        stream.writeString("tail")
        let header = try #require(try FixedHeader.decode(stream.readableBytesSpan, at: 3))
        #expect(header.totalLength == golden.bytes.readableBytes)
        let body = try #require(stream.getSlice(at: 3 + header.headerLength, length: header.remainingLength))
        #expect(try Packet.decode(header, body: body, version: golden.version) == golden.value)
    }

    @Test("waits for its last byte when fed byte by byte", arguments: GoldenPacket.all)
    func feedsByteByByte(_ golden: GoldenPacket) throws {
        let whole = try #require(try FixedHeader.decode(golden.bytes.readableBytesSpan, at: 0))
        var arrived = ByteBuffer()
        for byte in golden.bytes.readableBytesView {
            let header = try FixedHeader.decode(arrived.readableBytesSpan, at: 0)
            #expect(header == (arrived.readableBytes < whole.headerLength ? nil : whole))
            if let header,
                let body = arrived.getSlice(
                    at: header.headerLength,
                    length: arrived.readableBytes - header.headerLength
                )
            {
                #expect(throws: MQTTError.malformed("packet is not complete")) {
                    try Packet.decode(header, body: body, version: golden.version)
                }
            }
            arrived.writeInteger(byte)
        }
        #expect(try decodeWhole(arrived, version: golden.version) == golden.value)
    }

    @Test("cut short at any length is an error or another value", arguments: GoldenPacket.all)
    func truncates(_ golden: GoldenPacket) throws {
        let header = try #require(try FixedHeader.decode(golden.bytes.readableBytesSpan, at: 0))
        let first = try #require(golden.bytes.getInteger(at: 0, as: UInt8.self))
        for length in 0..<header.remainingLength {
            let body = try #require(golden.bytes.getSlice(at: header.headerLength, length: length))
            let cut = packet(first: first, body: body)
            guard let value = try? decodeWhole(cut, version: golden.version) else { continue }
            if golden.isCanonical { #expect(value != golden.value, "\(length) bytes") }
            try expectRoundTrip(value, golden.version)
        }
    }

    @Test("with a byte too many is malformed, unless it ends in a payload or a list", arguments: GoldenPacket.all)
    func appends(_ golden: GoldenPacket) throws {
        let header = try #require(try FixedHeader.decode(golden.bytes.readableBytesSpan, at: 0))
        let first = try #require(golden.bytes.getInteger(at: 0, as: UInt8.self))
        var body = try #require(golden.bytes.getSlice(at: header.headerLength, length: header.remainingLength))
        body.writeInteger(0xFF, as: UInt8.self)
        let value = try? decodeWhole(packet(first: first, body: body), version: golden.version)
        if header.type == .publish {
            #expect(value != nil && value != golden.value)
        } else {
            #expect(value == nil)
        }
    }

    @Test("with flipped bits never traps, and what still decodes survives a round trip", arguments: GoldenPacket.all)
    func flips(_ golden: GoldenPacket) throws {
        var generator = SeededGenerator(seed: UInt64(golden.bytes.readableBytes) &* 0x1234_5678_9ABC_DEF1)
        let count = golden.bytes.readableBytes
        for _ in 0..<400 {
            var buffer = golden.bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<count, using: &generator)
                let old = try #require(buffer.getInteger(at: index, as: UInt8.self))
                buffer.setInteger(old ^ (1 << UInt8.random(in: 0...7, using: &generator)), at: index)
            }
            for version in ProtocolVersion.allCases {
                guard let value = try? decodeWhole(buffer, version: version) else { continue }
                try expectRoundTrip(value, version)
            }
        }
    }

    @Test("random bytes never trap")
    func randomBytes() throws {
        var generator = SeededGenerator(seed: 42)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &generator)
            // Small numbers are lengths and identifiers: they get deeper than evenly spread bytes.
            let body = ByteBuffer(
                bytes: (0..<count).map { _ in
                    Bool.random(using: &generator)
                        ? UInt8.random(in: 0...5, using: &generator) : .random(in: 0...255, using: &generator)
                }
            )
            let buffer = packet(first: UInt8.random(in: 0x10...0xFF, using: &generator), body: body)
            for version in ProtocolVersion.allCases {
                guard let value = try? decodeWhole(buffer, version: version) else { continue }
                try expectRoundTrip(value, version)
            }
        }
    }

    @Test("the table covers every packet type in every version, and every property")
    func coverage() {
        for version in ProtocolVersion.allCases {
            let types = Set(GoldenPacket.all.filter { $0.version == version }.map(\.value.type))
            #expect(types == Set(PacketType.allCases).subtracting(version == .v5 ? [] : [.auth]))
        }
        var identifiers: Set<PropertyIdentifier> = []
        for golden in GoldenPacket.all { identifiers.formUnion(golden.value.allProperties.map(\.identifier)) }
        #expect(identifiers == Set(PropertyIdentifier.allCases))
    }

    /// Encodes a value and expects to get it back.
    private func expectRoundTrip(_ value: Packet, _ version: ProtocolVersion) throws {
        let version = versionToEncode(value, version)
        var buffer = ByteBuffer()
        try value.encode(into: &buffer, version: version)
        #expect(try decodeWhole(buffer, version: version) == value)
    }
}

extension Packet {
    /// The properties of any packet, with those of a will.
    fileprivate var allProperties: [Property] {
        switch self {
        case .connect(let packet): Array(packet.properties) + Array(packet.will?.properties ?? [])
        case .connectAck(let packet): Array(packet.properties)
        case .publish(let packet): Array(packet.properties)
        case .acknowledgement(let packet): Array(packet.properties)
        case .subscribe(let packet): Array(packet.properties)
        case .subscribeAck(let packet): Array(packet.properties)
        case .unsubscribe(let packet): Array(packet.properties)
        case .unsubscribeAck(let packet): Array(packet.properties)
        case .pingRequest, .pingResponse: []
        case .disconnect(let packet): Array(packet.properties)
        case .auth(let packet): Array(packet.properties)
        }
    }
}

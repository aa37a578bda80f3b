//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

/// What MQTT 3.1 allows in the fixed header and later versions do not.
@Suite struct RepetitionFlagTests {
    @Test(arguments: [0x6A, 0x8A, 0xAA] as [UInt8])
    func aRepetitionIsMarkedIn3_1Only(_ first: UInt8) throws {
        let bytes = ByteBuffer(bytes: [first, 2, 0, 1])
        let header = try FixedHeader.decode(bytes.readableBytesSpan, at: 0, version: .v3_1)
        #expect(header?.type == PacketType(rawValue: first >> 4))
        for version in [ProtocolVersion.v3_1_1, .v5] {
            #expect(throws: MQTTError.self) {
                try FixedHeader.decode(bytes.readableBytesSpan, at: 0, version: version)
            }
        }
    }

    @Test func otherFlagsStayReservedIn3_1() {
        for first in [0x88, 0x8B, 0xC8, 0xE8, 0x4A] as [UInt8] {
            let bytes = ByteBuffer(bytes: [first, 0])
            #expect(throws: MQTTError.self) {
                try FixedHeader.decode(bytes.readableBytesSpan, at: 0, version: .v3_1)
            }
        }
    }
}

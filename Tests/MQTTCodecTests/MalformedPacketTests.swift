//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@Suite("Malformed packets")
struct MalformedPacketTests {
    @Test("are refused with the standard's reason", arguments: MalformedPacket.all)
    func refuses(_ malformed: MalformedPacket) {
        let error = #expect(throws: MQTTError.self) { try decodeWhole(malformed.bytes, version: malformed.version) }
        #expect(error?.reason == malformed.reason, "\(String(describing: error))")
    }

    @Test("every property is refused where table 2-4 does not list it", arguments: PropertyContext.allCases)
    func propertyContexts(_ context: PropertyContext) throws {
        let samples: [(PropertyIdentifier, String)] = [
            (.payloadFormatIndicator, "01 01"), (.messageExpiryInterval, "02 00 00 00 01"), (.contentType, "03 00 00"),
            (.responseTopic, "08 00 01 'r'"), (.correlationData, "09 00 00"), (.subscriptionIdentifier, "0B 01"),
            (.sessionExpiryInterval, "11 00 00 00 00"), (.assignedClientIdentifier, "12 00 00"),
            (.serverKeepAlive, "13 00 00"), (.authenticationMethod, "15 00 00"),
            (.authenticationData, "15 00 00 16 00 00"), (.requestProblemInformation, "17 01"),
            (.willDelayInterval, "18 00 00 00 00"), (.requestResponseInformation, "19 00"),
            (.responseInformation, "1A 00 00"), (.serverReference, "1C 00 00"), (.reasonString, "1F 00 00"),
            (.receiveMaximum, "21 00 01"), (.topicAliasMaximum, "22 00 00"), (.topicAlias, "23 00 01"),
            (.maximumQoS, "24 00"), (.retainAvailable, "25 01"), (.userProperty, "26 00 00 00 00"),
            (.maximumPacketSize, "27 00 00 00 01"), (.wildcardSubscriptionAvailable, "28 01"),
            (.subscriptionIdentifierAvailable, "29 01"), (.sharedSubscriptionAvailable, "2A 01"),
        ]
        #expect(Set(samples.map(\.0)) == Set(PropertyIdentifier.allCases))
        // Table 2-4 by rows, as the numbers of the identifiers.
        let expected: Set<UInt8> =
            switch context {
            case .connect: [0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27]
            case .will: [0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]
            case .connectAck:
                [
                    0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29,
                    0x2A,
                ]
            case .publish: [0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26]
            case .publishAck, .subscribeAck, .unsubscribeAck: [0x1F, 0x26]
            case .subscribe: [0x0B, 0x26]
            case .unsubscribe: [0x26]
            case .disconnect: [0x11, 0x1C, 0x1F, 0x26]
            case .auth: [0x15, 0x16, 0x1F, 0x26]
            }
        for (identifier, hex) in samples {
            var block = ByteBuffer()
            let content = bytes(hex)
            block.writeMQTTVariableInteger(content.readableBytes)
            block.writeImmutableBuffer(content)
            if expected.contains(identifier.rawValue) {
                let properties = try Properties.decode(from: &block, in: context)
                #expect(properties.last?.identifier == identifier)
                #expect(block.readableBytes == 0)
            } else {
                let error = #expect(throws: MQTTError.self) { try Properties.decode(from: &block, in: context) }
                #expect(error?.reason == .malformedPacket, "\(identifier)")
            }
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@Suite("Properties")
struct PropertiesTests {
    @Test("are set where they were, or at the end, and removed by nil")
    func setters() {
        var properties: Properties = [.receiveMaximum(1), .userProperty(name: "a", value: "b")]
        properties.sessionExpiryInterval = 5
        properties.receiveMaximum = 2
        #expect(properties == [.receiveMaximum(2), .userProperty(name: "a", value: "b"), .sessionExpiryInterval(5)])
        properties.receiveMaximum = nil
        #expect(properties == [.userProperty(name: "a", value: "b"), .sessionExpiryInterval(5)])
        #expect(properties.receiveMaximum == nil)
        properties.subscriptionIdentifiers = [1, 2]
        properties.userProperties = [(name: "c", value: "d")]
        #expect(properties.subscriptionIdentifiers == [1, 2])
        #expect(properties.userProperties.map(\.name) == ["c"])
        #expect(
            properties == [
                .sessionExpiryInterval(5), .subscriptionIdentifier(1), .subscriptionIdentifier(2),
                .userProperty(name: "c", value: "d"),
            ]
        )
    }

    /// Writes a value through a name and reads it back, from a list that already has others.
    private func check<Value: Equatable & Sendable>(
        _ path: WritableKeyPath<Properties, Value?>,
        _ value: Value,
        _ property: Property
    ) {
        var properties: Properties = [.userProperty(name: "a", value: "b")]
        #expect(properties[keyPath: path] == nil)
        properties[keyPath: path] = value
        #expect(properties == [.userProperty(name: "a", value: "b"), property])
        #expect(properties[keyPath: path] == value)
        properties[keyPath: path] = nil
        #expect(properties == [.userProperty(name: "a", value: "b")])
    }

    @Test("each has a name")
    func names() {
        let data = ByteBuffer(bytes: [1])
        check(\.payloadFormatIndicator, 1, .payloadFormatIndicator(1))
        check(\.messageExpiryInterval, 2, .messageExpiryInterval(2))
        check(\.contentType, "c", .contentType("c"))
        check(\.responseTopic, "r", .responseTopic("r"))
        check(\.correlationData, data, .correlationData(data))
        check(\.sessionExpiryInterval, 3, .sessionExpiryInterval(3))
        check(\.assignedClientIdentifier, "i", .assignedClientIdentifier("i"))
        check(\.serverKeepAlive, 4, .serverKeepAlive(4))
        check(\.authenticationMethod, "m", .authenticationMethod("m"))
        check(\.authenticationData, data, .authenticationData(data))
        check(\.requestProblemInformation, false, .requestProblemInformation(false))
        check(\.willDelayInterval, 5, .willDelayInterval(5))
        check(\.requestResponseInformation, true, .requestResponseInformation(true))
        check(\.responseInformation, "i", .responseInformation("i"))
        check(\.serverReference, "s", .serverReference("s"))
        check(\.reasonString, "r", .reasonString("r"))
        check(\.receiveMaximum, 6, .receiveMaximum(6))
        check(\.topicAliasMaximum, 7, .topicAliasMaximum(7))
        check(\.topicAlias, 8, .topicAlias(8))
        check(\.maximumQoS, 1, .maximumQoS(1))
        check(\.retainAvailable, true, .retainAvailable(true))
        check(\.maximumPacketSize, 9, .maximumPacketSize(9))
        check(\.wildcardSubscriptionAvailable, true, .wildcardSubscriptionAvailable(true))
        check(\.subscriptionIdentifierAvailable, false, .subscriptionIdentifierAvailable(false))
        check(\.sharedSubscriptionAvailable, false, .sharedSubscriptionAvailable(false))
    }

    @Test("know how many bytes they will be", arguments: GoldenPacket.all)
    func lengths(_ golden: GoldenPacket) throws {
        guard case .connectAck(let packet) = golden.value else { return }
        var buffer = ByteBuffer()
        try packet.properties.encode(into: &buffer)
        #expect(buffer.readableBytes == packet.properties.encodedLength)
        buffer.clear()
        try packet.properties.encodeWithoutLength(into: &buffer)
        #expect(buffer.readableBytes == packet.properties.encodedLengthWithoutPrefix)
    }

    @Test("leave the buffer behind them")
    func leavesRest() throws {
        var buffer = bytes("03 21 00 05 'rest'")
        #expect(try Properties.decode(from: &buffer, in: .connect) == [.receiveMaximum(5)])
        #expect(buffer == ByteBuffer(string: "rest"))
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

/// A body of CONNECT that is refused, with the reason and the form of the answer.
struct RefusedConnect: Sendable, CustomTestStringConvertible {
    let name: String
    let body: ByteBuffer
    let reason: ReasonCode
    let answer: ProtocolVersion?

    init(_ name: String, _ hex: String, _ reason: ReasonCode, answer: ProtocolVersion?) {
        self.name = name
        self.body = bytes(hex)
        self.reason = reason
        self.answer = answer
    }

    var testDescription: String { name }

    static let all: [RefusedConnect] = [
        RefusedConnect("nothing", "", .malformedPacket, answer: nil),
        RefusedConnect("half a name", "00 04 'MQ'", .malformedPacket, answer: nil),
        RefusedConnect("another name", "00 04 'HTTP' 04 02 00 3C 00 00", .protocolError, answer: nil),
        RefusedConnect("name in small letters", "00 04 'mqtt' 04 02 00 3C 00 00", .protocolError, answer: nil),
        RefusedConnect("empty name", "00 00 04 02 00 3C 00 00", .protocolError, answer: nil),
        RefusedConnect("name not UTF-8", "00 04 FF FF FF FF 04 02 00 3C 00 00", .malformedPacket, answer: nil),
        RefusedConnect("no level", "00 04 'MQTT'", .malformedPacket, answer: nil),
        RefusedConnect("MQTT 6", "00 04 'MQTT' 06 02 00 3C 00 00", .unsupportedProtocolVersion, answer: .v5),
        RefusedConnect("MQTT 127", "00 04 'MQTT' 7F 02 00 3C 00 00", .unsupportedProtocolVersion, answer: .v5),
        RefusedConnect("MQTT 3", "00 04 'MQTT' 03 02 00 3C 00 00", .unsupportedProtocolVersion, answer: .v3_1_1),
        RefusedConnect("MQTT 0", "00 04 'MQTT' 00 02 00 3C 00 00", .unsupportedProtocolVersion, answer: .v3_1_1),
        RefusedConnect("MQIsdp 4", "00 06 'MQIsdp' 04 02 00 3C 00 00", .unsupportedProtocolVersion, answer: .v3_1),
        RefusedConnect("MQIsdp 5", "00 06 'MQIsdp' 05 02 00 3C 00 00", .unsupportedProtocolVersion, answer: .v3_1),
        RefusedConnect("no flags", "00 04 'MQTT' 04", .malformedPacket, answer: nil),
        RefusedConnect("no flags in 5.0", "00 04 'MQTT' 05", .malformedPacket, answer: .v5),
        RefusedConnect("reserved flag", "00 04 'MQTT' 04 03 00 3C 00 00", .malformedPacket, answer: nil),
        RefusedConnect("reserved flag in 5.0", "00 04 'MQTT' 05 03 00 3C 00 00 00", .malformedPacket, answer: .v5),
        RefusedConnect(
            "will QoS 3",
            "00 04 'MQTT' 04 1E 00 3C 00 00 00 01 'w' 00 00",
            .malformedPacket,
            answer: nil
        ),
        RefusedConnect("will QoS without will", "00 04 'MQTT' 04 0A 00 3C 00 00", .malformedPacket, answer: nil),
        RefusedConnect("will retain without will", "00 04 'MQTT' 05 22 00 3C 00 00 00", .malformedPacket, answer: .v5),
        RefusedConnect(
            "password without user name",
            "00 04 'MQTT' 04 42 00 3C 00 00 00 01 'p'",
            .malformedPacket,
            answer: nil
        ),
        RefusedConnect(
            "password without user name in 3.1",
            "00 06 'MQIsdp' 03 42 00 3C 00 00 00 01 'p'",
            .malformedPacket,
            answer: nil
        ),
        RefusedConnect("user name missing", "00 04 'MQTT' 04 82 00 3C 00 00", .malformedPacket, answer: nil),
        RefusedConnect("half a keep alive", "00 04 'MQTT' 04 02 00", .malformedPacket, answer: nil),
        RefusedConnect("no client identifier", "00 04 'MQTT' 04 02 00 3C", .malformedPacket, answer: nil),
        RefusedConnect("bytes behind", "00 04 'MQTT' 04 02 00 3C 00 00 00", .malformedPacket, answer: nil),
        RefusedConnect("bytes behind in 5.0", "00 04 'MQTT' 05 02 00 3C 00 00 00 00", .malformedPacket, answer: .v5),
        RefusedConnect("empty will topic", "00 04 'MQTT' 04 06 00 3C 00 00 00 00 00 00", .malformedPacket, answer: nil),
        RefusedConnect(
            "empty will topic in 5.0",
            "00 04 'MQTT' 05 06 00 3C 00 00 00 00 00 00 00 00",
            .topicNameInvalid,
            answer: .v5
        ),
        RefusedConnect(
            "wildcard in the will topic",
            "00 04 'MQTT' 05 06 00 3C 00 00 00 00 00 01 '#' 00 00",
            .topicNameInvalid,
            answer: .v5
        ),
        RefusedConnect(
            "will payload too long",
            "00 04 'MQTT' 05 06 00 3C 00 00 00 00 00 01 'w' 00 05 'abc'",
            .malformedPacket,
            answer: .v5
        ),
        RefusedConnect(
            "receive maximum 0",
            "00 04 'MQTT' 05 02 00 3C 03 21 00 00 00 00",
            .protocolError,
            answer: .v5
        ),
        RefusedConnect(
            "maximum packet size 0",
            "00 04 'MQTT' 05 02 00 3C 05 27 00 00 00 00 00 00",
            .protocolError,
            answer: .v5
        ),
        RefusedConnect(
            "request problem information 2",
            "00 04 'MQTT' 05 02 00 3C 02 17 02 00 00",
            .protocolError,
            answer: .v5
        ),
        RefusedConnect(
            "authentication data without method",
            "00 04 'MQTT' 05 02 00 3C 03 16 00 00 00 00",
            .protocolError,
            answer: .v5
        ),
        RefusedConnect(
            "will delay outside the will",
            "00 04 'MQTT' 05 02 00 3C 05 18 00 00 00 01 00 00",
            .malformedPacket,
            answer: .v5
        ),
        RefusedConnect(
            "session expiry inside the will",
            "00 04 'MQTT' 05 06 00 3C 00 00 00 05 11 00 00 00 01 00 01 'w' 00 00",
            .malformedPacket,
            answer: .v5
        ),
    ]
}

@Suite("CONNECT")
struct ConnectTests {
    @Test("is refused with a reason and the right form of answer", arguments: RefusedConnect.all)
    func refuses(_ refused: RefusedConnect) {
        var body = refused.body
        let error = #expect(throws: ConnectError.self) { try Connect.decode(&body) }
        #expect(error?.error.reason == refused.reason, "\(String(describing: error))")
        #expect(error?.version == refused.answer)
    }

    @Test("a will does not keep the network's buffer")
    func copiesWill() throws {
        let large = ByteBuffer(repeating: 0, count: 1 << 20)
        var stream = large
        let start = stream.writerIndex
        stream.writeImmutableBuffer(bytes("00 04 'MQTT' 04 06 00 3C 00 00 00 01 'w' 00 02 'hi'"))
        var body = try #require(stream.getSlice(at: start, length: stream.writerIndex - start))
        let will = try #require(try Connect.decode(&body).will)
        #expect(will.payload == ByteBuffer(string: "hi"))
        #expect(will.payload.storageCapacity < 1024)
    }

    @Test("a description never shows what the client sent")
    func hidesSecrets() {
        var body = bytes("00 04 'MQTT' 04 C2 00 3C 00 00 00 06 'secret' 00 06 'secret' 00")
        let error = #expect(throws: ConnectError.self) { try Connect.decode(&body) }
        #expect(error.map { "\($0)" }?.contains("secret") == false)
    }

    @Test("return codes before 5.0")
    func returnCodes() {
        let expected: [(ReasonCode, UInt8)] = [
            (.success, 0), (.unsupportedProtocolVersion, 1), (.clientIdentifierNotValid, 2), (.serverUnavailable, 3),
            (.serverBusy, 3), (.serverShuttingDown, 3), (.quotaExceeded, 3), (.connectionRateExceeded, 3),
            (.badUserNameOrPassword, 4), (.notAuthorized, 5), (.banned, 5), (.badAuthenticationMethod, 5),
            (.unspecifiedError, 5), (.packetTooLarge, 5),
        ]
        for (reason, code) in expected { #expect(ConnectAck(reason: reason).returnCode3 == code, "\(reason)") }
    }
}

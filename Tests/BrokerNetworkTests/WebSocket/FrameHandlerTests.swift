//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOEmbedded
import Testing

@testable import BrokerNetwork

@Suite struct FrameHandlerTests {
    static func close(_ code: UInt16) -> [UInt8] { [0x88, 2, UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] }

    @Test func manyFramesOfOneReadAreOneRead() throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        socket.send(.binary([1]), .binary([2, 3], final: false), .ping(), .continuation([4]), .binary([]))
        #expect(socket.mqtt.received == [1, 2, 3, 4])
        #expect(socket.mqtt.reads == 1)
    }

    @Test func nothingIsHandedOnWhereThereIsNothing() throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        socket.send(.binary([]), .pong([1]), .ping())
        #expect(socket.mqtt.reads == 0)
    }

    @Test func pings() throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        socket.send(.ping([1, 2, 3]))
        #expect(socket.output() == [0x8A, 3, 1, 2, 3])
        // Only the last one of a read needs an answer.
        socket.send(.ping([1]), .ping([2]), .binary([9]), .ping())
        #expect(socket.output() == [0x8A, 0])
        socket.send(.pong([1]))
        #expect(socket.output() == [])
        socket.send(.ping(Array(repeating: 7, count: 125)))
        #expect(socket.output() == [0x8A, 125] + Array(repeating: 7, count: 125))
    }

    /// Somebody who pings and does not read gets one answer once he does.
    @Test func pingsWithoutReading() throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        socket.channel.isWritable = false
        for number in 0..<100 { socket.send(.ping([UInt8(number)])) }
        #expect(socket.output() == [])
        socket.channel.isWritable = true
        socket.channel.pipeline.fireChannelWritabilityChanged()
        #expect(socket.output() == [0x8A, 1, 99])
        #expect(socket.mqtt.writabilityChanges == 1)
        socket.channel.pipeline.fireChannelWritabilityChanged()
        #expect(socket.output() == [])
    }

    @Test func theClientCloses() throws {
        for (frame, answer) in [
            (ClientFrame.close(), 1000), (.close(code: 1000), 1000), (.close(code: 1001, reason: "gone"), 1001),
            (.close(code: 4000), 4000),
        ] as [(ClientFrame, UInt16)] {
            let socket = try EmbeddedSocket.upgraded()
            defer { socket.finish() }
            socket.send(.binary([1]), frame, .binary([2]))
            #expect(socket.output() == Self.close(answer))
            #expect(socket.mqtt.received == [1] && socket.mqtt.ends == 1)
            #expect(socket.wire.isOutputClosed && !socket.wire.isClosed)
            // It is over: no frame is read or written any more.
            socket.send(.binary([3]), .ping())
            socket.answer(ByteBuffer(bytes: [4]))
            #expect(socket.output() == [] && socket.mqtt.received == [1])
            socket.loop.advanceTime(by: .seconds(2))
            #expect(socket.wire.isClosed && socket.mqtt.ends == 1)
        }
    }

    @Test func theClientBreaksTheRules() throws {
        let cases: [([UInt8], UInt16)] = [
            (ClientFrame(opcode: 1, payload: [0x61]).bytes, 1003),
            (ClientFrame(opcode: 2, mask: nil).bytes, 1002),
            (ClientFrame(opcode: 2, reserved: 4).bytes, 1002),
            (ClientFrame(opcode: 5).bytes, 1002),
            (ClientFrame.close([0x03, 0xE8, 0xFF]).bytes, 1007),
            (ClientFrame.close(code: 1005).bytes, 1002),
            (ClientFrame.binary(Array(repeating: 0, count: 1001)).bytes, 1009),
        ]
        for (bytes, code) in cases {
            let socket = try EmbeddedSocket.upgraded(maximumFrameSize: 1000)
            defer { socket.finish() }
            socket.send(ClientFrame.binary([1]).bytes + bytes)
            #expect(socket.output() == Self.close(code), "\(bytes.prefix(8))")
            #expect(socket.mqtt.received == [1] && socket.mqtt.ends == 1)
            #expect(socket.wire.isOutputClosed && !socket.wire.isClosed)
            socket.send(.binary([2]))
            #expect(socket.mqtt.received == [1])
            socket.loop.advanceTime(by: .seconds(2))
            #expect(socket.wire.isClosed && socket.mqtt.ends == 1)
        }
    }

    @Test func theLargestFrame() throws {
        let socket = try EmbeddedSocket.upgraded(maximumFrameSize: 1000)
        defer { socket.finish() }
        socket.send(.binary(Array(repeating: 5, count: 1000)))
        #expect(socket.mqtt.received == Array(repeating: 5, count: 1000))
    }

    /// The MQTT handler closes behind its last words.
    @Test func lastWords() throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        socket.answer(ByteBuffer(bytes: [0xE0, 0]))
        socket.mqtt.context?.close(mode: .output, promise: nil)
        #expect(socket.output() == [0x82, 2, 0xE0, 0] + Self.close(1000))
        #expect(socket.wire.isOutputClosed && !socket.wire.isClosed && socket.mqtt.ends == 0)
        socket.answer(ByteBuffer(bytes: [1]))
        socket.send(.ping())
        #expect(socket.output() == [])
        // The client's close is the last thing to wait for.
        socket.send(.close(code: 1000))
        #expect(socket.output() == [])
        #expect(socket.wire.isClosed && socket.mqtt.ends == 1)
    }

    @Test func aClientThatGoesWithoutAWord() throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        socket.channel.close(promise: nil)
        #expect(socket.mqtt.ends == 1)
    }

    @Test(arguments: [1, 125, 126, 1024, 1025, 65_535, 65_536, 262_144]) func frames(_ count: Int) throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let writes = socket.wire.writes
        socket.answer(ByteBuffer(bytes: payload))
        let big = { (value: Int, width: Int) in (0..<width).map { UInt8(value >> (8 * (width - 1 - $0)) & 0xFF) } }
        let header: [UInt8] =
            count < 126 ? [UInt8(count)] : count < 65_536 ? [126] + big(count, 2) : [127] + big(count, 8)
        #expect(socket.output() == [0x82] + header + payload)
        // A small payload travels with its header, a large one is not copied.
        #expect(socket.wire.writes - writes == (count <= 1024 ? 1 : 2))
    }

    @Test func aVeryLargeBufferIsSeveralFrames() throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        let limit = 256 * 1024
        socket.answer(ByteBuffer(repeating: 1, count: 2 * limit + 5))
        let header: [UInt8] = [0x82, 127, 0, 0, 0, 0, 0, 4, 0, 0]
        let part = header + Array(repeating: 1, count: limit)
        #expect(socket.output() == part + part + [0x82, 5, 1, 1, 1, 1, 1])
    }

    @Test func eachBufferIsAFrame() throws {
        let socket = try EmbeddedSocket.upgraded()
        defer { socket.finish() }
        socket.answer(ByteBuffer(bytes: [1, 2]), ByteBuffer(bytes: [3]))
        #expect(socket.output() == [0x82, 2, 1, 2, 0x82, 1, 3])
    }
}

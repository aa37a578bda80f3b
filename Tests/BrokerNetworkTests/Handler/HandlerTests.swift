//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import NIOEmbedded
import Testing

@testable import BrokerCore
@testable import BrokerNetwork

extension NetworkTests {
    /// What passes between the handler and its socket.
    @Suite struct HandlerTests {
        @Test func manyPacketsInOneReadCauseOneFlushAConnection() async throws {
            try await EmbeddedShard.with { broker in
                let (subscriber, subscriberEar) = try broker.open()
                let (publisher, publisherEar) = try broker.open()
                let (idle, idleEar) = try broker.open()
                try subscriber.writeInbound(broker.bytes(broker.connect("s"), broker.subscribe("t")))
                try publisher.writeInbound(broker.bytes(broker.connect("p")))
                try idle.writeInbound(broker.bytes(broker.connect("i")))
                broker.loop.run()
                #expect([subscriberEar, publisherEar, idleEar].map(\.flushes) == [1, 1, 1])

                var burst = ByteBuffer()
                for number in 1...50 {
                    var packet = try broker.bytes(broker.publish("\(number)", UInt16(number)))
                    burst.writeBuffer(&packet)
                }
                try publisher.writeInbound(burst)
                // Nothing leaves before the turn ends.
                #expect([subscriberEar, publisherEar, idleEar].map(\.flushes) == [1, 1, 1])
                broker.loop.run()
                #expect([subscriberEar, publisherEar, idleEar].map(\.flushes) == [2, 2, 1])
                #expect([subscriberEar, publisherEar, idleEar].map(\.writes) == [2, 2, 1])
                #expect(broker.shard.metrics.messagesSent == 50)
            }
        }

        @Test func aSocketThatTakesNoMoreIsNotWrittenTo() async throws {
            try await EmbeddedShard.with { broker in
                let (subscriber, ear) = try broker.open()
                try subscriber.writeInbound(broker.bytes(broker.connect("s"), broker.subscribe("t")))
                broker.loop.run()
                let (publisher, _) = try broker.open()
                try publisher.writeInbound(broker.bytes(broker.connect("p")))
                subscriber.isWritable = false
                for number in 1...3 {
                    try publisher.writeInbound(broker.bytes(broker.publish("\(number)", UInt16(number))))
                    broker.loop.run()
                }
                #expect(ear.flushes == 1)
                subscriber.isWritable = true
                subscriber.pipeline.fireChannelWritabilityChanged()
                broker.loop.run()
                #expect(ear.flushes == 2 && ear.writes == 2)
            }
        }

        /// The write fails on the spot, and the end of the connection comes back while its output is being sent.
        @Test func aConnectionThatBreaksWhileItIsWrittenToLosesNothing() async throws {
            try await EmbeddedShard.with { broker in
                let (subscriber, ear) = try broker.open()
                try subscriber.writeInbound(broker.bytes(broker.connect("s"), broker.subscribe("t")))
                let (publisher, publisherEar) = try broker.open()
                try publisher.writeInbound(broker.bytes(broker.connect("p")))
                broker.loop.run()

                ear.breaksOnFlush = true
                try publisher.writeInbound(
                    broker.bytes(broker.publish("1", 1), broker.publish("2", 2), broker.publish("3", 3))
                )
                broker.loop.run()
                #expect(publisherEar.flushes == 2)
                #expect(broker.shard.connections.count == 1)
                #expect(broker.shard.metrics.clientsConnected == 1)
                #expect(broker.shard.metrics.sessions == 2)

                let (again, _) = try broker.open()
                try again.writeInbound(broker.bytes(broker.connect("s")))
                broker.loop.run()
                var output = try #require(try again.readOutbound(as: ByteBuffer.self))
                var texts: [String] = []
                while let header = try FixedHeader.decode(output.readableBytesSpan, at: 0) {
                    output.moveReaderIndex(forwardBy: header.headerLength)
                    guard let body = output.readSlice(length: header.remainingLength) else { break }
                    guard case .publish(let publish) = try Packet.decode(header, body: body, version: .v5) else {
                        continue
                    }
                    #expect(publish.isDuplicate)
                    texts.append(publish.text)
                }
                #expect(texts == ["1", "2", "3"])
            }
        }

        /// The same with the broker's last words: the connection is closed already.
        @Test func aConnectionThatBreaksWhileItIsToldGoodbyeIsGone() async throws {
            try await EmbeddedShard.with { broker in
                let (first, ear) = try broker.open()
                try first.writeInbound(broker.bytes(broker.connect("same")))
                broker.loop.run()
                ear.breaksOnFlush = true
                let (second, secondEar) = try broker.open()
                try second.writeInbound(broker.bytes(broker.connect("same")))
                broker.loop.run()
                #expect(secondEar.flushes == 1)
                #expect(!first.isActive && second.isActive)
                #expect(broker.shard.connections.count == 1)
                #expect(broker.shard.metrics.clientsConnected == 1)
                #expect(broker.shard.metrics.sessions == 1)
            }
        }
    }
}

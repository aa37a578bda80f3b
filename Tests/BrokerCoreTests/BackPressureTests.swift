//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// What may be under way between shards is limited: who publishes too much is read no further (settings'
/// `maximumTransferBytes`).
@Suite struct BackPressureTests {
    @Test func aPublisherWaitsForAShardThatHasNotKeptUp() {
        let broker = TestBroker(shards: 2) { $0.maximumTransferBytes = 10_000 }
        let subscriber = broker.connected("s", on: 1)
        subscriber.subscribe("a", qos: .atLeastOnce)
        let publisher = broker.connected("p", on: 0)
        let bystander = broker.connected("b", on: 1)
        let payload = String(repeating: "x", count: 1000)
        var sent = 0
        while publisher.transport.isReading, sent < 100 {
            publisher.publish("a", "\(sent) " + payload, qos: .atLeastOnce)
            broker.endTurn(of: 0)
            sent += 1
        }
        #expect((9...12).contains(sent), "1128 bytes each and 10,000 allowed")
        #expect(publisher.connection?.isThrottled == true)
        #expect(bystander.transport.isReading)
        // What its socket had already read is taken all the same.
        publisher.publish("a", "\(sent) " + payload, qos: .atLeastOnce)
        sent += 1
        broker.settle()
        #expect(publisher.transport.isReading)
        #expect(publisher.connection?.isThrottled == false)
        let numbers = subscriber.takeTexts().map { $0.split(separator: " ")[0] }
        #expect(numbers == (0..<sent).map { "\($0)" })
        #expect(publisher.takeAcknowledgements().count == sent)
    }

    @Test(arguments: 0..<30)
    func nothingIsLostWhoeverWaits(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let broker = TestBroker(shards: 3) { $0.maximumTransferBytes = 2000 }
        let subscribers = (0..<3).map { index in
            let client = broker.connected("s\(index)", on: index)
            client.subscribe("t/#", qos: .atMostOnce)
            return client
        }
        let publishers = (0..<3).map { NumberingPublisher("p\($0)", broker, on: $0) }
        var throttled = 0
        for _ in 0..<400 {
            if generator.once(in: 2), let publisher = publishers.randomElement(using: &generator) {
                if publisher.client.transport.isReading { publisher.publish(qos: .atLeastOnce) } else { throttled += 1 }
            } else {
                broker.step(using: &generator)
            }
        }
        broker.settle()
        #expect(throttled > 0, "the limit was never reached")
        #expect(publishers.allSatisfy { $0.client.transport.isReading })
        for subscriber in subscribers {
            let texts = subscriber.takeTexts()
            for publisher in publishers {
                let own = texts.filter { $0.hasPrefix(publisher.name + ":") }
                #expect(own == (0..<publisher.count).map { "\(publisher.name):\($0)" })
            }
        }
    }

    /// A message of the embedding program comes from no shard and has not been counted on its way in.
    @Test func messagesFromOutsideDoNotWidenTheLimit() throws {
        let broker = TestBroker(shards: 2) { $0.maximumTransferBytes = 10_000 }
        let message = try Message(topic: "b", payload: ByteBuffer(repeating: 0, count: 100_000))
        broker[1].process([.publish(message)])
        let subscriber = broker.connected("s", on: 1)
        subscriber.subscribe("a", qos: .atMostOnce)
        let publisher = broker.connected("p", on: 0)
        for _ in 0..<20 { publisher.publish("a", String(repeating: "x", count: 1000)) }
        broker.endTurn(of: 0)
        publisher.publish("a")
        #expect(!publisher.transport.isReading)
    }
}

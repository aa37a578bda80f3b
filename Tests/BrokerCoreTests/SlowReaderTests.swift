//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Clients that do not read what they are sent.
@Suite struct SlowReaderTests {
    private func slow(_ broker: TestBroker, qos: QoS, filter: String = "a") -> TestClient {
        let client = broker.connected("slow") { $0.properties.sessionExpiryInterval = 100 }
        client.subscribe(filter, qos: qos)
        client.transport.isWritable = false
        return client
    }

    @Test func messagesOfQoS0AreDroppedForItAlone() {
        let broker = TestBroker { $0.maximumOutboundBytes = 10_000 }
        let slow = self.slow(broker, qos: .atMostOnce)
        let quick = broker.connected("quick")
        quick.subscribe("a", qos: .atMostOnce)
        let publisher = broker.connected("p")
        let payload = String(repeating: "x", count: 1000)
        for number in 0..<50 {
            publisher.publish("a", "\(number) " + payload)
            broker.settle()
        }
        #expect(quick.takeMessages().count == 50)
        #expect(slow.takeMessages().isEmpty)
        #expect(broker.metrics.droppedSlowReader == 40)
        #expect((10_000..<12_000).contains(slow.connection?.output.byteCount ?? 0))
        slow.becomeWritable()
        #expect(slow.takeTexts().map { String($0.prefix(2)) } == (0..<10).map { "\($0) " })
        publisher.publish("a", "again")
        #expect(slow.takeTexts() == ["again"])
    }

    /// Subscribing again and again without reading takes no more memory than subscribing once.
    @Test func retainedMessagesAreNotGatheredAgainForEachSubscribe() throws {
        let broker = TestBroker { $0.maximumOutboundBytes = 2000 }
        let publisher = broker.connected("p")
        for number in 0..<100 {
            publisher.publish("r/\(number)", String(repeating: "x", count: 100), retain: true)
        }
        let slow = self.slow(broker, qos: .atMostOnce, filter: "r/#")
        for _ in 0..<50 {
            slow.send(
                .subscribe(
                    Subscribe(
                        packetIdentifier: slow.nextPacketIdentifier(),
                        filters: [.init(filter: "r/#", options: SubscriptionOptions(qos: .atMostOnce))]
                    )
                )
            )
        }
        broker.settle()
        slow.becomeWritable()
        broker.settle()
        let counts = Dictionary(grouping: slow.takeMessages(), by: \.topic).mapValues(\.count)
        #expect(counts.count == 100)
        // Once before it stopped reading, once for the first SUBSCRIBE since, once for all those that came meanwhile.
        #expect(counts.values.allSatisfy { $0 <= 3 })
    }

    /// A retained value that was due for long does not follow the one that has replaced it.
    @Test func anOldRetainedValueDoesNotOvertakeANewOne() {
        let broker = TestBroker { $0.maximumOutboundBytes = 2000 }
        let publisher = broker.connected("p")
        let filler = String(repeating: "x", count: 100)
        for number in 0..<100 { publisher.publish("r/\(number)", "old " + filler, retain: true) }
        let slow = broker.connected("slow")
        slow.transport.isWritable = false
        slow.send(
            .subscribe(
                Subscribe(
                    packetIdentifier: 1,
                    filters: [.init(filter: "r/#", options: SubscriptionOptions(qos: .atMostOnce))]
                )
            )
        )
        broker.settle()
        for number in 0..<5 { publisher.publish("r/\(number)", "new", retain: true) }
        publisher.publish("r/99", "", retain: true)
        broker.settle()
        slow.becomeWritable()
        broker.settle()
        var last: [String: String] = [:]
        for message in slow.takeMessages() { last[message.topic] = message.text }
        #expect(last.count >= 99)
        for number in 0..<5 { #expect(last["r/\(number)"] == "new") }
        #expect(last["r/99"] ?? "" == "")
    }

    /// One SUBSCRIBE with many filters does not hold up the others: one filter a turn.
    @Test func retainedMessagesAreLookedUpOneFilterATurn() {
        let broker = TestBroker()
        let publisher = broker.connected("p")
        for number in 0..<10 { publisher.publish("r/\(number)", "x", retain: true) }
        let client = broker.connected("c")
        let filters = (0..<10).map {
            Subscribe.Filter(filter: "r/\($0)", options: SubscriptionOptions(qos: .atMostOnce))
        }
        client.send(.subscribe(Subscribe(packetIdentifier: 1, filters: filters)))
        var turns = 0
        while turns < 100, broker.session("c")?.retainedBacklog != nil {
            broker.endTurn(of: 0)
            turns += 1
        }
        #expect((9...11).contains(turns))
        #expect(client.takeMessages().count == 10)
    }

    @Test func whoStaysStuckIsClosed() {
        let broker = TestBroker {
            $0.maximumOutboundBytes = 1000
            $0.stuckReaderTimeout = 5000
        }
        let slow = self.slow(broker, qos: .atMostOnce)
        let publisher = broker.connected("p")
        let overrun = {
            for _ in 0..<3 { publisher.publish("a", String(repeating: "x", count: 1000)) }
            broker.settle()
        }
        overrun()
        broker.advance(milliseconds: 4999)
        #expect(!slow.isClosed)
        // It reads for a moment: its time starts anew.
        slow.becomeWritable()
        broker.settle()
        slow.transport.isWritable = false
        overrun()
        broker.advance(milliseconds: 4999)
        #expect(!slow.isClosed)
        broker.advance(milliseconds: 1)
        #expect(slow.isClosed)
        #expect(broker.metrics.stuckReaders == 1)
        #expect(!publisher.isClosed)
        #expect(broker.events.contains { if case .stuckReader = $0 { true } else { false } })
    }

    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func nothingOfHigherQoSIsLost(_ qos: QoS) {
        let broker = TestBroker {
            $0.maximumOutboundBytes = 5000
            $0.maximumQueuedMessages = 1000
        }
        let slow = self.slow(broker, qos: qos)
        let publisher = broker.connected("p")
        for number in 0..<100 {
            publisher.publish("a", "\(number) " + String(repeating: "x", count: 500), qos: .exactlyOnce)
            broker.settle()
            if number % 3 == 0 {
                publisher.takeAcknowledgements().forEach {
                    publisher.acknowledge(.publishRelease, $0.packetIdentifier)
                }
            }
        }
        #expect((slow.connection?.output.byteCount ?? 0) < 6000)
        slow.becomeWritable()
        #expect(slow.takeTexts().map { $0.split(separator: " ")[0] } == (0..<100).map { "\($0)" })
    }

    /// A thousand retained messages for a client that takes a little at a time: all come, and never much at once.
    @Test(arguments: [QoS.atMostOnce, .atLeastOnce])
    func aFloodOfRetainedMessagesIsPaged(_ qos: QoS) {
        let broker = TestBroker { $0.maximumOutboundBytes = 20_000 }
        let publisher = broker.connected("p")
        for number in 0..<1000 {
            publisher.publish("r/\(number)", String(repeating: "x", count: 500), qos: qos, retain: true)
        }
        let client = self.slow(broker, qos: qos, filter: "other")
        client.transport.isWritable = true
        client.send(
            .subscribe(
                Subscribe(
                    packetIdentifier: 9,
                    filters: [.init(filter: "r/#", options: SubscriptionOptions(qos: qos))]
                )
            )
        )
        client.transport.isWritable = false
        broker.settle()
        var topics: Set<String> = []
        var rounds = 0
        while topics.count < 1000, rounds < 2000 {
            #expect((client.connection?.output.byteCount ?? 0) < 21_000)
            // The socket takes one flush and is full again.
            client.becomeWritable()
            broker.endTurn(of: 0)
            client.transport.isWritable = false
            for case .publish(let publish) in client.takeArrived() {
                #expect(publish.isRetained)
                #expect(topics.insert(publish.topic).inserted)
                if qos == .atLeastOnce { client.acknowledge(.publishAck, publish.packetIdentifier) }
            }
            rounds += 1
        }
        #expect(topics.count == 1000)
        #expect(broker.metrics.messagesDropped == 0)
    }

    /// Answers are output too: whoever asks without reading is read no further, and closed if that goes on.
    @Test func answersDoNotPileUpForever() {
        let broker = TestBroker {
            $0.maximumOutboundBytes = 1000
            $0.stuckReaderTimeout = 5000
        }
        let client = broker.connected("c") { $0.keepAlive = 1000 }
        client.transport.isWritable = false
        var asked = 0
        while client.transport.isReading, asked < 1000 {
            client.send(.pingRequest)
            broker.settle()
            asked += 1
        }
        #expect(asked == 500, "two bytes each")
        client.becomeWritable()
        broker.settle()
        #expect(client.transport.isReading)
        #expect(client.take().count == 500)
        client.transport.isWritable = false
        while client.transport.isReading, asked < 2000 {
            client.send(.pingRequest)
            asked += 1
        }
        broker.advance(seconds: 5)
        #expect(client.isClosed)
        #expect(broker.metrics.stuckReaders == 1)
    }

    /// The same for who gets messages of QoS 1 and sends nothing at all.
    @Test func whoStaysStuckWithHigherQoSIsClosedToo() {
        let broker = TestBroker {
            $0.maximumOutboundBytes = 1000
            $0.stuckReaderTimeout = 5000
        }
        let slow = self.slow(broker, qos: .atLeastOnce)
        let publisher = broker.connected("p")
        for number in 0..<5 {
            publisher.publish("a", "\(number)" + String(repeating: "x", count: 400), qos: .atLeastOnce)
        }
        broker.advance(seconds: 5)
        #expect(slow.isClosed)
        #expect(broker.session("slow")?.queue.count == 2)
    }

    @Test func whoIsClosedGetsWhatWasSentBefore() {
        let broker = TestBroker()
        let client = broker.connected("c")
        client.subscribe("a", qos: .atMostOnce)
        broker.connected("p").publish("a", "last")
        client.send(ByteBuffer(bytes: [0x00, 0x00]))
        #expect(client.takeTexts() == ["last"])
        #expect(client.takeDisconnect() == .malformedPacket)
        #expect(client.connection?.transport == nil)
    }
}

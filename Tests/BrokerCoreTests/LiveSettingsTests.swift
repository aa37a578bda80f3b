//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Settings that are replaced while the broker runs.
@Suite struct LiveSettingsTests {
    private func apply(_ broker: TestBroker, _ change: (inout BrokerSettings) -> Void) {
        var settings = broker.state.settings
        change(&settings)
        let applied = broker.state.apply(settings)
        for shard in broker.shards { shard.apply(applied) }
    }

    /// What CONNACK announced holds for the connection, and new connections are told what holds for them.
    @Test func aConnectionIsHeldToWhatItWasTold() {
        let broker = TestBroker()
        let early = broker.connected("early")
        self.apply(broker) {
            $0.maximumPacketSize = 100
            $0.maximumQoS = .atMostOnce
            $0.retainAvailable = false
            $0.topicAliasMaximum = 0
            $0.wildcardSubscriptionAvailable = false
            $0.sharedSubscriptionAvailable = false
            $0.subscriptionIdentifierAvailable = false
            $0.receiveMaximum = 1
        }
        let large = String(repeating: "x", count: 200)
        #expect(early.subscribe("a/#", "$share/g/b", qos: .exactlyOnce, identifier: 7) == [.grantedQoS2, .grantedQoS2])
        early.publish("a/1", large, qos: .exactlyOnce, retain: true, properties: [.topicAlias(16)])
        early.publish("a/2", large, qos: .exactlyOnce)
        #expect(early.takeTexts() == [large, large])
        #expect(!early.isClosed)

        let late = broker.client("late")
        let answer = late.connect()?.properties
        #expect(answer?.maximumPacketSize == 100)
        #expect(answer?.maximumQoS == 0)
        #expect(answer?.retainAvailable == false)
        #expect(answer?.topicAliasMaximum == 0)
        #expect(answer?.wildcardSubscriptionAvailable == false)
        #expect(answer?.sharedSubscriptionAvailable == false)
        #expect(answer?.subscriptionIdentifierAvailable == false)
        #expect(answer?.receiveMaximum == 1)
        #expect(
            late.subscribe("a/#", "$share/g/b", "c")
                == [.wildcardSubscriptionsNotSupported, .sharedSubscriptionsNotSupported, .grantedQoS0]
        )
        late.publish("c", large)
        #expect(late.takeDisconnect() == .packetTooLarge)
    }

    @Test func aQueueThatIsLongerThanItMayBeIsNotCut() {
        let broker = TestBroker { $0.queueDropPolicy = .oldest }
        let persistent: (inout Connect) -> Void = {
            $0.cleanStart = false
            $0.properties.sessionExpiryInterval = 100
        }
        let client = broker.connected("c", .v5, persistent)
        client.subscribe("a", qos: .atLeastOnce)
        client.drop()
        let publisher = broker.connected("p")
        for number in 0..<5 { publisher.publish("a", "\(number)", qos: .atLeastOnce) }
        self.apply(broker) { $0.maximumQueuedMessages = 2 }
        publisher.publish("a", "5", qos: .atLeastOnce)
        #expect(broker.connected("c", .v5, persistent).takeTexts() == ["1", "2", "3", "4", "5"])
        #expect(broker.metrics.droppedQueueFull == 1)
    }

    @Test func limitsThatShardsShare() {
        let broker = TestBroker(shards: 2)
        let first = broker.connected("a")
        first.publish("r/1", "x", retain: true)
        self.apply(broker) {
            $0.maximumConnections = 1
            $0.maximumRetainedMessages = 1
            $0.maximumTransferBytes = 1
        }
        first.publish("r/2", "x", retain: true)
        #expect(broker.state.retainedCount == 1)
        #expect(broker.client("b").connection == nil)
        self.apply(broker) {
            $0.maximumConnections = nil
            $0.maximumRetainedMessages = 2
            $0.maximumConnectRate = 1
        }
        first.publish("r/2", "x", retain: true)
        #expect(broker.state.retainedCount == 2)
        #expect(broker.client("b").connection != nil)
        #expect(broker.client("c").connection == nil, "one a second")
    }

    @Test func whatIsFixedStaysAsItWas() {
        let broker = TestBroker()
        self.apply(broker) {
            $0.overlappingDelivery = .each
            $0.sharedStrategy = .random
            $0.nodeName = "other"
            $0.version = "0"
            $0.maximumQueuedMessages = 7
        }
        let settings = broker.state.settings
        #expect(settings.overlappingDelivery == .merged && settings.sharedStrategy == .roundRobin)
        #expect(settings.nodeName == "nanomq" && settings.version != "0")
        #expect(settings.maximumQueuedMessages == 7)
        #expect(broker[0].settings == settings)
    }

    @Test func statisticsBeginAtTheNextTick() {
        let broker = TestBroker()
        let client = broker.connected("c")
        client.subscribe("$SYS/brokers/nanomq/stats/sessions/count")
        broker.advance(seconds: 120)
        #expect(client.takeTexts() == [])
        self.apply(broker) { $0.statisticsInterval = 10_000 }
        broker.advance(milliseconds: 500)
        #expect(client.takeTexts() == ["1"])
        broker.advance(milliseconds: 500)
        #expect(client.takeTexts() == [])
        broker.advance(seconds: 10)
        #expect(client.takeTexts() == ["1"])
    }

    /// The first timer of a connection serves for its keep-alive: that may not get lost when the time for CONNECT
    /// changes between the two.
    @Test(arguments: [(1000, 60_000), (60_000, 1000)] as [(Int64, Int64)])
    func keepAliveOutlivesAChangeOfTheConnectTimeout(before: Int64, after: Int64) {
        let broker = TestBroker { $0.connectTimeout = before }
        let client = broker.connected("c") { $0.keepAlive = 20 }
        self.apply(broker) { $0.connectTimeout = after }
        broker.advance(seconds: 29)
        #expect(!client.isClosed)
        for _ in 0..<62 { broker.advance(milliseconds: 500) }
        #expect(client.takeDisconnect() == .keepAliveTimeout)
    }
}

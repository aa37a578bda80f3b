//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Limits of what one client may have subscribed to, and of how many sessions are kept.
@Suite struct SessionLimitTests {
    @Test func bytesOfSubscriptions() throws {
        let bytes = Session.Entry.byteCount(of: try TopicFilter("a/1"))
        let broker = TestBroker { $0.maximumSubscriptionBytes = 2 * bytes }
        let client = broker.connected("c")
        #expect(
            client.subscribe("a/1", "a/2", "a/3", qos: .atMostOnce) == [.grantedQoS0, .grantedQoS0, .quotaExceeded]
        )
        #expect(client.subscribe("a/1", qos: .atLeastOnce) == [.grantedQoS1], "one it has may be changed")
        client.unsubscribe("a/1")
        #expect(client.subscribe("b/c/d", qos: .atMostOnce) == [.quotaExceeded], "more levels count more")
        #expect(client.subscribe("a/3", qos: .atMostOnce) == [.grantedQoS0])
        client.unsubscribe("a/2", "a/3")
        #expect(broker.session("c")?.subscriptionBytes == 0)
    }

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5])
    func filtersOfAPacket(_ version: ProtocolVersion) {
        let broker = TestBroker { $0.maximumFiltersPerPacket = 10 }
        let filters = { (count: Int) in (0..<count).map { "\($0)" } }
        let subscribe = { (count: Int, client: TestClient) in
            client.send(
                .subscribe(
                    Subscribe(
                        packetIdentifier: 1,
                        filters: filters(count).map {
                            .init(filter: $0, options: SubscriptionOptions(qos: .atMostOnce))
                        },
                        properties: version == .v5
                            ? [.userProperty(name: String(repeating: "n", count: 200), value: "v")] : []
                    )
                )
            )
        }
        let client = broker.connected("c", version)
        subscribe(10, client)
        #expect(client.take().map(\.type) == [.subscribeAck])
        client.send(.unsubscribe(Unsubscribe(packetIdentifier: 2, filters: filters(10))))
        #expect(client.take().map(\.type) == [.unsubscribeAck])
        subscribe(11, client)
        #expect(client.takeDisconnect() == (version == .v5 ? .quotaExceeded : nil))
        #expect(client.isClosed)
        #expect(broker.state.subscriptionCount == 0)

        let other = broker.connected("o", version)
        other.send(.unsubscribe(Unsubscribe(packetIdentifier: 2, filters: filters(11))))
        #expect(other.isClosed)
    }

    /// A packet that ends in the middle of a filter is malformed, however many filters it has.
    @Test func aBrokenPacketIsStillMalformed() {
        let client = TestBroker { $0.maximumFiltersPerPacket = 1 }.connected("c")
        client.send(ByteBuffer(bytes: [0x82, 9, 0, 1, 0, 0, 1, 0x61, 0, 0, 9]))
        #expect(client.takeDisconnect() == .malformedPacket)
    }

    // MARK: Sessions without a connection

    private func away(_ broker: TestBroker, _ name: String) {
        broker.connected(name) {
            $0.cleanStart = false
            $0.properties.sessionExpiryInterval = 1000
        }.drop()
    }

    @Test func noMoreSessionsAreKeptThanAllowed() {
        let broker = TestBroker(shards: 2) { $0.maximumSessions = 2 }
        self.away(broker, "a")
        self.away(broker, "b")
        #expect(broker.state.sessionsOffline == 2)
        // v5: told that its session is not kept.
        let client = broker.client("c", .v5, on: 1)
        #expect(client.connect { $0.properties.sessionExpiryInterval = 1000 }?.properties.sessionExpiryInterval == 0)
        client.drop()
        #expect(broker.session("c") == nil)
        // Before v5: cannot be told so.
        let old = broker.client("d", .v3_1_1)
        #expect(old.connect { $0.cleanStart = false }?.reason == .serverUnavailable)
        #expect(old.isClosed)
        #expect(broker.session("d") == nil)
        // Who wants none kept is let in, and who has one gets it.
        _ = broker.connected("e", .v3_1_1)
        let back = broker.client("a", .v5, on: 1)
        let answer = back.connect {
            $0.cleanStart = false
            $0.properties.sessionExpiryInterval = 1000
        }
        #expect(answer?.sessionPresent == true && answer?.properties.sessionExpiryInterval == nil)
        #expect(broker.state.sessionsOffline == 1)
        // And there is room for one more.
        _ = broker.connected("f") { $0.properties.sessionExpiryInterval = 1000 }
        #expect(broker.session("f")?.expiryInterval == 1000)
        let told = broker.events.filter { if case .sessionLimit = $0 { true } else { false } }
        #expect(told.count == 2, "on each shard, once a second")
    }

    @Test func theCountFollowsEverySession() {
        let broker = TestBroker(shards: 2)
        for index in 0..<10 { self.away(broker, "c\(index)") }
        #expect(broker.state.sessionsOffline == 10)
        _ = broker.connected("c0", on: 1) { $0.cleanStart = true }
        _ = broker.connected("c1", on: 1) { $0.cleanStart = false }
        #expect(broker.state.sessionsOffline == 8)
        // Gone before its session has come from the other shard.
        let hasty = broker.client("c2", .v5, on: 1)
        hasty.send(hasty.connectPacket { $0.cleanStart = false })
        hasty.drop()
        #expect(broker.state.sessionsOffline == 8)
        broker.advance(seconds: 1001)
        #expect(broker.state.sessionsOffline == 0)
        #expect(broker.metrics.sessions == 2)
    }
}

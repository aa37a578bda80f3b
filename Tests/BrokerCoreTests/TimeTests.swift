//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// What happens because time passes.
@Suite struct TimeTests {
    // MARK: Keep-alive

    @Test func aSilentClientIsClosedAfterOneAndAHalfIntervals() {
        let broker = TestBroker()
        let client = broker.connected("c") { $0.keepAlive = 10 }
        broker.advance(milliseconds: 14_999)
        #expect(!client.isClosed)
        broker.advance(milliseconds: 1)
        #expect(client.takeDisconnect() == .keepAliveTimeout)
        #expect(client.isClosed)
    }

    @Test func anythingThatComesCounts() {
        let broker = TestBroker()
        let client = broker.connected("c") { $0.keepAlive = 10 }
        let sends: [() -> Void] = [
            { client.send(.pingRequest) },
            { client.publish("a") },
            { client.subscribe("a") },
            { client.send(ByteBuffer(bytes: [0xC0])) },
            { client.send(ByteBuffer(bytes: [0])) },
        ]
        for send in sends {
            broker.advance(seconds: 14)
            send()
        }
        #expect(!client.isClosed)
        #expect(client.take().filter { $0 == .pingResponse }.count == 2)
        broker.advance(seconds: 15)
        #expect(client.isClosed)
    }

    @Test func zeroNeverTimesOut() {
        let broker = TestBroker()
        let client = broker.connected("c") { $0.keepAlive = 0 }
        broker.advance(seconds: 10_000_000)
        #expect(!client.isClosed)
    }

    @Test func theServersKeepAliveHoldsAndIsTold() {
        let broker = TestBroker { $0.serverKeepAlive = 20 }
        let client = broker.client("c")
        #expect(client.connect { $0.keepAlive = 0 }?.properties.serverKeepAlive == 20)
        let modest = broker.client("d")
        let answer = modest.connect { $0.keepAlive = 5 }
        #expect(answer?.properties.serverKeepAlive == nil)
        broker.advance(seconds: 8)
        #expect(modest.isClosed)
        broker.advance(seconds: 21)
        #expect(!client.isClosed)
        broker.advance(seconds: 1)
        #expect(client.isClosed)
    }

    @Test func theWillIsPublishedWhenAClientFallsSilent() {
        let broker = TestBroker()
        let watcher = broker.connected("w")
        watcher.subscribe("will")
        _ = broker.connected("c", .v3_1_1) {
            $0.keepAlive = 2
            $0.will = Will(topic: "will", payload: ByteBuffer(string: "silent"), qos: .atLeastOnce)
        }
        broker.advance(seconds: 3)
        #expect(watcher.takeTexts() == ["silent"])
    }

    // MARK: Connecting

    @Test(arguments: [0, 1, 7])
    func whoSendsNoWholeConnectIsClosed(_ sent: Int) {
        let broker = TestBroker { $0.connectTimeout = 5000 }
        let client = broker.client("c")
        var bytes = client.encode(client.connectPacket())
        if sent > 0, let part = bytes.readSlice(length: sent) { client.send(part) }
        broker.advance(milliseconds: 4999)
        #expect(!client.isClosed)
        broker.advance(milliseconds: 1)
        #expect(client.isClosed)
        #expect(client.take().isEmpty)
        #expect(broker[0].connections.count == 0)
    }

    @Test func whoHasConnectedIsLeftAlone() {
        let broker = TestBroker { $0.connectTimeout = 5000 }
        let client = broker.connected("c")
        broker.advance(seconds: 6)
        #expect(!client.isClosed)
    }

    // MARK: Sessions

    @Test(arguments: [(UInt32(0), Int64(0), false), (10, 9, true), (10, 10, false), (.max, 1_000_000_000, true)])
    func aSessionIsKeptAsLongAsAsked(expiry: UInt32, pause: Int64, isKept: Bool) {
        let broker = TestBroker()
        let client = broker.connected("c") { $0.properties.sessionExpiryInterval = expiry }
        client.subscribe("a")
        client.drop()
        broker.advance(seconds: pause)
        let again = broker.client("c")
        #expect(again.connect { $0.cleanStart = false }?.sessionPresent == isKept)
        #expect(broker.state.subscriptionCount == (isKept ? 1 : 0))
    }

    @Test func theClockStartsAnewWithEachDisconnection() {
        let broker = TestBroker()
        for _ in 0..<4 {
            let client = broker.connected("c") {
                $0.cleanStart = false
                $0.properties.sessionExpiryInterval = 10
            }
            broker.advance(seconds: 7)
            #expect(broker.session("c")?.connection != nil)
            client.drop()
            broker.advance(seconds: 7)
            #expect(broker.session("c") != nil)
        }
        broker.advance(seconds: 3)
        broker.expectEmpty()
    }

    @Test(arguments: [true, false])
    func aV3SessionLastsForeverOrNotAtAll(isClean: Bool) {
        let broker = TestBroker()
        broker.connected("c", .v3_1_1) { $0.cleanStart = isClean }.drop()
        broker.advance(seconds: 100_000_000)
        let again = broker.client("c", .v3_1_1)
        #expect(again.connect { $0.cleanStart = false }?.sessionPresent == !isClean)
    }

    @Test func theServersLimitOfSessionExpiryIsTold() {
        let broker = TestBroker { $0.maximumSessionExpiry = 60 }
        let client = broker.client("c")
        #expect(client.connect { $0.properties.sessionExpiryInterval = 100 }?.properties.sessionExpiryInterval == 60)
        client.drop()
        broker.advance(seconds: 60)
        broker.expectEmpty()
    }

    @Test func disconnectChangesTheExpiry() {
        let broker = TestBroker()
        let client = broker.connected("c") { $0.properties.sessionExpiryInterval = 10 }
        client.disconnect(properties: [.sessionExpiryInterval(20)])
        broker.advance(seconds: 19)
        #expect(broker.session("c") != nil)
        broker.advance(seconds: 1)
        broker.expectEmpty()
        // [MQTT-3.1.2-23] and section 3.14.2.2.2: not from 0.
        let brief = broker.connected("c")
        brief.disconnect(properties: [.sessionExpiryInterval(20)])
        #expect(brief.takeDisconnect() == .protocolError)
        broker.expectEmpty()
    }

    /// What sessions leave behind that are kept long, but whose clients come and go, does not pile up.
    @Test(arguments: [true, false])
    func timersOfThePastAreSweptOut(isCleanStart: Bool) {
        let broker = TestBroker()
        for round in 0..<6000 {
            let client = broker.client("c")
            client.send(
                client.connectPacket {
                    $0.cleanStart = isCleanStart
                    $0.keepAlive = 60_000
                    $0.properties.sessionExpiryInterval = 1000
                    $0.will = Will(topic: "w", payload: ByteBuffer(), properties: [.willDelayInterval(999)])
                }
            )
            client.drop()
            if round % 500 == 0 { broker.advance(milliseconds: 1) }
        }
        broker.advance(milliseconds: 1)
        #expect(broker[0].timers.count < 5000)
        #expect(broker[0].timers.count >= 2)
        broker.advance(seconds: 998)
        #expect(broker.session("c")?.will != nil)
        broker.advance(seconds: 1)
        #expect(broker.session("c")?.will == nil)
        broker.advance(seconds: 1)
        broker.expectEmpty()
    }

    // MARK: Wills

    private func mortal(
        _ broker: TestBroker,
        delay: UInt32,
        expiry: UInt32,
        clean: Bool = true
    ) -> TestClient {
        broker.connected("c") {
            $0.cleanStart = clean
            $0.properties.sessionExpiryInterval = expiry
            $0.will = Will(
                topic: "will",
                payload: ByteBuffer(string: "gone"),
                qos: .atLeastOnce,
                properties: [.willDelayInterval(delay), .contentType("text")]
            )
        }
    }

    @Test(arguments: [(UInt32(0), UInt32(0), Int64(0)), (0, 100, 0), (30, 100, 30), (100, 30, 30), (30, 0, 0)])
    func theWillWaitsForItsDelayOrTheSessionsEnd(delay: UInt32, expiry: UInt32, due: Int64) {
        let broker = TestBroker()
        let watcher = broker.connected("w")
        watcher.subscribe("will")
        self.mortal(broker, delay: delay, expiry: expiry).drop()
        if due > 0 {
            broker.advance(milliseconds: due * 1000 - 1)
            #expect(watcher.takeTexts() == [])
            broker.advance(milliseconds: 1)
        }
        let messages = watcher.takeMessages()
        #expect(messages.map(\.text) == ["gone"])
        #expect(messages.first?.properties == [.contentType("text")], "the delay stays here, the rest goes on")
        broker.advance(seconds: 1000)
        #expect(watcher.takeTexts() == [], "once")
    }

    @Test func whoComesBackTakesTheWillBack() {
        let broker = TestBroker()
        let watcher = broker.connected("w")
        watcher.subscribe("will")
        self.mortal(broker, delay: 30, expiry: 100).drop()
        broker.advance(seconds: 29)
        _ = broker.connected("c") {
            $0.cleanStart = false
            $0.properties.sessionExpiryInterval = 100
        }
        broker.advance(seconds: 50)
        #expect(watcher.takeTexts() == [])
    }

    @Test(arguments: [true, false])
    func comingBackForACleanStartPublishesTheWaitingWill(isSameShard: Bool) {
        let broker = TestBroker(shards: 2)
        let watcher = broker.connected("w")
        watcher.subscribe("will")
        self.mortal(broker, delay: 30, expiry: 100).drop()
        _ = broker.connected("c", on: isSameShard ? 0 : 1)
        #expect(watcher.takeTexts() == ["gone"], "its session has ended")
    }

    @Test(arguments: [(ReasonCode.normalDisconnection, false), (.disconnectWithWill, true)])
    func disconnectDecidesOnTheWill(reason: ReasonCode, isPublished: Bool) {
        let broker = TestBroker()
        let watcher = broker.connected("w")
        watcher.subscribe("will")
        self.mortal(broker, delay: 0, expiry: 100).disconnect(reason)
        #expect(watcher.takeTexts() == (isPublished ? ["gone"] : []))
    }

    @Test func aBrokerThatShutsDownKeepsWillsBack() {
        let broker = TestBroker()
        let watcher = broker.connected("w") { $0.properties.sessionExpiryInterval = 1000 }
        watcher.subscribe("will")
        let client = self.mortal(broker, delay: 0, expiry: 100)
        broker.state.shutDown()
        broker[0].shutDown()
        #expect(client.takeDisconnect() == .serverShuttingDown)
        #expect(client.isClosed)
        #expect(broker.session("w")?.queue.isEmpty == true)
        #expect(broker.session("c") != nil)
        let late = broker.client("late")
        #expect(late.connect()?.reason == .serverUnavailable)
        #expect(late.isClosed)
    }

    @Test func aWillMayBeRetainedAndExpires() {
        let broker = TestBroker()
        broker.connected("c") {
            $0.will = Will(
                topic: "will",
                payload: ByteBuffer(string: "gone"),
                isRetained: true,
                properties: [.messageExpiryInterval(10)]
            )
        }.drop()
        let watcher = broker.connected("w")
        watcher.subscribe("will")
        #expect(watcher.takeMessages().map(\.isRetained) == [true])
        broker.advance(seconds: 10)
        watcher.subscribe("will")
        #expect(watcher.takeTexts() == [])
        #expect(broker.state.retainedCount == 0)
    }
}

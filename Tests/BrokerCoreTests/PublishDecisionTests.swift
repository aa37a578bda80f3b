//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Decisions about publishing that hold until the rules change.
@Suite struct PublishDecisionTests {
    private let rules = ChangingRules { $0.refused = ["no"] }

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5], [true, false])
    func aTopicIsAskedAboutOnce(_ version: ProtocolVersion, isLate: Bool) async {
        let broker = TestBroker(extensions: [self.rules])
        let watcher = broker.connected("w")
        watcher.subscribe("#")
        let client = broker.connected("c", version)
        self.rules.change { $0.isLate = isLate }
        _ = self.rules.takeCalls()
        for topic in ["yes", "no"] {
            client.publish(topic, "1", qos: .atLeastOnce)
            await broker.runWork()
        }
        for text in ["2", "3"] {
            for topic in ["yes", "no"] { client.publish(topic, text, qos: .atLeastOnce) }
        }
        #expect(self.rules.takeCalls() == ["may c yes", "may c no"])
        #expect(watcher.takeTexts() == ["1", "2", "3"])
        let no: ReasonCode = version == .v5 ? .notAuthorized : .success
        #expect(client.takeAcknowledgements().map(\.reason) == [.success, no, .success, no, .success, no])
        #expect(broker.metrics.publishesRefused == 3)
    }

    @Test func eachQoSAndRetainIsAskedAbout() {
        let broker = TestBroker(extensions: [self.rules])
        let client = broker.connected("c")
        for _ in 0..<2 {
            for qos in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce] {
                for retain in [true, false] { client.publish("a", "x", qos: qos, retain: retain) }
            }
        }
        #expect(self.rules.takeCalls().count == 6)
        #expect(broker.state.retainedCount == 1)
    }

    /// A topic that an alias stands for is the same topic.
    @Test func aliasesShareTheDecision() {
        let broker = TestBroker(extensions: [self.rules])
        let client = broker.connected("c")
        client.publish("a", "x")
        client.publish("a", "x", properties: [.topicAlias(1)])
        client.publish("", "x", properties: [.topicAlias(1)])
        client.publish("no", "x", qos: .atLeastOnce)
        client.publish("no", "x", qos: .atLeastOnce, properties: [.topicAlias(2)])
        client.publish("", "x", qos: .atLeastOnce, properties: [.topicAlias(2)])
        #expect(self.rules.takeCalls() == ["may c a", "may c no"])
        #expect(client.takeAcknowledgements().map(\.reason) == Array(repeating: .notAuthorized, count: 3))
    }

    @Test func whatDoesNotLastIsAskedEachTime() {
        let lasting = ChangingRules()
        self.rules.change { $0.isLasting = false }
        let broker = TestBroker(extensions: [lasting, self.rules])
        let client = broker.connected("c")
        for _ in 0..<3 { client.publish("a") }
        #expect(lasting.takeCalls().count == 3, "one of them does not last")
        #expect(client.connection?.decisions == nil)
    }

    @Test func aChangeOfRulesIsHeardAtOnce() async {
        let broker = TestBroker(extensions: [self.rules])
        let watcher = broker.connected("w")
        watcher.subscribe("#")
        let client = broker.connected("c")
        client.publish("a", "1")
        client.publish("no", "2")
        self.rules.refuse("a")
        broker[0].recheckAccess()
        client.publish("a", "3")
        client.publish("no", "4")
        #expect(watcher.takeTexts() == ["1", "4"])
        // An answer by the old rules that comes after the change is not remembered.
        self.rules.change { $0.isLate = true }
        client.publish("b", "5")
        self.rules.change {
            $0.isLate = false
            $0.refused = ["b"]
        }
        broker[0].recheckAccess()
        await broker.runWork()
        client.publish("b", "6")
        #expect(watcher.takeTexts() == ["5"])
    }

    @Test func publishExtensionsAreStillAsked() {
        let witness = RecordingExtension(.publish)
        let broker = TestBroker(extensions: [self.rules, witness])
        let client = broker.connected("c")
        for _ in 0..<3 { client.publish("a") }
        #expect(self.rules.takeCalls().count == 1)
        #expect(witness.takeCalls().count == 3)
    }

    @Test func whatIsRememberedIsLimited() {
        let broker = TestBroker(extensions: [self.rules])
        let client = broker.connected("c")
        let long = String(repeating: "x", count: PublishDecisions.maximumTopicLength + 1)
        for _ in 0..<2 { client.publish(long) }
        #expect(self.rules.takeCalls().count == 2, "too long to be remembered")
        let capacity = PublishDecisions.capacity
        for index in 0..<capacity + 1 { client.publish("t/\(index)") }
        _ = self.rules.takeCalls()
        for index in 1..<capacity + 1 { client.publish("t/\(index)") }
        #expect(self.rules.takeCalls() == [])
        client.publish("t/0")
        #expect(self.rules.takeCalls() == ["may c t/0"], "the oldest has given way")
    }

    /// Equal hashes do not make equal topics.
    @Test func theTopicItselfDecides() {
        let decisions = PublishDecisions(generation: 0)
        func ask(_ topic: String, _ hash: UInt64, _ generation: UInt32 = 0) -> PublishDecision? {
            let bytes = Array(topic.utf8)
            return decisions.decision(
                on: bytes.span.bytes,
                hash: hash,
                qos: .atMostOnce,
                isRetained: false,
                generation: generation
            )
        }
        func remember(_ topic: String, _ hash: UInt64, _ decision: PublishDecision) {
            let bytes = Array(topic.utf8)
            decisions.remember(
                decision,
                on: bytes.span.bytes,
                hash: hash,
                qos: .atMostOnce,
                isRetained: false,
                generation: 0
            )
        }
        remember("a", 8, .allow)
        #expect(ask("a", 8) == .allow)
        #expect(ask("b", 8) == nil)
        #expect(ask("a", 8, 1) == nil)
        remember("b", 8, .deny(.notAuthorized))
        #expect(ask("b", 8) == .deny(.notAuthorized))
        #expect(ask("a", 8) == nil)
    }
}

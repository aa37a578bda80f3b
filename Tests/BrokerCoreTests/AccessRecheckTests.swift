//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// What becomes of what clients have been allowed when the rules of access change.
@Suite struct AccessRecheckTests {
    private let rules = ChangingRules()

    private func recheck(_ broker: TestBroker) {
        for shard in broker.shards { shard.recheckAccess() }
        broker.settle()
    }

    private func persistent(_ user: String? = nil) -> (inout Connect) -> Void {
        { connect in
            connect.cleanStart = false
            connect.properties.sessionExpiryInterval = 100
            connect.userName = user
        }
    }

    // MARK: Who may stay

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5], [true, false])
    func whoMayNotStayGoes(_ version: ProtocolVersion, isLate: Bool) async {
        let witness = RecordingExtension(.clients)
        let broker = TestBroker(extensions: [self.rules, witness])
        let watcher = broker.connected("w")
        watcher.subscribe("will")
        let client = broker.connected("c", version) {
            $0.userName = "eve"
            $0.will = Will(topic: "will", payload: ByteBuffer(string: "gone"))
        }
        let other = broker.connected("o", version) { $0.userName = "adam" }
        _ = witness.takeCalls()
        self.rules.change {
            $0.refused = ["eve:stay"]
            $0.isLate = isLate
        }
        self.recheck(broker)
        if isLate {
            #expect(!client.isClosed)
            await broker.runWork()
        }
        #expect(client.take() == (version == .v5 ? [.disconnect(Disconnect(reason: .notAuthorized))] : []))
        #expect(client.isClosed)
        #expect(!other.isClosed)
        // The will is asked about like any other; that answer may be late too.
        if isLate { await broker.runWork() }
        #expect(watcher.takeTexts() == ["gone"])
        #expect(witness.takeCalls() == ["disconnected c 87"])
        #expect(broker.metrics.clientsExpelled == 1)
        let expelled = broker.events.filter {
            if case .expelled(let info, .notAuthorized) = $0 { info.userName == "eve" } else { false }
        }
        #expect(expelled.count == 1)
    }

    @Test func onlyAuthenticationIsEnoughToBeAsked() {
        let rules = ChangingRules { $0.interests = .authentication }
        let broker = TestBroker(extensions: [rules])
        let client = broker.connected("c")
        rules.refuse("stay")
        self.recheck(broker)
        #expect(client.isClosed)
    }

    /// Another connection of the same client, let in by the new rules, is not meant by a late answer about the first.
    @Test func aLateAnswerMeansTheConnectionItWasAskedAbout() async {
        let broker = TestBroker(extensions: [self.rules])
        let first = broker.connected("c")
        self.rules.change {
            $0.refused = ["stay"]
            $0.isLate = true
        }
        self.recheck(broker)
        self.rules.change { $0 = ChangingRules.Rules() }
        first.drop()
        let second = broker.connected("c")
        await broker.runWork()
        #expect(!second.isClosed)
    }

    /// Let in by an answer to the old rules that comes after the change.
    @Test func whoWasBeingLetInIsAskedAboutAgain() async {
        let rules = ChangingRules {
            $0.interests = [.authentication, .authorization]
            $0.isLate = true
        }
        let broker = TestBroker(extensions: [rules])
        let client = broker.client("c")
        client.send(client.connectPacket())
        rules.change {
            $0.refused = ["stay"]
            $0.isLate = false
        }
        self.recheck(broker)
        await broker.runWork()
        #expect(client.take().map(\.type) == [.connectAck, .disconnect])
        #expect(client.isClosed)
    }

    // MARK: What sessions keep

    @Test(arguments: [true, false], [true, false])
    func refusedSubscriptionsAreTakenAway(isConnected: Bool, isLate: Bool) async throws {
        let witness = RecordingExtension([.subscriptions, .deliveries])
        let broker = TestBroker(extensions: [self.rules, witness])
        let client = broker.connected("c", .v5, self.persistent())
        client.subscribe("yes", "no", "$share/g/no", qos: .atLeastOnce)
        if !isConnected { client.drop() }
        _ = witness.takeCalls()
        self.rules.change {
            $0.refused = ["no", "$share/g/no"]
            $0.isLate = isLate
        }
        self.recheck(broker)
        if isLate {
            #expect(broker.state.subscriptionCount == 3)
            await broker.runWork()
        }
        self.rules.change { $0 = ChangingRules.Rules() }
        #expect(witness.takeCalls().sorted() == ["unsubscribed c $share/g/no", "unsubscribed c no"])
        #expect(broker.state.subscriptionCount == 1)
        let left = Session.Entry.byteCount(of: try TopicFilter("yes"))
        #expect(broker.session("c")?.subscriptionBytes == left)
        #expect(broker.session("c")?.sharedCount == 0)
        #expect(broker.metrics.subscriptionsRevoked == 2)
        let publisher = broker.connected("p")
        for topic in ["no", "yes"] { publisher.publish(topic, topic, qos: .atLeastOnce) }
        let reader = isConnected ? client : broker.connected("c", .v5, self.persistent())
        #expect(reader.takeTexts() == ["yes"])
        #expect(!reader.isClosed)
        let told = broker.events.filter { if case .subscriptionsRevoked(_, 2, _) = $0 { true } else { false } }
        #expect(told.count == 1)
    }

    @Test(arguments: [true, false])
    func messagesThatWaitAreDroppedIfRefused(isConnected: Bool) {
        let witness = RecordingExtension(.deliveries)
        let broker = TestBroker(extensions: [self.rules, witness]) { $0.maximumInflight = 1 }
        let client = broker.connected("c", .v5, self.persistent())
        client.subscribe("#", qos: .atLeastOnce)
        if !isConnected { client.drop() }
        let publisher = broker.connected("p")
        for topic in ["a", "secret", "b", "secret"] { publisher.publish(topic, topic, qos: .atLeastOnce) }
        _ = witness.takeCalls()
        self.rules.refuse("secret")
        self.recheck(broker)
        #expect(witness.takeCalls() == Array(repeating: "dropped secret c not_authorized", count: 2))
        #expect(broker.metrics.droppedNotAuthorized == 2)
        let reader = isConnected ? client : broker.connected("c", .v5, self.persistent())
        var texts: [String] = []
        while let message = reader.takeMessages().first {
            texts.append(message.text)
            reader.acknowledge(.publishAck, message.packetIdentifier)
        }
        #expect(texts == ["a", "b"])
        #expect(broker.session("c")?.queue.byteCount == 0)
    }

    /// What has gone out stays until it is acknowledged.
    @Test func messagesInFlightStay() {
        let broker = TestBroker(extensions: [self.rules])
        let client = broker.connected("c", .v5, self.persistent())
        client.subscribe("#", qos: .exactlyOnce)
        broker.connected("p").publish("secret", "x", qos: .exactlyOnce)
        let sent = client.takeMessages()
        self.rules.refuse("secret")
        self.recheck(broker)
        client.acknowledge(.publishReceived, sent[0].packetIdentifier)
        #expect(client.takeAcknowledgements().map(\.kind) == [.publishRelease])
    }

    @Test func aSharedMessageGoesToAnotherMember() {
        let broker = TestBroker(extensions: [self.rules]) { $0.maximumInflight = 1 }
        let first = broker.connected("1") { $0.userName = "eve" }
        first.subscribe("$share/g/a", qos: .atLeastOnce)
        let publisher = broker.connected("p")
        for number in 0..<3 { publisher.publish("a", "\(number)", qos: .atLeastOnce) }
        #expect(first.takeTexts() == ["0"])
        let second = broker.connected("2")
        second.subscribe("$share/g/a", qos: .atLeastOnce)
        self.rules.refuse("eve:a", "eve:$share/g/a")
        self.recheck(broker)
        let message = second.takeMessages()
        #expect(message.map(\.text) == ["1"])
        second.acknowledge(.publishAck, message[0].packetIdentifier)
        #expect(second.takeTexts() == ["2"])
        #expect(broker.metrics.droppedNotAuthorized == 0)
    }

    @Test func retainedMessagesThatAreStillDueAreDropped() {
        let broker = TestBroker(extensions: [self.rules]) { $0.maximumInflight = 1 }
        let publisher = broker.connected("p")
        for topic in ["r/1", "r/2", "s/1"] { publisher.publish(topic, topic, qos: .atLeastOnce, retain: true) }
        let client = broker.connected("c")
        client.subscribe("r/#", "s/#", qos: .atLeastOnce)
        let first = client.takeMessages()
        #expect(first.count == 1)
        self.rules.refuse("r/1", "r/2", "s/#")
        self.recheck(broker)
        client.acknowledge(.publishAck, first[0].packetIdentifier)
        #expect(client.takeTexts() == [])
    }

    /// A SUBSCRIBE that is being answered when the rules change is asked about by the new ones.
    @Test func aSubscribeThatWaitsIsAskedAboutAgain() async {
        let broker = TestBroker(extensions: [self.rules])
        let client = broker.connected("c")
        self.rules.change { $0.isLate = true }
        client.subscribe("a")
        self.rules.change {
            $0.isLate = false
            $0.refused = ["a"]
        }
        self.recheck(broker)
        await broker.runWork()
        guard case .subscribeAck(let answer)? = client.takeFirst(.subscribeAck) else {
            Issue.record("no SUBACK")
            return
        }
        #expect(answer.reasons == [.notAuthorized])
        #expect(broker.state.subscriptionCount == 0)
    }

    /// What a client has subscribed to anew is not taken away by an answer about before.
    @Test func aLateRefusalDoesNotMeanANewSubscription() async {
        let broker = TestBroker(extensions: [self.rules])
        let client = broker.connected("c")
        client.subscribe("a", qos: .atMostOnce)
        self.rules.change {
            $0.refused = ["a"]
            $0.isLate = true
        }
        self.recheck(broker)
        self.rules.change { $0 = ChangingRules.Rules() }
        self.recheck(broker)
        await broker.runWork()
        #expect(broker.state.subscriptionCount == 1, "asked again since")
        self.rules.change {
            $0.refused = ["a"]
            $0.isLate = true
        }
        self.recheck(broker)
        self.rules.change { $0 = ChangingRules.Rules() }
        client.subscribe("a", qos: .atLeastOnce)
        await broker.runWork()
        #expect(broker.state.subscriptionCount == 1, "subscribed again since")
    }

    @Test func interestsAreReadAgain() {
        let rules = ChangingRules { $0.interests = [] }
        let broker = TestBroker(extensions: [rules])
        let client = broker.connected("c")
        client.publish("a", "x", qos: .atLeastOnce)
        client.subscribe("a")
        #expect(rules.takeCalls() == [])
        rules.change {
            $0.interests = .authorization
            $0.refused = ["a"]
        }
        self.recheck(broker)
        #expect(rules.takeCalls() == ["stay c", "may c a"])
        #expect(broker.state.subscriptionCount == 0)
        _ = client.take()
        client.publish("a", "x", qos: .atLeastOnce)
        #expect(client.takeAcknowledgements().map(\.reason) == [.notAuthorized])
    }

    // MARK: Spread over time

    @Test func workIsSpread() {
        let broker = TestBroker(extensions: [self.rules])
        let clients = (0..<300).map { broker.connected("c\($0)") }
        for client in clients { client.subscribe("a", "b", "c", "d") }
        broker.settle()
        _ = self.rules.takeCalls()
        broker[0].recheckAccess()
        var parts: [Int] = []
        while broker.hosts[0].isContinuing {
            broker.continueWork(of: 0)
            parts.append(self.rules.takeCalls().count)
        }
        #expect(parts.reduce(0, +) == 300 * 5, "each asked once")
        #expect(parts.count >= 300 * 5 / 256 && parts.allSatisfy { $0 <= 260 }, "\(parts)")
        #expect(broker[0].hasRecheckedAccess)
    }

    /// One session with more subscriptions than a part has questions, and one that is refused among the last.
    @Test func aLargeSessionIsSpreadToo() {
        let broker = TestBroker(extensions: [self.rules])
        let client = broker.connected("c")
        for index in 0..<1000 { client.subscribe("t/\(index)") }
        self.rules.refuse("t/0", "t/500", "t/999")
        self.recheck(broker)
        #expect(broker.state.subscriptionCount == 997)
        #expect(broker.metrics.subscriptionsRevoked == 3)
    }

    @Test func lateAnswersAreLimitedInNumber() async {
        let broker = TestBroker(extensions: [self.rules])
        let clients = (0..<200).map { broker.connected("c\($0)") }
        for client in clients { client.subscribe("no") }
        self.rules.change {
            $0.isLate = true
            $0.refused = ["no"]
        }
        self.recheck(broker)
        var most = 0
        while broker.hosts[0].workCount > 0 {
            most = max(most, broker.hosts[0].workCount)
            await broker.runWork()
        }
        #expect(most <= Chores.maximumLateAnswers + 1)
        #expect(broker.state.subscriptionCount == 0)
        #expect(broker[0].hasRecheckedAccess)
    }
}

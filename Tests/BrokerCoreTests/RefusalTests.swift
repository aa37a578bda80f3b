//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Whoever is refused something hears of it as far as its version can say it, before the connection ends.
@Suite struct RefusalTests {
    @Test(arguments: [ProtocolVersion.v3_1_1, .v5], [true, false])
    func disconnectedForWhatItDid(_ version: ProtocolVersion, isLate: Bool) async {
        let rules = ChangingRules {
            $0.refused = ["no"]
            $0.refusal = .disconnect(.notAuthorized)
            $0.isLate = isLate
        }
        for qos in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce] {
            await self.expectDisconnected(version, rules) { $0.publish("no", qos: qos, retain: true) }
        }
        await self.expectDisconnected(version, rules) { $0.subscribe("yes", "no") }
    }

    private func expectDisconnected(
        _ version: ProtocolVersion,
        _ rules: ChangingRules,
        _ act: (TestClient) -> Void
    ) async {
        let broker = TestBroker(extensions: [rules])
        let client = broker.connected("c", version)
        act(client)
        await broker.runWork()
        #expect(client.take() == (version == .v5 ? [.disconnect(Disconnect(reason: .notAuthorized))] : []))
        #expect(client.isClosed)
        #expect(broker.state.retainedCount == 0)
        broker.expectEmpty()
        let denied = broker.events.filter { if case .denied(_, _, .notAuthorized) = $0 { true } else { false } }
        #expect(denied.count == 1)
    }

    /// What is denied again and again is logged so often in a second, and again in the next.
    @Test func denialsDoNotFillTheLog() {
        let rules = ChangingRules { $0.refused = ["no"] }
        let broker = TestBroker(extensions: [rules])
        let client = broker.connected("c")
        for _ in 0..<(2 * LineAllowance.linesPerSecond) { client.publish("no") }
        client.subscribe("no")
        broker.advance(seconds: 1)
        client.subscribe("no")
        let denied = broker.events.compactMap { if case .denied(_, let action, _) = $0 { action } else { nil } }
        #expect(denied.count(where: { $0 == .publish(topic: "no") }) == LineAllowance.linesPerSecond)
        #expect(denied.count == LineAllowance.linesPerSecond + 1 && denied.last == .subscribe(filter: "no"))
    }

    // MARK: Another server

    @Test func aClientIsSentElsewhere() {
        let elsewhere = RecordingExtension(
            .authentication,
            authenticate: { request in
                switch request.client.clientIdentifier {
                case "moved": .now(.redirect(.serverMoved, to: "far.example:1883"))
                case "plain": .now(.refuse(.useAnotherServer))
                default: .now(request.stage == .connect ? .accept() : .redirect(.useAnotherServer, to: "near.example"))
                }
            }
        )
        let broker = TestBroker(extensions: [elsewhere]) { $0.serverReference = "default.example" }
        let moved = broker.client("moved").connect()
        #expect(moved?.reason == .serverMoved)
        #expect(moved?.properties.serverReference == "far.example:1883")
        let plain = broker.client("plain").connect()
        #expect(plain?.properties.serverReference == "default.example")
        let old = broker.client("moved", .v3_1_1)
        #expect(old.connect()?.reason == .notAuthorized, "the nearest that it has")
        #expect(old.isClosed)

        let later = broker.connected("later") { $0.properties.authenticationMethod = "M" }
        later.send(.auth(Auth(reason: .reauthenticate, properties: [.authenticationMethod("M")])))
        guard case .disconnect(let farewell)? = later.takeFirst(.disconnect) else {
            Issue.record("no DISCONNECT")
            return
        }
        #expect(farewell.reason == .useAnotherServer)
        #expect(farewell.properties.serverReference == "near.example")
    }

    // MARK: A message whose publisher has gone

    @Test(arguments: [true, false], [true, false])
    func aMessageUnderJudgementOutlivesItsConnection(isAllowed: Bool, isTakenOver: Bool) async {
        let slow = RecordingExtension(
            .publish,
            publish: { _ in .later { isAllowed ? .pass : .refuse(.quotaExceeded) } }
        )
        let broker = TestBroker(extensions: [slow])
        let watcher = broker.connected("w")
        watcher.subscribe("a")
        let client = broker.connected("c")
        client.publish("a", "x")
        if isTakenOver { _ = broker.connected("c") } else { client.drop() }
        #expect(watcher.takeTexts() == [])
        await broker.runWork()
        #expect(watcher.takeTexts() == (isAllowed ? ["x"] : []))
    }
}

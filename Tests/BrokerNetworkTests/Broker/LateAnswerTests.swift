//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore
import NanoMQ
import Testing

extension NetworkTests {
    /// Extensions that answer later, over real event loops.
    @Suite struct LateAnswerTests {
        /// Answers once the test lets it.
        private struct Doorkeeper: BrokerExtension {
            let gate: Progress
            let interests: ExtensionInterests = [.authentication, .authorization]

            func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> {
                guard request.client.clientIdentifier != "known" else { return .now(.accept()) }
                return .later {
                    await self.gate.wait(untilReached: 1)
                    return request.client.userName == "friend" ? .accept() : .refuse(.badUserNameOrPassword)
                }
            }

            func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
                switch request.action {
                case .publish(let topic, _, _) where topic.hasPrefix("slow/"):
                    return .later {
                        for _ in 0..<Int.random(in: 0..<5) { await Task.yield() }
                        return topic.hasSuffix("forbidden") ? .deny(.notAuthorized) : .allow
                    }
                case .subscribe(let filter, _):
                    return .later { filter.text == "private" ? .deny(.notAuthorized) : .pass }
                default: return .now(.pass)
                }
            }
        }

        @Test func aClientThatWaitsHoldsNobodyUp() async throws {
            let gate = Progress()
            try await RunningBroker.with(threads: 1, extensions: [Doorkeeper(gate: gate)]) { running in
                let friend = try await running.client("friend")
                friend.sendConnect { $0.userName = "friend" }
                let foe = try await running.client("foe")
                foe.sendConnect { $0.userName = "foe" }
                // What has been sent ahead of the answer waits with it.
                friend.publish("early", "bird")

                let known = try await running.connected("known")
                #expect(try await known.subscribe("early", "private") == [.grantedQoS2, .notAuthorized])
                try await known.ping()
                gate.advance()
                guard case .connectAck(let welcome)? = await friend.next() else { throw NetworkClient.Ended() }
                #expect(welcome.reason == .success)
                guard case .connectAck(let refusal)? = await foe.next() else { throw NetworkClient.Ended() }
                #expect(refusal.reason == .badUserNameOrPassword)
                #expect(await foe.next() == nil)
                #expect(try await known.nextPublish().text == "bird")
            }
        }

        @Test func messagesKeepTheirOrderWhileTheyAreJudged() async throws {
            let gate = Progress()
            gate.finish()
            try await RunningBroker.with(extensions: [Doorkeeper(gate: gate)]) { running in
                let subscriber = try await running.connected("known")
                try await subscriber.subscribe("slow/#", "fast/#")
                let publisher = try await running.client("publisher")
                try await publisher.connect { $0.userName = "friend" }
                for number in 0..<100 {
                    publisher.publish(number % 3 == 0 ? "fast/a" : "slow/a", "\(number)", qos: .atLeastOnce)
                }
                publisher.publish("slow/forbidden", "no", qos: .atLeastOnce)
                for number in 0..<100 { #expect(try await subscriber.nextPublish().text == "\(number)") }
                var reasons: [ReasonCode] = []
                while reasons.count < 101 {
                    reasons.append(
                        try await publisher.first {
                            if case .acknowledgement(let answer) = $0 { answer.reason } else { nil }
                        }
                    )
                }
                #expect(reasons.dropLast().allSatisfy { $0 == .success } && reasons.last == .notAuthorized)
            }
        }

        @Test func aClientThatLeavesWhileItIsJudgedLeavesNothing() async throws {
            let gate = Progress()
            try await RunningBroker.with(extensions: [Doorkeeper(gate: gate)]) { running in
                let impatient = try await running.client("impatient")
                impatient.sendConnect { $0.userName = "friend" }
                _ = try await running.census { $0.connections == 1 }
                await impatient.reset()
                _ = try await running.census { $0.connections == 0 }
                gate.advance()
                let known = try await running.connected("known")
                await known.disconnect()
                #expect(try await running.census(where: \.isQuiet) == Census())
            }
        }
    }
}

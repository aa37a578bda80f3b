//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore
import Testing

@testable import NanoMQ

extension NetworkTests {
    @Suite struct ReadingTests {
        private struct Slow: BrokerExtension {
            let gate: Progress
            let interests: ExtensionInterests = .publish

            func publish(_ message: Message, client: ClientInfo?) -> Answer<PublishVerdict> {
                guard message.topic == "slow" else { return .now(.pass) }
                return .later {
                    await self.gate.wait(untilReached: 1)
                    return .pass
                }
            }
        }

        /// While an answer is awaited for it, a client is not read from: what it sends stays in its own buffers.
        @Test func aConnectionThatWaitsIsNotReadFrom() async throws {
            let gate = Progress()
            try await RunningBroker.with(threads: 1, extensions: [Slow(gate: gate)]) { running in
                let talker = try await running.connected("talker")
                talker.publish("slow", "wait", qos: .atLeastOnce)
                let count = 512
                let load = String(repeating: "x", count: 64 * 1024)
                for _ in 0..<count { talker.publish("load", load) }
                // The loop turns often enough to have read it all.
                let other = try await running.connected("other")
                for _ in 0..<(2 * count) { try await other.ping() }
                let received = try await running.bytesReceived()
                #expect(received < 1024 * 1024)

                gate.advance()
                try await talker.ping()
                let everything = try await running.bytesReceived()
                #expect(everything > count * 64 * 1024)
            }
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Synchronization
import Testing

@testable import BrokerCore
@testable import BrokerNetwork
@testable import NanoMQ

extension NetworkTests {
    /// Settings and rules that change under clients on real sockets and several event loops.
    @Suite struct ChangeTests {
        private final class Rules: BrokerExtension {
            let refused = Mutex<Set<String>>([])
            let interests: ExtensionInterests = .authorization
            let isAuthorizationLasting = true

            private func allows(_ name: String) -> Bool { self.refused.withLock { !$0.contains(name) } }

            func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
                let name =
                    switch request.action {
                    case .publish(let topic, _, _), .will(let topic, _, _): topic
                    case .subscribe(let filter, _): filter.text
                    }
                let isAllowed = self.allows(name)
                return .later { isAllowed ? .allow : .deny(.notAuthorized) }
            }

            func mayStay(_ client: ClientInfo) -> Answer<Bool> { .now(self.allows(client.clientIdentifier)) }
        }

        @Test func rulesThatChange() async throws {
            let rules = Rules()
            try await RunningBroker.with(threads: 3, extensions: [rules]) { running in
                let shards = try #require(running.broker.running.withLock { $0?.shards })
                var clients: [NetworkClient] = []
                for index in 0..<30 {
                    let client = try await running.connected("c\(index)")
                    #expect(try await client.subscribe("yes", "no") == [.grantedQoS2, .grantedQoS2])
                    clients.append(client)
                }
                rules.refused.withLock { $0 = ["no", "c3", "c17"] }
                await shards.recheckAccess()
                for index in [3, 17] {
                    let reason = try await clients[index].first {
                        if case .disconnect(let farewell) = $0 { farewell.reason } else { nil }
                    }
                    #expect(reason == .notAuthorized)
                    #expect(await clients[index].next() == nil)
                }
                _ = try await running.census { $0.subscriptions == 28 }
                // Once nobody has it, nobody gets it.
                let publisher = try await running.connected("p")
                publisher.publish("no", "1")
                publisher.publish("yes", "2")
                for (index, client) in clients.enumerated() where index != 3 && index != 17 {
                    #expect(try await client.nextPublish().text == "2")
                }
                await shards.disconnectClients(where: { $0.clientIdentifier != "p" }, reason: .administrativeAction)
                for client in clients { await client.drain() }
                try await publisher.ping()
                await shards.closeConnections(where: { _ in true }, reason: .serverShuttingDown)
                await publisher.drain()
            }
        }

        @Test func settingsThatChange() async throws {
            try await RunningBroker.with(threads: 3) { running in
                let shards = try #require(running.broker.running.withLock { $0?.shards })
                let early = try await running.connected("early")
                _ = try await early.subscribe("a")
                var settings = running.broker.state.settings
                settings.maximumPacketSize = 64
                settings.maximumConnections = 2
                #expect(await shards.apply(settings, to: running.broker.state) == settings)
                let late = try await running.client("late")
                #expect(try await late.connect().properties.maximumPacketSize == 64)
                let large = String(repeating: "x", count: 100)
                early.publish("a", large)
                #expect(try await early.nextPublish().text == large)
                let third = try await running.client("third")
                #expect(await third.next() == nil)
                late.publish("a", large)
                let reason = try await late.first {
                    if case .disconnect(let farewell) = $0 { farewell.reason } else { nil }
                }
                #expect(reason == .packetTooLarge)
            }
        }
    }
}

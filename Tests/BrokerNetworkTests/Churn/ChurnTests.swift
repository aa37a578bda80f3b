//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NanoMQ
import Testing

extension NetworkTests {
    /// Who owns what, under load: clients that come, go, break off and take over each other's sessions on four
    /// event loops, while a ledger is kept of what has to arrive. Meant to be run under the sanitizers, too.
    @Suite struct ChurnTests {
        private static let publishers = 4
        private static let subscribers = 6
        private static let churners = 24
        private static let rounds = 3

        /// Connections of all rounds; `NANOMQ_CHURN` asks for more.
        private static var connections: Int {
            ProcessEnvironment.variables["NANOMQ_CHURN"].flatMap { Int($0) } ?? 3000
        }

        @Test func nothingIsLostAndNothingIsLeft() async throws {
            try await self.churn(store: nil)
        }

        #if SQLite
            /// The same with sessions on disk, where most of what waits is in the store only.
            @Test func nothingIsLostAndNothingIsLeftWithAStore() async throws {
                let folder = try TemporaryFolder()
                let store = StoreSettings(directory: folder.path, cacheBytes: 256 * 1024)
                try await self.churn(store: store)
                // Nothing is left there either.
                try await RunningBroker.with(store: store) { running in
                    // What ended sessions have left is cleared up bit by bit.
                    while let totals = running.broker.storeMetrics?.totals, totals != StoreTotals(), !Task.isCancelled {
                        await Task.yield()
                    }
                    #expect(running.broker.storeMetrics?.totals == StoreTotals())
                    let census = try await running.census()
                    #expect(census == Census())
                }
            }
        #endif

        private func churn(store: StoreSettings?) async throws {
            try await RunningBroker.with(threads: 4, store: store) { settings in
                settings.maximumQueuedMessages = 1_000_000
                settings.maximumQueuedBytes = .max
                settings.maximumStoredMessages = 1_000_000
                settings.maximumStoredMessagesPerSession = 1_000_000
                settings.queuedMessagesInMemory = 8
            } _: { running in
                HeapUse.prepare()
                var uses: [Int] = []
                for round in 0..<Self.rounds {
                    try await self.churn(running, connections: Self.connections / Self.rounds, round: round)
                    if let use = HeapUse.bytes { uses.append(use) }
                }
                let metrics = running.broker.metrics
                #expect(metrics.connectionsAccepted >= Self.connections)
                #expect(metrics.connectionsRefused == 0)
                #expect(metrics.stuckReaders == 0)
                // The first round fills caches and pools, which grow a little more; beyond that, a connection that is
                // over costs nothing: what stays of each is far below the size of a session or a connection.
                guard let first = uses.first, let least = uses.dropFirst().min() else { return }
                let bound = 768 * 1024 + Self.connections / Self.rounds * 128
                #expect(least - first < bound, "in use after each round: \(uses)")
            }
        }

        /// One round, at whose end the broker is as empty as before.
        private func churn(_ running: RunningBroker, connections: Int, round: Int) async throws {
            let population = Population(running, connections: connections)
            try await population.settleResidents()
            let (published, read) = try await self.keepLedger(population)

            #expect(published.count == Self.publishers && read.count == Self.subscribers)
            for account in read {
                #expect(account.counts == published.mapValues(\.count), "\(account.name)")
                for (publisher, numbers) in account.repeated {
                    #expect(
                        numbers.isSubset(of: published[publisher]?.repeated ?? []),
                        "\(account.name) got again what was sent once"
                    )
                }
            }
            // Sessions that should stay have stayed, and no others.
            for index in 0..<Population.strangers { try await population.evict(Population.stranger(index)) }
            var census = try await running.census(where: \.isQuiet)
            let staying = Population.residents + Self.subscribers + Self.publishers
            #expect(census.sessions == staying)
            #expect(census.countedSessions == staying)
            #expect(census.namedSessions == staying)
            #expect(census.subscriptions == Population.residents + Self.subscribers)

            // And when they are ended too, nothing is left.
            for index in 0..<Population.residents { try await population.evict(Population.resident(index)) }
            for index in 0..<Self.subscribers { try await population.evict("subscriber-\(index)") }
            for index in 0..<Self.publishers { try await population.evict("publisher-\(index)") }
            let sweeper = try await running.connected("sweeper")
            for topic in 0..<4 { sweeper.publish("noise/\(topic)", "", qos: .atMostOnce, isRetained: true) }
            await sweeper.disconnect()
            census = try await running.census(where: \.isQuiet)
            #expect(census == Census())
        }

        private struct Account: Sendable {
            let name: String
            let counts: [String: Int]
            let repeated: [String: Set<Int>]
        }

        private struct Published: Sendable {
            let count: Int
            let repeated: Set<Int>
        }

        private enum Outcome: Sendable {
            case churned
            case published(String, Published)
            case read(Account)
        }

        /// Lets all of them loose, until the churners have made their connections and the ledger is complete.
        private func keepLedger(_ population: Population) async throws -> ([String: Published], [Account]) {
            let beginning = Progress()
            return try await withThrowingTaskGroup(of: Outcome.self) { group in
                for index in 0..<Self.subscribers {
                    group.addTask {
                        let subscriber = LedgerSubscriber(
                            "subscriber-\(index)",
                            population,
                            publishers: Self.publishers
                        )
                        try await subscriber.begin()
                        beginning.advance()
                        try await subscriber.run()
                        return .read(
                            Account(
                                name: subscriber.name,
                                counts: subscriber.counts,
                                repeated: subscriber.repeated
                            )
                        )
                    }
                }
                await beginning.wait(untilReached: Self.subscribers)
                for index in 0..<Self.publishers {
                    group.addTask {
                        let publisher = LedgerPublisher("publisher-\(index)", population)
                        try await publisher.run()
                        return .published(
                            publisher.name,
                            Published(count: publisher.count, repeated: publisher.repeated)
                        )
                    }
                }
                for _ in 0..<Self.churners {
                    group.addTask {
                        try await Churner(population: population).run()
                        return .churned
                    }
                }
                var churned = 0
                var published: [String: Published] = [:]
                var read: [Account] = []
                for try await outcome in group {
                    switch outcome {
                    case .churned:
                        churned += 1
                        if churned == Self.churners { population.progress.finish() }
                    case .published(let name, let account): published[name] = account
                    case .read(let account): read.append(account)
                    }
                }
                return (published, read)
            }
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import TestSupport
import Testing

@testable import BrokerCore

/// Rules that change while clients come, go, take over their sessions on other shards and subscribe, with answers that
/// come late and in any order: whatever happens, in the end nobody has what the last rules refuse, and nothing is lost
/// that they allow.
@Suite struct AccessInterleavingTests {
    private static let filters = ["a", "b", "c", "$share/g/a", "$share/g/b"]
    private static let users = ["adam", "eve"]

    @Test(arguments: 0..<60)
    func inTheEndTheLastRulesHold(_ seed: Int) async {
        var generator = SeededGenerator(seed: UInt64(seed))
        let rules = ChangingRules { $0.isLasting = seed % 2 == 0 }
        let broker = TestBroker(shards: 1 + seed % 3, extensions: [rules])
        var clients: [TestClient] = []
        // Shards that have not been told of the last change.
        var untold: [Int] = []
        for _ in 0..<400 {
            switch Int.random(in: 0..<16, using: &generator) {
            case 0..<2:
                let client = broker.client(
                    "c\(Int.random(in: 0..<3, using: &generator))",
                    Bool.random(using: &generator) ? .v5 : .v3_1_1,
                    on: Int.random(in: 0..<broker.shards.count, using: &generator)
                )
                let isClean = generator.once(in: 6)
                let user = Self.users[Int.random(in: 0..<2, using: &generator)]
                client.send(
                    client.connectPacket {
                        $0.cleanStart = isClean
                        $0.userName = user
                        if $0.version == .v5 { $0.properties.sessionExpiryInterval = 1000 }
                    }
                )
                clients.append(client)
            case 2..<5:
                guard let client = clients.randomElement(using: &generator), self.isIn(client) else { continue }
                let filter = Self.filters[Int.random(in: 0..<5, using: &generator)]
                client.send(
                    .subscribe(
                        Subscribe(
                            packetIdentifier: client.nextPacketIdentifier(),
                            filters: [.init(filter: filter, options: SubscriptionOptions(qos: .atLeastOnce))]
                        )
                    )
                )
            case 5:
                guard let client = clients.randomElement(using: &generator) else { continue }
                if let connection = client.connection { client.shard.closed(connection) }
            case 6:
                guard let client = clients.randomElement(using: &generator), self.isIn(client) else { continue }
                client.publish("a", "x", qos: .atLeastOnce)
            case 7:
                self.change(rules, using: &generator)
                untold = Array(broker.shards.indices).shuffled(using: &generator)
            case 13: if let shard = untold.popLast() { broker[shard].recheckAccess() }
            case 8: rules.change { $0.isLate.toggle() }
            case 9..<12: await broker.runOneWork(using: &generator)
            default: broker.step(using: &generator)
            }
        }
        // The last change, and everything that is under way comes to its end.
        self.change(rules, using: &generator)
        for shard in broker.shards { shard.recheckAccess() }
        await self.settle(broker)
        broker.expectAtRest()
        self.expectAllowed(broker, rules)
        for client in clients { client.drop() }
        await self.settle(broker)
        rules.change { $0 = ChangingRules.Rules() }
        self.expectConsistent(broker)
        broker.advance(seconds: 2000)
        await self.settle(broker)
        // Sessions of clients before v5 do not end by themselves.
        for index in 0..<3 { broker.connected("c\(index)").drop() }
        broker.expectEmpty()
        #expect(broker.state.sessionsOffline == 0)
    }

    private func isIn(_ client: TestClient) -> Bool { client.connection?.phase == .connected }

    private func change(_ rules: ChangingRules, using generator: inout SeededGenerator) {
        var refused: Set<String> = []
        for user in Self.users {
            for name in Self.filters + ["stay"] where generator.once(in: 4) { refused.insert("\(user):\(name)") }
        }
        let isLate = Bool.random(using: &generator)
        rules.change {
            $0.refused = refused
            $0.isLate = isLate
        }
    }

    private func settle(_ broker: TestBroker) async {
        broker.settle()
        while broker.hosts.contains(where: { $0.workCount > 0 }) { await broker.runWork() }
    }

    private func expectAllowed(_ broker: TestBroker, _ rules: ChangingRules) {
        let now = rules.now
        for session in broker.shards.flatMap(\.sessions.all) {
            #expect(session.review == nil)
            for entry in session.entries.values {
                #expect(now.allows(entry.filter.text, session.info), "\(session.info.clientIdentifier) \(entry.filter)")
            }
            var queue = session.queue
            while let queued = queue.popFirst() { #expect(now.allows(queued.message.topic, session.info)) }
            if session.connection != nil { #expect(now.allows("stay", session.info)) }
        }
        for shard in broker.shards { #expect(shard.hasRecheckedAccess && shard.chores.lateAnswers == 0) }
        self.expectConsistent(broker)
    }

    private func expectConsistent(_ broker: TestBroker) {
        let sessions = broker.shards.flatMap(\.sessions.all)
        #expect(broker.state.subscriptionCount == sessions.reduce(0) { $0 + $1.entries.count })
        #expect(broker.state.directory.count == sessions.count)
        #expect(broker.state.sessionsOffline == sessions.count { $0.connection == nil })
        for session in sessions {
            let bytes = session.entries.values.reduce(0) { $0 + Session.Entry.byteCount(of: $1.filter) }
            #expect(session.subscriptionBytes == bytes)
            #expect(Int(session.sharedCount) == session.entries.values.count { $0.filter.share != nil })
            if let connection = session.connection { #expect(connection.session === session) }
        }
    }
}

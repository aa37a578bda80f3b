//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// Clients that are disconnected because an operator says so, or because their listener is gone.
@Suite struct ExpulsionTests {
    @Test func thoseMeantGo() {
        let broker = TestBroker(shards: 2)
        let watcher = broker.connected("w")
        watcher.subscribe("will")
        let clients = (0..<20).map { index in
            broker.connected("c\(index)", index % 4 == 0 ? .v3_1_1 : .v5, on: index % 2) {
                $0.cleanStart = false
                $0.userName = index < 10 ? "eve" : "adam"
                if $0.version == .v5 { $0.properties.sessionExpiryInterval = 100 }
                $0.will = Will(topic: "will", payload: ByteBuffer(string: "c\(index)"))
            }
        }
        for shard in broker.shards {
            shard.disconnectClients(where: { $0.userName == "eve" }, reason: .administrativeAction)
        }
        broker.settle()
        for (index, client) in clients.enumerated() {
            #expect(client.isClosed == (index < 10))
            #expect(client.takeDisconnect() == (index < 10 && client.version == .v5 ? .administrativeAction : nil))
        }
        #expect(watcher.takeTexts().sorted() == (0..<10).map { "c\($0)" })
        #expect(broker.metrics.clientsExpelled == 10)
        #expect(broker.metrics.clientsConnected == 11)
        #expect(broker.metrics.sessions == 21, "sessions are kept")
        #expect(broker.state.sessionsOffline == 10)
    }

    @Test func workIsSpreadAndOrderedByCall() {
        let broker = TestBroker()
        let clients = (0..<1000).map { broker.connected("c\($0)") }
        broker.settle()
        broker[0].disconnectClients(where: { _ in false }, reason: .notAuthorized)
        broker[0].disconnectClients(where: { _ in true }, reason: .serverMoved)
        var parts: [Int] = []
        while broker.hosts[0].isContinuing {
            let before = broker[0].connections.count
            broker.continueWork(of: 0)
            parts.append(before - broker[0].connections.count)
        }
        #expect(parts.allSatisfy { $0 <= Chores.part } && parts.count >= 8, "\(parts)")
        #expect(clients.allSatisfy { $0.takeDisconnect() == .serverMoved })
        broker.expectEmpty()
    }

    /// A listener's connections go in every phase, also those that have not said who they are.
    @Test func aListenerIsGone() async {
        let rules = ChangingRules {
            $0.interests = .authentication
            $0.isLate = true
        }
        let broker = TestBroker(extensions: [rules])
        let stranger = broker.client("stranger")
        let atTheDoor = broker.client("door")
        atTheDoor.send(atTheDoor.connectPacket())
        rules.change { $0.isLate = false }
        let inside = broker.connected("inside")
        broker[0].closeConnections(where: { $0.listener == "another" }, reason: .serverShuttingDown)
        broker.settle()
        #expect(!stranger.isClosed && !atTheDoor.isClosed && !inside.isClosed)
        broker[0].closeConnections(where: { $0.listener == "embedded" }, reason: .serverShuttingDown)
        broker.settle()
        #expect(stranger.isClosed && atTheDoor.isClosed && inside.isClosed)
        #expect(inside.takeDisconnect() == .serverShuttingDown)
        await broker.runWork()
        broker.expectEmpty()
    }
}

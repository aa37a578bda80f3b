//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// Who takes part in a churn, and how far it is.
final class Population: Sendable {
    /// Clients whose sessions stay for good; all others come with any session, or none.
    static let residents = 12
    static let strangers = 40

    let broker: RunningBroker
    /// Connections that churners are to make.
    let connections: Int
    /// Connections that they have made.
    let progress = Progress()

    init(_ broker: RunningBroker, connections: Int) {
        self.broker = broker
        self.connections = connections
    }

    static func resident(_ index: Int) -> String { "resident-\(index)" }
    static func stranger(_ index: Int) -> String { "stranger-\(index)" }

    static var anyVersion: ProtocolVersion { Bool.random() ? .v5 : .v3_1_1 }

    /// Gives each resident its session.
    func settleResidents() async throws {
        for index in 0..<Self.residents {
            let client = try await self.broker.connected(Self.resident(index), clean: false)
            try await client.subscribe("resident/\(index)")
            await client.disconnect()
        }
    }

    /// Ends a session for good.
    func evict(_ identifier: String) async throws {
        let client = try await self.broker.connected(identifier, Self.anyVersion)
        await client.disconnect()
    }
}

extension NetworkClient {
    /// Leaves in one of the ways in which clients do.
    func leaveSomehow() async {
        switch Int.random(in: 0..<5) {
        case 0: await self.disconnect()
        case 1: await self.halfClose()
        case 2: await self.reset()
        case 3: await self.vanishMidPacket()
        default: await self.close()
        }
    }
}

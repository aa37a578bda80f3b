//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

@testable import BrokerCore

/// How many of everything a broker holds.
struct Census: Equatable, Sendable {
    var connections = 0
    var clientsConnected = 0
    var sessions = 0
    /// What the metrics say of sessions, and the table by client.
    var countedSessions = 0
    var namedSessions = 0
    /// Claims and sessions on their way between shards.
    var underWay = 0
    var subscriptions = 0
    var retained = 0
    var inflight = 0
    var queued = 0

    init() {}

    init(_ shard: Shard) {
        self.connections = shard.connections.count
        self.clientsConnected = shard.metrics.clientsConnected
        self.sessions = shard.sessions.count
        self.countedSessions = shard.metrics.sessions
        self.namedSessions = shard.sessionsByClient.count
        self.underWay = shard.claims.count + shard.moved.count + shard.sessions.all.count { $0.arrival != nil }
        self.inflight = shard.sessions.all.reduce(0) { $0 + $1.inflight.all.count }
        self.queued = shard.sessions.all.reduce(0) { $0 + $1.queue.count }
    }

    static func += (left: inout Self, right: Self) {
        left.connections += right.connections
        left.clientsConnected += right.clientsConnected
        left.sessions += right.sessions
        left.countedSessions += right.countedSessions
        left.namedSessions += right.namedSessions
        left.underWay += right.underWay
        left.inflight += right.inflight
        left.queued += right.queued
    }

    /// Nobody is connected or about to be.
    var isQuiet: Bool { self.connections == 0 && self.clientsConnected == 0 && self.underWay == 0 }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule
import MQTTCodec
import NIOCore

/// The part of the broker that lives on one event loop: its connections and their sessions.
///
/// It does no I/O and reads no clock: bytes come in through ``receive(_:on:)``, go out through the connections'
/// transports at ``endTurn()``, and other shards are reached by messages through the host. Nothing in it is
/// protected by a lock, because nothing in it is touched from anywhere but its own loop.
package final class Shard {
    let index: UInt16
    let broker: BrokerState
    // Replaced whole and never changed in place, so that reading a setting costs a load.
    private(set) var settings: BrokerSettings
    private(set) var terms: ConnectionTerms
    private(set) var queueLimits: MessageQueue.Limits
    private(set) var extensions: ExtensionChain
    private(set) var hooks: ExtensionInterests
    /// Counts the changes of the rules of access that this shard has been told of.
    private(set) var accessGeneration: UInt32 = 0
    /// The event loop it lives on; nil before it starts and after it has stopped, when events go nowhere.
    package var host: (any ShardHost)?

    var now: MonotonicTime
    var connections = SlotTable<Connection>()
    var sessions = SlotTable<Session>()
    var sessionsByClient: [UTF8String: Session] = [:]
    /// Connections whose session is on its way from another shard.
    var claims: [UTF8String: [Claim]] = [:]
    /// Where sessions have gone that may still be sent to at their old address.
    var moved: [SessionAddress: MovedSession] = [:]
    let routes: RouteCache
    var timers = Timers()
    var metrics = BrokerMetrics()
    var nextStatisticsAt: MonotonicTime?
    var chores = Chores()
    /// What has to outlive the broker is kept there; nil: nothing is.
    let store: SharedStore?
    var journal = StoreJournal()
    /// Whether sessions are being restored: until all are there, none ends and no will is published.
    private(set) var isRestoring = false
    /// The kept session for which most messages wait, as far as is known; nil: none.
    var fullest: SessionAddress?
    /// The kept session for which most bytes wait, as far as is known; nil: none.
    var largest: SessionAddress?
    /// Sessions that the store may not hold yet, by the ticket of what has made them known to it.
    var beginning: Deque<(ticket: UInt64, account: SessionAccount)> = []
    /// Pages of sessions' messages that are asked for at the end of the turn.
    var pageRequests: [BacklogRequest] = []
    var estates = Estates()
    /// Connections that hold something back, by the ticket it waits for.
    var holding: Deque<(ticket: UInt64, connection: Connection)> = []

    /// Counts turns.
    private(set) var turn: UInt64 = 1
    private var touched: [Connection] = []
    /// Sessions with retained messages to be looked up in the next turn.
    private var retainedNextTurn: [SessionAddress] = []
    private var outboxes: [[ShardMessage]]
    private var hasMail = false
    private var lineAllowance = LineAllowance()
    /// Whether ``endTurn()`` has been asked for.
    private var isTurnEnding = false
    /// Shards that have not kept up.
    private var congested: Set<Int> = []
    private var throttled: [Connection] = []

    package init(index: Int, broker: BrokerState) {
        self.index = UInt16(index)
        self.broker = broker
        self.store = broker.store
        let settings = broker.settings
        self.settings = settings
        self.terms = ConnectionTerms(settings)
        self.queueLimits = MessageQueue.Limits(settings)
        let extensions = ExtensionChain(broker.extensions)
        self.extensions = extensions
        self.hooks = extensions.interests
        self.now = MonotonicTime(milliseconds: 0)
        self.routes = RouteCache(places: 8192)
        self.outboxes = Array(repeating: [], count: broker.shardCount)
    }

    func log(_ event: BrokerEvent) { self.host?.log(event) }

    /// For what strangers can bring about at any rate.
    func log(_ kind: LineAllowance.Kind, _ event: @autoclosure () -> BrokerEvent) {
        guard self.lineAllowance.take(kind, at: self.now) else { return }
        self.log(event())
    }

    func readClock() {
        if let host = self.host { self.now = host.now }
    }

    // MARK: Changes while it runs

    /// Goes by other settings from now on; ``BrokerState/apply(_:)`` comes first.
    ///
    /// What a connection was promised holds until it ends. What is in queues and stores stays there.
    package func apply(_ settings: BrokerSettings) {
        if settings.statisticsInterval != self.settings.statisticsInterval { self.nextStatisticsAt = nil }
        self.settings = settings
        self.terms = ConnectionTerms(settings)
        self.queueLimits = MessageQueue.Limits(settings)
    }

    /// Asks the extensions anew what they want to be asked, and forgets what they have answered before.
    func readRules() {
        self.extensions = ExtensionChain(self.broker.extensions)
        self.hooks = self.extensions.interests
        self.accessGeneration &+= 1
    }

    // MARK: Starting

    /// Sessions will be restored; ``begin()`` follows when all are there.
    package func prepareToRestore() { self.isRestoring = true }

    /// All is there that an earlier broker has left, and clients can come: time goes on for it.
    package func begin() {
        guard self.isRestoring else { return }
        self.isRestoring = false
        self.readClock()
        self.holdBackEstates()
    }

    // MARK: Turns

    /// Sees to it that what has been written to this connection leaves at the end of the turn.
    @inline(__always)
    func touch(_ connection: Connection) {
        guard !connection.isTouched else { return }
        connection.isTouched = true
        self.touched.append(connection)
        self.needTurnEnd()
    }

    func needTurnEnd() {
        guard !self.isTurnEnding else { return }
        self.isTurnEnding = true
        self.host?.endTurnSoon()
    }

    /// Leaves a message for another shard, which gets it at the end of the turn.
    func post(_ message: ShardMessage, to shard: UInt16) {
        self.outboxes[Int(shard)].append(message)
        self.hasMail = true
        self.needTurnEnd()
    }

    /// Sends what this turn has brought: one flush a connection, one message batch a shard.
    package func endTurn() {
        self.isTurnEnding = false
        self.turn &+= 1
        self.continueRetained()
        // Flushing may write more (the queue behind a full window), which is flushed in the same pass.
        var index = 0
        while index < self.touched.count {
            let connection = self.touched[index]
            connection.isTouched = false
            self.flush(connection)
            index += 1
        }
        self.touched.removeAll(keepingCapacity: self.touched.count < 1024)
        // Before the mail: what another shard makes of it comes to the store behind it.
        self.submitJournal()
        self.requestPages()
        guard self.hasMail else { return }
        self.hasMail = false
        for shard in self.outboxes.indices where !self.outboxes[shard].isEmpty {
            let messages = self.outboxes[shard]
            self.outboxes[shard] = []
            if self.broker.beginTransfer(of: messages.reduce(0) { $0 + $1.transferBytes }, to: shard) {
                self.congested.insert(shard)
            }
            self.host?.post(messages, to: shard)
        }
    }

    /// Goes on with a session's retained messages in the next turn, after everybody else has had theirs.
    func sendRetainedNextTurn(_ session: Session) {
        self.retainedNextTurn.append(session.address)
        self.needTurnEnd()
    }

    private func continueRetained() {
        let due = self.retainedNextTurn
        self.retainedNextTurn = []
        for address in due {
            guard let session = self.sessions[address.slot, address.generation], let connection = session.connection
            else { continue }
            self.sendRetained(session, connection)
        }
    }

    private func flush(_ connection: Connection) {
        guard let transport = connection.transport else { return }
        if connection.phase == .closed {
            connection.transport = nil
            // A CONNACK that waits for the store is not sent at all: nobody has been let in.
            if self.isWelcomeHeld(connection) { connection.output.removeAll() }
            let batch = connection.output.take()
            self.metrics.bytesSent &+= batch.byteCount
            transport.send(batch)
            transport.closeAfterSending()
            return
        }
        guard transport.isWritable, !self.isWelcomeHeld(connection) else { return }
        let batch = connection.output.take()
        self.metrics.bytesSent &+= batch.byteCount
        transport.send(batch)
        connection.stuckSince = nil
        if connection.isBacklogged {
            connection.isBacklogged = false
            connection.updateReading()
        }
        if let session = connection.session { self.pump(session) }
    }

    /// A connection's socket takes bytes again.
    package func becameWritable(_ connection: Connection) {
        guard connection.phase != .closed else { return }
        self.readClock()
        self.touch(connection)
    }

    // MARK: Messages from other shards

    /// Deals with what another shard has sent.
    package func process(_ messages: [ShardMessage]) {
        self.readClock()
        var byteCount = 0
        for message in messages {
            byteCount += message.transferBytes
            switch message {
            case .deliver(let delivery): self.deliver(delivery)
            case .deliverDirectly(let delivery): self.deliver(delivery)
            case .forward(let client, let delivery): self.deliverForwarded(delivery, to: UTF8String(client))
            case .claim(let client, let next, let tenure, let isCleanStart):
                self.answerClaim(of: UTF8String(client), by: next, endOf: tenure, isCleanStart: isCleanStart)
            case .handover(let client, let tenure, let parcel):
                self.takeOver(parcel?.session, of: UTF8String(client), tenure)
            case .fence(let client, let old, let shard):
                self.post(.fencePassed(client: client, from: old, to: shard), to: old.shard)
            case .fencePassed(let client, let old, let shard): self.passFence(of: client, from: old, to: shard)
            case .fenceReturned(let client, let old): self.endFence(of: UTF8String(client), from: old)
            case .publish(let message): self.publishOwn(message)
            case .transferDrained: self.resumeThrottled()
            case .stored(let report): self.receive(report)
            }
        }
        if self.broker.endTransfer(of: byteCount, to: Int(self.index)) {
            for shard in 0..<self.broker.shardCount {
                self.post(.transferDrained, to: UInt16(shard))
            }
        }
    }

    // MARK: Back-pressure between shards

    var isCongested: Bool { self.hasCongestedShards || self.isStoreCongested }

    /// Whether another shard has not kept up; it says so when it has.
    var hasCongestedShards: Bool { !self.congested.isEmpty }

    /// Reads no further from a publisher until the other shards have caught up.
    func throttle(_ connection: Connection) {
        guard !connection.isThrottled else { return }
        connection.isThrottled = true
        connection.updateReading()
        self.throttled.append(connection)
    }

    /// Whether publishers wait because somebody has not kept up.
    var hasThrottled: Bool { !self.throttled.isEmpty }

    func resumeThrottled() {
        self.congested = []
        let waiting = self.throttled
        self.throttled = []
        for connection in waiting where connection.phase != .closed {
            connection.isThrottled = false
            connection.updateReading()
        }
    }
}

extension ShardMessage {
    /// What it counts for in the limit of what may be under way between shards.
    var transferBytes: Int {
        switch self {
        case .deliver(let delivery): 128 + delivery.message.byteCount
        case .deliverDirectly(let delivery), .forward(_, let delivery): 128 + delivery.message.byteCount
        // A message from outside was not counted when it was sent, so it is not when it comes.
        case .publish: 0
        case .claim, .handover, .fence, .fencePassed, .fenceReturned, .transferDrained, .stored: 0
        }
    }
}

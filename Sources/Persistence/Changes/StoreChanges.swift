//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

package import BrokerCore

/// What a store has to write: the net effect of operations, and the sessions there are.
///
/// What cancels out is never written: a message that is acknowledged before its turn comes costs the disk nothing.
/// A write that fails leaves all as it is, and what comes later is added.
package struct StoreChanges {
    /// Bytes that an operation is counted with beside its message.
    static let operationCost = 128
    /// Bytes that a session's record is counted with.
    static let recordCost = 1024

    /// What is known of a session that lasts.
    struct LiveSession {
        /// Whether the store has it, and not only these changes.
        var isStored: Bool
        /// Entries made here of it, as of `batch`.
        var entries = 0
        /// The last of its deliveries that an entry is about, as of `batch`; 0: none is about one.
        var lastDelivery: Int64 = 0
        var batch = 0
        /// How many of its deliveries are in `sentLately`.
        var sentLately = 0
    }

    var live: [Int64: LiveSession] = [:]
    /// Counts the writes, so that the sessions' entries need not be reset one by one.
    var batch = 0

    var sessions: [Int64: SessionRecord] = [:]
    /// Sessions in the store that have ended.
    var ended: Set<Int64> = []
    /// nil: the store shall forget it.
    var subscriptions: [SubscriptionKey: SubscriptionRecord?] = [:]
    /// false: the store shall forget it.
    var received: [ReceivedKey: Bool] = [:]
    /// In the order they came; those without a message are to be left out.
    var deliveries: ContiguousArray<PendingDelivery> = []
    /// Where in `deliveries` each is.
    var places: [DeliveryKey: Int] = [:]
    var updates: [DeliveryKey: DeliveryUpdate] = [:]
    /// Packet identifiers of deliveries of QoS 1 that have been sent since ``takeInSent()``. Nothing depends on them, and
    /// most are acknowledged soon: then they are never written.
    ///
    /// While one of a session is here, so are those of what has been sent to it later: what is in flight after a crash
    /// comes before all else, so it has to be what was sent first.
    var sentLately: [DeliveryKey: UInt16] = [:]
    var removals: ContiguousArray<DeliveryKey> = []
    var retainedChanges: [UTF8String: RetainedChange] = [:]
    /// What the changed topics' retained messages are, as of ``prepare()``.
    var retained: [(topic: String, message: Message?)] = []
    /// The highest number that was ever seen.
    var lastNumber: Int64 = 0
    /// Deliveries removed before they were written.
    var removedEarly = 0
    /// Entries of sessions that have ended since.
    var orphaned = 0

    /// Bytes in memory, about.
    package internal(set) var byteCount = 0

    package init() {}

    /// Sessions that last.
    package var liveCount: Int { self.live.count }

    /// Deliveries to be written.
    var deliveryCount: Int { self.deliveries.count - self.removedEarly }

    /// Whether there is nothing to write; to be asked after ``prepare()``.
    package var isEmpty: Bool {
        self.sessions.isEmpty && self.ended.isEmpty && self.subscriptions.isEmpty && self.received.isEmpty
            && self.deliveryCount == 0 && self.updates.isEmpty && self.removals.isEmpty && self.retained.isEmpty
    }

    /// Whether something of a session waits to be written, beside its record. One that is not known has nothing.
    package func hasEntries(of session: StoreNumber) -> Bool {
        guard let known = self.live[session.value] else { return false }
        return known.batch == self.batch && known.entries > 0
    }

    /// Whether something waits to be written that changes the answer to a request.
    ///
    /// What is before the deliveries that are asked for does not: they can be read while that goes.
    package func concern(_ request: BacklogRequest) -> Bool {
        guard self.hasEntries(of: request.session), let known = self.live[request.session.value] else { return false }
        return request.includesInflight || known.lastDelivery > request.after.value
    }

    /// Whether deliveries have been sent that ``takeInSent()`` is to take in.
    package var hasSentLately: Bool { !self.sentLately.isEmpty }

    /// There is a session that the store has had from before.
    package mutating func noteStored(_ session: StoreNumber) {
        self.live[session.value] = LiveSession(isStored: true)
    }

    /// To be called before it is written.
    package mutating func prepare() {
        if self.orphaned > 0 { self.clearVoid() }
        self.retained.removeAll(keepingCapacity: true)
        for change in self.retainedChanges.values {
            let message = change.message
            // Its publisher's shard draws a number before the retained messages have it, so that nothing that was
            // promised is left out here. One without could not be told from another.
            if let message, message.number == .none { continue }
            self.note(message?.number ?? .none)
            self.retained.append((change.topic, message))
        }
    }

    /// To be called after it has been written.
    package mutating func didWrite() {
        for number in self.sessions.keys { self.live[number]?.isStored = true }
        self.sessions.removeAll(keepingCapacity: true)
        self.ended.removeAll(keepingCapacity: true)
        self.subscriptions.removeAll(keepingCapacity: true)
        self.received.removeAll(keepingCapacity: true)
        self.updates.removeAll(keepingCapacity: true)
        // What one burst has needed is not kept for ever.
        let keepsCapacity = self.deliveries.capacity <= 1 << 14
        self.deliveries.removeAll(keepingCapacity: keepsCapacity)
        self.places.removeAll(keepingCapacity: keepsCapacity)
        self.removals.removeAll(keepingCapacity: self.removals.capacity <= 1 << 14)
        for (topic, _) in self.retained { self.retainedChanges[UTF8String(topic)] = nil }
        self.retained.removeAll(keepingCapacity: true)
        self.removedEarly = 0
        self.orphaned = 0
        self.batch += 1
        self.byteCount = (self.retainedChanges.count + self.sentLately.count) * Self.operationCost
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

package import BrokerCore
import MQTTCodec

extension StoreChanges {
    /// Adds an operation.
    package mutating func add(_ operation: StoreOperation) {
        switch operation {
        case .published(let record): self.publish(record)
        case .queued(let record):
            self.note(record.messageNumber)
            self.insert(record, bytes: record.message.byteCount)
        case .removed(let session, let delivery): self.remove(DeliveryKey(session, delivery))
        case .sent(let session, let delivery, let packetIdentifier, .exactlyOnce):
            self.update(DeliveryKey(session, delivery), packetIdentifier: packetIdentifier)
        case .sent(let session, let delivery, let packetIdentifier, _):
            self.noteSent(DeliveryKey(session, delivery), packetIdentifier: packetIdentifier)
        case .confirmed(let session, let delivery):
            self.update(DeliveryKey(session, delivery), isConfirmed: true)
        case .session(let record): self.begin(record)
        case .sessionEnded(let session): self.end(session)
        case .subscribed(let session, let record): self.set(record, of: session, filter: record.filter)
        case .unsubscribed(let session, let filter): self.set(nil, of: session, filter: filter)
        case .received(let session, let packetIdentifier): self.set(true, of: session, packetIdentifier)
        case .receivedReleased(let session, let packetIdentifier): self.set(false, of: session, packetIdentifier)
        case .retained(let change):
            if self.retainedChanges.updateValue(change, forKey: UTF8String(change.topic)) == nil {
                self.byteCount += Self.operationCost
            }
        }
    }

    mutating func note(_ number: StoreNumber) {
        if number.value > self.lastNumber { self.lastNumber = number.value }
    }

    /// Counts an entry of a session.
    ///
    /// - Parameter delivery: which of its deliveries the entry is about; 0: none.
    /// - Returns: false if the session has ended, or never begun.
    private mutating func countEntry(of session: Int64, delivery: Int64 = 0) -> Bool {
        guard let index = self.live.index(forKey: session) else { return false }
        if self.live.values[index].batch != self.batch {
            self.live.values[index].batch = self.batch
            self.live.values[index].entries = 0
            self.live.values[index].lastDelivery = 0
        }
        self.live.values[index].entries += 1
        self.live.values[index].lastDelivery = max(self.live.values[index].lastDelivery, delivery)
        return true
    }

    /// An entry has cancelled out.
    private mutating func uncountEntry(of session: Int64) {
        guard let index = self.live.index(forKey: session), self.live.values[index].batch == self.batch else { return }
        self.live.values[index].entries -= 1
    }

    // MARK: Deliveries

    private mutating func publish(_ record: PublishRecord) {
        self.note(record.number)
        let first = self.deliveries.count
        record.forEachDelivery { self.insert($0, bytes: 0) }
        // The message is in memory once: each delivery is counted with a share of it.
        let count = self.deliveries.count - first
        guard count > 0 else { return }
        let share = Int32(clamping: record.message.byteCount / count)
        for index in first..<self.deliveries.count {
            self.deliveries[index].cost = self.deliveries[index].cost.addingWithCeiling(share)
            self.byteCount += Int(share)
        }
    }

    private mutating func insert(_ record: DeliveryRecord, bytes: Int) {
        self.note(record.delivery)
        let key = DeliveryKey(record.session, record.delivery)
        guard self.places[key] == nil, self.countEntry(of: key.session, delivery: key.delivery) else { return }
        let delivery = PendingDelivery(record, key: key, cost: Int32(clamping: Self.operationCost + bytes))
        self.places[key] = self.deliveries.count
        self.byteCount += Int(delivery.cost)
        self.deliveries.append(delivery)
    }

    private mutating func remove(_ key: DeliveryKey) {
        self.forgetSent(key)
        if let place = self.places.removeValue(forKey: key) {
            self.deliveries[place].message = nil
            self.byteCount -= Int(self.deliveries[place].cost)
            self.removedEarly += 1
            self.uncountEntry(of: key.session)
            self.clearVoidIfMany()
            return
        }
        guard self.countEntry(of: key.session, delivery: key.delivery) else { return }
        if !self.updates.isEmpty, self.updates.removeValue(forKey: key) != nil {
            self.byteCount -= Self.operationCost
        }
        self.removals.append(key)
        self.byteCount += Self.operationCost
    }

    private mutating func update(_ key: DeliveryKey, packetIdentifier: UInt16 = 0, isConfirmed: Bool = false) {
        if let place = self.places[key] {
            if packetIdentifier != 0 { self.deliveries[place].packetIdentifier = packetIdentifier }
            if isConfirmed { self.deliveries[place].isConfirmed = true }
            return
        }
        if let index = self.updates.index(forKey: key) {
            if packetIdentifier != 0 { self.updates.values[index].packetIdentifier = packetIdentifier }
            if isConfirmed { self.updates.values[index].isConfirmed = true }
            return
        }
        guard self.countEntry(of: key.session, delivery: key.delivery) else { return }
        self.updates[key] = DeliveryUpdate(packetIdentifier: packetIdentifier, isConfirmed: isConfirmed)
        self.byteCount += Self.operationCost
    }

    private mutating func noteSent(_ key: DeliveryKey, packetIdentifier: UInt16) {
        guard let index = self.live.index(forKey: key.session) else { return }
        if self.live.values[index].sentLately == 0, let place = self.places[key] {
            self.deliveries[place].packetIdentifier = packetIdentifier
        } else if self.sentLately.updateValue(packetIdentifier, forKey: key) == nil {
            self.live.values[index].sentLately += 1
            self.byteCount += Self.operationCost
        }
    }

    private mutating func forgetSent(_ key: DeliveryKey) {
        guard !self.sentLately.isEmpty, self.sentLately.removeValue(forKey: key) != nil else { return }
        self.live[key.session]?.sentLately -= 1
        self.byteCount -= Self.operationCost
    }

    /// What has been sent lately and is still not acknowledged is to be written.
    package mutating func takeInSent() {
        let sent = self.sentLately
        self.sentLately = [:]
        self.byteCount -= sent.count * Self.operationCost
        for (key, packetIdentifier) in sent {
            self.live[key.session]?.sentLately = 0
            self.update(key, packetIdentifier: packetIdentifier)
        }
    }

    // MARK: Sessions

    private mutating func begin(_ record: SessionRecord) {
        self.note(record.number)
        let number = record.number.value
        if self.live[number] == nil { self.live[number] = LiveSession(isStored: false) }
        if self.sessions.updateValue(record, forKey: number) == nil { self.byteCount += Self.recordCost }
    }

    private mutating func end(_ session: StoreNumber) {
        guard let known = self.live.removeValue(forKey: session.value) else { return }
        if self.sessions.removeValue(forKey: session.value) != nil { self.byteCount -= Self.recordCost }
        if known.isStored, self.ended.insert(session.value).inserted { self.byteCount += Self.operationCost }
        if known.batch == self.batch {
            self.orphaned += known.entries
            self.clearVoidIfMany()
        }
    }

    private mutating func set(_ record: SubscriptionRecord?, of session: StoreNumber, filter: String) {
        let key = SubscriptionKey(session: session.value, filter: UTF8String(filter))
        if self.subscriptions[key] == nil {
            guard self.countEntry(of: session.value) else { return }
            self.byteCount += Self.operationCost + filter.utf8.count
        }
        self.subscriptions[key] = .some(record)
    }

    private mutating func set(_ isReceived: Bool, of session: StoreNumber, _ packetIdentifier: UInt16) {
        let key = ReceivedKey(session: session.value, packetIdentifier: packetIdentifier)
        if self.received[key] == nil {
            guard self.countEntry(of: session.value) else { return }
            self.byteCount += Self.operationCost
        }
        self.received[key] = isReceived
    }

    // MARK: What is void

    private mutating func clearVoidIfMany() {
        let void = self.removedEarly + self.orphaned
        guard void > 4096 else { return }
        let all = self.deliveries.count + self.updates.count + self.removals.count + self.subscriptions.count
        if void > (all + self.received.count) / 2 { self.clearVoid() }
    }

    /// Drops deliveries that have been removed, and the entries of sessions that have ended.
    mutating func clearVoid() {
        self.batch += 1
        self.orphaned = 0
        self.removedEarly = 0
        var deliveries: ContiguousArray<PendingDelivery> = []
        var places: [DeliveryKey: Int] = [:]
        for delivery in self.deliveries where delivery.message != nil {
            guard self.countEntry(of: delivery.key.session, delivery: delivery.key.delivery) else {
                self.byteCount -= Int(delivery.cost)
                continue
            }
            places[delivery.key] = deliveries.count
            deliveries.append(delivery)
        }
        self.deliveries = deliveries
        self.places = places
        let removals = self.removals
        self.removals = []
        for key in removals {
            if self.countEntry(of: key.session, delivery: key.delivery) {
                self.removals.append(key)
            } else {
                self.byteCount -= Self.operationCost
            }
        }
        for key in Array(self.updates.keys) where !self.countEntry(of: key.session, delivery: key.delivery) {
            self.updates[key] = nil
            self.byteCount -= Self.operationCost
        }
        for key in Array(self.subscriptions.keys) where !self.countEntry(of: key.session) {
            self.subscriptions.removeValue(forKey: key)
            self.byteCount -= Self.operationCost + key.filter.text.utf8.count
        }
        for key in Array(self.received.keys) where !self.countEntry(of: key.session) {
            self.received[key] = nil
            self.byteCount -= Self.operationCost
        }
    }
}

extension Int32 {
    fileprivate func addingWithCeiling(_ other: Int32) -> Int32 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

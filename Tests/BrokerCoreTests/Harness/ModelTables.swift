//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

/// What a store holds: plain tables, one change after the other.
struct ModelTables: Sendable {
    /// A message that waits for a session.
    struct Delivery: Sendable {
        let record: DeliveryRecord
        var packetIdentifier: UInt16 = 0
        var isConfirmed = false
    }

    /// A session with everything that belongs to it.
    struct Entry: Sendable {
        var record: SessionRecord
        var subscriptions: [String: SubscriptionRecord] = [:]
        var received: Set<UInt16> = []
        var deliveries: [StoreNumber: Delivery] = [:]

        /// What waits or is in flight, in order of the numbers.
        var inOrder: [Delivery] {
            self.deliveries.values.sorted { $0.record.delivery < $1.record.delivery }
        }
    }

    private(set) var sessions: [StoreNumber: Entry] = [:]
    private(set) var retained: [String: Message] = [:]
    /// The highest number that has come.
    private(set) var lastNumber = StoreNumber.none
    /// Changes that cannot be: a delivery that came twice.
    private(set) var faults: [String] = []

    /// Deliveries of all sessions.
    var deliveryCount: Int { self.sessions.values.reduce(0) { $0 + $1.deliveries.count } }

    /// Messages, each counted once however many sessions wait for it.
    var messageCount: Int {
        Set(self.sessions.values.flatMap { $0.deliveries.values.map(\.record.messageNumber) }).count
    }

    /// The bytes of these messages, and of the retained ones.
    var byteCount: Int {
        var bytes: [StoreNumber: Int] = [:]
        for entry in self.sessions.values {
            for delivery in entry.deliveries.values {
                bytes[delivery.record.messageNumber] = delivery.record.message.byteCount
            }
        }
        return bytes.values.reduce(0, +) + self.retained.values.reduce(0) { $0 + $1.byteCount }
    }

    /// The session of a client.
    func session(_ client: String) -> Entry? {
        self.sessions.values.first { $0.record.client.clientIdentifier == client && !$0.record.hasEnded }
    }

    /// The payloads that wait for a client, in order of the numbers.
    func texts(_ client: String) -> [String] {
        self.session(client)?.inOrder.map { String(buffer: $0.record.message.payload) } ?? []
    }

    mutating func apply(_ operation: StoreOperation) {
        switch operation {
        case .session(let record):
            self.note(record.number)
            if self.sessions[record.number] == nil {
                self.sessions[record.number] = Entry(record: record)
            } else {
                self.sessions[record.number]?.record = record
            }
        case .sessionEnded(let number): self.sessions[number] = nil
        case .subscribed(let session, let record): self.sessions[session]?.subscriptions[record.filter] = record
        case .unsubscribed(let session, let filter): self.sessions[session]?.subscriptions[filter] = nil
        case .received(let session, let identifier): self.sessions[session]?.received.insert(identifier)
        case .receivedReleased(let session, let identifier): self.sessions[session]?.received.remove(identifier)
        case .published(let record): record.forEachDelivery { self.add($0) }
        case .queued(let record): self.add(record)
        case .sent(let session, let delivery, let identifier, _):
            self.sessions[session]?.deliveries[delivery]?.packetIdentifier = identifier
        case .confirmed(let session, let delivery):
            self.sessions[session]?.deliveries[delivery]?.isConfirmed = true
        case .removed(let session, let delivery): self.sessions[session]?.deliveries[delivery] = nil
        case .retained(let change): self.retained[change.topic] = change.message
        }
    }

    private mutating func add(_ record: DeliveryRecord) {
        self.note(record.messageNumber)
        self.note(record.delivery)
        guard self.sessions[record.session] != nil else { return }
        let old = self.sessions[record.session]?.deliveries.updateValue(
            Delivery(record: record),
            forKey: record.delivery
        )
        if old != nil { self.faults.append("delivery \(record.delivery) twice") }
    }

    private mutating func note(_ number: StoreNumber) { self.lastNumber = max(self.lastNumber, number) }

    // MARK: What is read

    func page(_ request: BacklogRequest) -> BacklogPage {
        let all = (self.sessions[request.session]?.inOrder ?? []).filter {
            !request.wantsOnlyShared || $0.record.group != nil
        }
        let wanted = all.filter { delivery in
            let number = delivery.record.delivery
            guard delivery.packetIdentifier == 0, number > request.after else { return false }
            return number.shard >= request.known.count || number.count <= request.known[number.shard]
        }
        var queued: [Delivery] = []
        var bytes = 0
        for delivery in wanted.prefix(request.maximumCount) where bytes < request.maximumBytes {
            queued.append(delivery)
            bytes += delivery.record.message.byteCount
        }
        return BacklogPage(
            request: request,
            inflight: request.includesInflight ? all.filter { $0.packetIdentifier != 0 }.map(\.entry) : [],
            queued: queued.map(\.entry),
            isLast: queued.count == wanted.count
        )
    }

    /// The sessions as they are when the broker starts; those whose time has run out end here.
    mutating func restore(at now: MonotonicTime) -> [RestoredSession] {
        var restored: [RestoredSession] = []
        for (number, entry) in self.sessions.sorted(by: { $0.key < $1.key }) {
            var record = SessionRecord(
                number: number,
                client: entry.record.client,
                expiryInterval: entry.record.expiryInterval,
                disconnectedAt: entry.record.disconnectedAt ?? now,
                will: entry.record.will,
                hasEnded: entry.record.hasEnded
            )
            let hasShared = entry.deliveries.values.contains { $0.record.group != nil }
            let isOver =
                record.expiryInterval != Session.neverExpires
                && (record.disconnectedAt ?? now).adding(seconds: record.expiryInterval) <= now
            if isOver, record.will == nil, !record.hasEnded {
                guard hasShared else {
                    self.sessions[number] = nil
                    continue
                }
                record.hasEnded = true
                self.sessions[number]?.record.hasEnded = true
            }
            restored.append(
                RestoredSession(
                    record: record,
                    subscriptions: entry.subscriptions.values.sorted { $0.filter < $1.filter },
                    received: entry.received.sorted(),
                    messageCount: entry.deliveries.count,
                    byteCount: entry.deliveries.values.reduce(0) { $0 + $1.record.message.byteCount },
                    hasShared: hasShared
                )
            )
        }
        return restored
    }
}

extension ModelTables.Delivery {
    fileprivate var entry: BacklogPage.Entry {
        BacklogPage.Entry(
            delivery: self.record.delivery,
            message: self.record.message,
            qos: self.record.qos,
            isRetained: self.record.isRetained,
            identifiers: self.record.identifiers,
            group: self.record.group,
            packetIdentifier: self.packetIdentifier,
            isConfirmed: self.isConfirmed
        )
    }
}

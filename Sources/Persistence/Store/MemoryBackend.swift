//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

package import BrokerCore
import MQTTCodec

/// Keeps everything in memory, as ``SQLiteBackend`` does on disk: for tests, and for a broker that nobody wants to
/// outlive its process.
package final class MemoryBackend: StoreBackend {
    private struct Session {
        var record: SessionRecord
        var subscriptions: [UTF8String: SubscriptionRecord] = [:]
        var received: Set<UInt16> = []
    }

    private struct StoredMessage {
        let message: Message
        var references: Int
    }

    private let clock: StoreClock
    private var sessions: [Int64: Session] = [:]
    private var clients: [UTF8String: Int64] = [:]
    private var deliveries: [Int64: [Int64: PendingDelivery]] = [:]
    private var messages: [Int64: StoredMessage] = [:]
    private var retained: [UTF8String: Int64] = [:]
    private var ended: [Int64] = []
    private var bytes = 0
    package private(set) var lastNumber = StoreNumber.none
    /// Since when the sessions that have a connection have had none, if it is opened anew.
    private var aliveAt: MonotonicTime

    package init(clock: StoreClock) {
        self.clock = clock
        self.aliveAt = MonotonicTime(milliseconds: clock.now.monotonic)
    }

    package var totals: StoreTotals {
        StoreTotals(sessions: self.sessions.count, messages: self.messages.count, bytes: self.bytes)
    }

    package var hasLeft: Bool { !self.ended.isEmpty }

    package func close() {}

    // MARK: Writing

    package func write(_ changes: StoreChanges) {
        for number in changes.ended { self.end(number) }
        var displaced: Set<Int64> = []
        for (number, record) in changes.sessions where record.hasEnded { self.markEnded(number, record) }
        for (number, record) in changes.sessions.sorted(by: { $0.key < $1.key }) where !record.hasEnded {
            let client = UTF8String(record.client.clientIdentifier)
            if let other = self.clients[client], other != number {
                self.end(min(other, number))
                displaced.insert(min(other, number))
                if other > number { continue }
            }
            self.clients[client] = number
            self.sessions[number, default: Session(record: record)].record = record
        }
        for (key, record) in changes.subscriptions { self.sessions[key.session]?.subscriptions[key.filter] = record }
        for (key, isReceived) in changes.received {
            if isReceived {
                self.sessions[key.session]?.received.insert(key.packetIdentifier)
            } else {
                self.sessions[key.session]?.received.remove(key.packetIdentifier)
            }
        }
        for delivery in changes.deliveries {
            guard let message = delivery.message, !displaced.contains(delivery.key.session) else { continue }
            let isNew =
                self.deliveries[delivery.key.session, default: [:]]
                .updateValue(delivery, forKey: delivery.key.delivery) == nil
            if isNew { self.refer(to: delivery.messageNumber, message) }
        }
        for (key, update) in changes.updates {
            if update.packetIdentifier != 0 {
                self.deliveries[key.session]?[key.delivery]?.packetIdentifier = update.packetIdentifier
            }
            if update.isConfirmed { self.deliveries[key.session]?[key.delivery]?.isConfirmed = true }
        }
        for (topic, message) in changes.retained {
            let key = UTF8String(topic)
            let old = self.retained[key]
            guard old != message?.number.value else { continue }
            if let message { self.refer(to: message.number.value, message) }
            if let old { self.release(old) }
            self.retained[key] = message?.number.value
        }
        for key in changes.removals { self.removeDelivery(key.delivery, of: key.session) }
        self.lastNumber = max(self.lastNumber, StoreNumber(value: changes.lastNumber))
        self.aliveAt = MonotonicTime(milliseconds: self.clock.now.monotonic)
    }

    private func end(_ number: Int64) {
        if let session = self.sessions.removeValue(forKey: number) { self.release(number, from: session.record.client) }
        self.ended.append(number)
    }

    /// Only messages for others are left of a session.
    private func markEnded(_ number: Int64, _ record: SessionRecord) {
        self.sessions[number] = Session(record: record)
        self.release(number, from: record.client)
    }

    /// The client may have another session.
    private func release(_ session: Int64, from client: ClientInfo) {
        let client = UTF8String(client.clientIdentifier)
        if self.clients[client] == session { self.clients[client] = nil }
    }

    private func refer(to number: Int64, _ message: Message) {
        if self.messages[number] == nil { self.bytes += message.byteCount }
        self.messages[number, default: StoredMessage(message: message, references: 0)].references += 1
    }

    private func release(_ number: Int64) {
        guard let stored = self.messages[number] else { return }
        if stored.references > 1 {
            self.messages[number]?.references -= 1
        } else {
            self.messages[number] = nil
            self.bytes -= stored.message.byteCount
        }
    }

    private func removeDelivery(_ number: Int64, of session: Int64) {
        guard let delivery = self.deliveries[session]?.removeValue(forKey: number) else { return }
        self.release(delivery.messageNumber)
        if self.deliveries[session]?.isEmpty == true { self.deliveries[session] = nil }
    }

    package func sweep() -> Bool {
        guard let session = self.ended.last else { return false }
        for number in (self.deliveries[session]?.keys.prefix(5000)).map({ Array($0) }) ?? [] {
            self.removeDelivery(number, of: session)
        }
        if self.deliveries[session] == nil { self.ended.removeLast() }
        return !self.ended.isEmpty
    }

    // MARK: Reading

    package func page(_ request: BacklogRequest) -> BacklogPage {
        var gathering = PageGathering(request)
        let deliveries = (self.deliveries[request.session.value] ?? [:]).values.sorted {
            $0.key.delivery < $1.key.delivery
        }
        for delivery in deliveries {
            guard let message = delivery.message, let qos = QoS(rawValue: delivery.qos) else { continue }
            if request.wantsOnlyShared, delivery.group == nil { continue }
            let number = StoreNumber(value: delivery.key.delivery)
            let entry = BacklogPage.Entry(
                delivery: number,
                message: message,
                qos: qos,
                isRetained: delivery.isRetained,
                identifiers: delivery.identifiers,
                group: delivery.group,
                packetIdentifier: delivery.packetIdentifier,
                isConfirmed: delivery.isConfirmed
            )
            if delivery.packetIdentifier != 0 {
                if request.includesInflight { gathering.inflight.append(entry) }
            } else if gathering.wants(number), gathering.hasRoom {
                gathering.add(entry)
            }
        }
        return gathering.page
    }

    package func loadRetained(_ body: ([Message]) -> Void) {
        let now = MonotonicTime(milliseconds: self.clock.now.monotonic)
        var found: [Message] = []
        for (topic, number) in self.retained {
            guard let message = self.messages[number]?.message else { continue }
            if let expiresAt = message.expiresAt, expiresAt <= now {
                self.retained[topic] = nil
                self.release(number)
            } else {
                found.append(message)
            }
        }
        if !found.isEmpty { body(found) }
    }

    package func loadSessions(_ body: ([RestoredSession]) -> Void) {
        let now = self.clock.now
        var found: [RestoredSession] = []
        for (number, session) in self.sessions.sorted(by: { $0.key < $1.key }) {
            var record = session.record
            let since = min(record.disconnectedAt ?? self.aliveAt, MonotonicTime(milliseconds: now.monotonic))
            let waiting = self.deliveries[number] ?? [:]
            let hasShared = waiting.values.contains { $0.group != nil }
            let hasExpired = now.hasExpired(since: now.wall(of: since), interval: record.expiryInterval)
            if record.will == nil, hasExpired, !record.hasEnded {
                guard hasShared else {
                    self.end(number)
                    continue
                }
                record.hasEnded = true
                self.markEnded(number, record)
            }
            found.append(
                RestoredSession(
                    record: SessionRecord(
                        number: record.number,
                        client: record.client,
                        expiryInterval: record.expiryInterval,
                        disconnectedAt: since,
                        will: record.will,
                        hasEnded: record.hasEnded
                    ),
                    subscriptions: session.subscriptions.values.sorted { $0.filter < $1.filter },
                    received: session.received.sorted(),
                    messageCount: waiting.count,
                    byteCount: waiting.values.reduce(0) { $0 + ($1.message?.byteCount ?? 0) },
                    hasShared: hasShared
                )
            )
        }
        if !found.isEmpty { body(found) }
    }
}

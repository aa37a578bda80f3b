//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule
import MQTTCodec

/// A QoS 1 or 2 message that waits for its client.
struct QueuedMessage {
    let message: Message
    let terms: DeliveryTerms

    init(_ message: Message, _ terms: DeliveryTerms) {
        self.message = message
        self.terms = terms
    }
}

/// The QoS 1 and 2 messages that wait for one client, oldest first, limited in number and bytes.
struct MessageQueue {
    private var messages: Deque<QueuedMessage> = []
    private(set) var byteCount = 0

    var count: Int { self.messages.count }
    var isEmpty: Bool { self.messages.isEmpty }

    /// What a queue may hold.
    struct Limits {
        let count: Int
        let byteCount: Int
        let dropPolicy: QueueDropPolicy

        init(_ settings: BrokerSettings) {
            self.count = settings.maximumQueuedMessages
            self.byteCount = settings.maximumQueuedBytes
            self.dropPolicy = settings.queueDropPolicy
        }
    }

    enum Admission {
        case accepted
        /// Accepted, and these gave way for it.
        case displaced([QueuedMessage])
        case refused
    }

    mutating func append(_ message: QueuedMessage, limits: Limits) -> Admission {
        let bytes = message.message.byteCount
        guard bytes <= limits.byteCount, limits.count > 0 else { return .refused }
        var displaced: [QueuedMessage] = []
        // As much gives way as comes, and no more: where a limit has been lowered, what was accepted before stays.
        var freed = 0
        while self.count >= limits.count && displaced.isEmpty
            || self.byteCount + bytes > limits.byteCount && freed < bytes
        {
            guard limits.dropPolicy == .oldest, let oldest = self.popFirst() else { return .refused }
            freed += oldest.message.byteCount
            displaced.append(oldest)
        }
        self.messages.append(message)
        self.byteCount += bytes
        return displaced.isEmpty ? .accepted : .displaced(displaced)
    }

    /// Appends a message whatever the limits.
    mutating func push(_ message: QueuedMessage) {
        self.messages.append(message)
        self.byteCount += message.message.byteCount
    }

    var first: QueuedMessage? { self.messages.first }

    mutating func popFirst() -> QueuedMessage? {
        guard let first = self.messages.popFirst() else { return nil }
        self.byteCount -= first.message.byteCount
        if self.messages.isEmpty { self.messages = [] }
        return first
    }

    /// Takes out the messages for which `condition` holds, oldest first. Asks once for each.
    mutating func remove(where condition: (QueuedMessage) -> Bool) -> [QueuedMessage] {
        var removed: [QueuedMessage] = []
        self.messages.removeAll { message in
            guard condition(message) else { return false }
            removed.append(message)
            return true
        }
        self.byteCount -= removed.reduce(0) { $0 + $1.message.byteCount }
        return removed
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule
import MQTTCodec

/// The retained messages that are due to a client because it has subscribed.
///
/// A client may subscribe faster than it reads. So what waits here is the subscriptions, each once, and only one
/// subscription's messages at a time.
final class RetainedBacklog {
    /// A subscription whose retained messages are due.
    struct Request {
        let filter: TopicFilter
        let qos: QoS
        let identifiers: [UInt32]
    }

    /// One message that is due.
    struct Delivery {
        let message: Message
        let terms: DeliveryTerms
        /// Whether it was looked up in an earlier turn, so that a later message may have taken its place.
        let isFromEarlier: Bool
    }

    private var requests: Deque<Request> = []
    private var waiting: Set<UTF8String> = []
    private var present: Request?
    private var messages: ArraySlice<Message> = []
    private var turn: UInt64 = 0

    func add(_ request: Request) {
        guard self.waiting.insert(UTF8String(request.filter.text)).inserted else { return }
        self.requests.append(request)
    }

    /// Whether the messages of a subscription are due and have not been looked up.
    var isLookupDue: Bool { self.messages.isEmpty && !self.requests.isEmpty }

    var isEmpty: Bool { self.messages.isEmpty && self.requests.isEmpty }

    /// Looks up the messages of the next subscription.
    ///
    /// - Parameters:
    ///   - turn: the number of the present turn.
    ///   - fetch: what a filter matches now.
    func lookUp(turn: UInt64, fetch: (TopicFilter) -> [Message]) {
        guard self.messages.isEmpty, let request = self.requests.popFirst() else { return }
        self.waiting.remove(UTF8String(request.filter.text))
        self.present = request
        self.messages = fetch(request.filter)[...]
        self.turn = turn
    }

    /// The next message that is due, without taking it.
    func next(turn: UInt64) -> Delivery? {
        guard let message = self.messages.first, let request = self.present else { return nil }
        return Delivery(
            message: message,
            terms: DeliveryTerms(
                qos: min(message.qos, request.qos),
                isRetained: true,
                identifiers: request.identifiers
            ),
            isFromEarlier: turn != self.turn
        )
    }

    /// Takes out what a subscription that has ended asked for and has not been looked up.
    func removeRequest(for filter: TopicFilter) {
        guard self.waiting.remove(UTF8String(filter.text)) != nil else { return }
        let name = UTF8String(filter.text)
        self.requests.removeAll { UTF8String($0.filter.text) == name }
    }

    /// Takes out the messages for which `condition` holds, in order.
    func remove(where condition: (Message) -> Bool) -> [Message] {
        var removed: [Message] = []
        self.messages.removeAll { message in
            guard condition(message) else { return false }
            removed.append(message)
            return true
        }
        return removed
    }

    func removeFirst() {
        _ = self.messages.popFirst()
    }
}

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
    }

    private var requests: Deque<Request> = []
    private var waiting: Set<UTF8String> = []
    private var present: Request?
    private var messages: ArraySlice<Message> = []

    func add(_ request: Request) {
        guard self.waiting.insert(UTF8String(request.filter.text)).inserted else { return }
        self.requests.append(request)
    }

    /// The next message that is due, without taking it.
    ///
    /// - Parameter fetch: what a filter matches now.
    func next(fetch: (TopicFilter) -> [Message]) -> Delivery? {
        while self.messages.isEmpty {
            guard let request = self.requests.popFirst() else { return nil }
            self.waiting.remove(UTF8String(request.filter.text))
            self.present = request
            self.messages = fetch(request.filter)[...]
        }
        guard let message = self.messages.first, let request = self.present else { return nil }
        let terms = DeliveryTerms(
            qos: min(message.qos, request.qos),
            isRetained: true,
            identifiers: request.identifiers
        )
        return Delivery(message: message, terms: terms)
    }

    func removeFirst() {
        _ = self.messages.popFirst()
    }
}

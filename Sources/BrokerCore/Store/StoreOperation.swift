//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// One change of what a store holds.
package enum StoreOperation: Sendable {
    /// A session begins, or something about it has changed. Indirect: it is by far the largest, and rare.
    indirect case session(SessionRecord)
    /// A session has ended: everything about it goes.
    case sessionEnded(StoreNumber)
    /// A session has a subscription, in place of an earlier one with the same filter.
    case subscribed(session: StoreNumber, SubscriptionRecord)
    /// A session has lost the subscription with this filter.
    case unsubscribed(session: StoreNumber, filter: String)
    /// The client has sent a QoS 2 message under this packet identifier, and has not released it.
    case received(session: StoreNumber, packetIdentifier: UInt16)
    /// The client has released the QoS 2 message under this packet identifier.
    case receivedReleased(session: StoreNumber, packetIdentifier: UInt16)
    /// A message is due to all sessions of a route that are kept. Those that have ended meanwhile don't count.
    case published(PublishRecord)
    /// A message is due to one session. One that has ended meanwhile does not count.
    case queued(DeliveryRecord)
    /// A delivery has been sent to its client for the first time, under this packet identifier. What is QoS 1 goes out
    /// before this is safe: after a crash its client may get it again under another one.
    case sent(session: StoreNumber, delivery: StoreNumber, packetIdentifier: UInt16, qos: QoS)
    /// The client has confirmed a QoS 2 delivery with PUBREC; only the rest of its handshake is due.
    case confirmed(session: StoreNumber, delivery: StoreNumber)
    /// A delivery is not due any more: acknowledged, expired, displaced or passed on.
    case removed(session: StoreNumber, delivery: StoreNumber)
    /// The retained message of a topic has changed.
    case retained(RetainedChange)
}

/// A message that is due to the sessions of a route.
package struct PublishRecord: Sendable {
    package let message: Message
    /// What the message is known by.
    package let number: StoreNumber
    let route: Route
    /// The number of the delivery to the first of the route's sessions that are kept.
    let first: StoreNumber
    let origin: SessionAddress?

    /// Deliveries that come of it, at the most.
    package var deliveryCount: Int { self.route.stored.count }

    /// Calls `body` for each delivery that comes of it.
    package func forEachDelivery(_ body: (DeliveryRecord) -> Void) {
        for (index, target) in self.route.stored.enumerated() {
            let qos = min(self.message.qos, target.qos)
            guard qos > .atMostOnce, !(target.noLocal && target.address == self.origin) else { continue }
            body(
                DeliveryRecord(
                    message: self.message,
                    messageNumber: self.number,
                    session: target.account.number,
                    delivery: self.first.advanced(by: index),
                    qos: qos,
                    isRetained: target.retainAsPublished && self.message.isRetained,
                    identifiers: target.identifiers,
                    group: nil
                )
            )
        }
    }
}

/// A message that is due to one session.
package struct DeliveryRecord: Sendable {
    package let message: Message
    /// What the message is known by.
    package let messageNumber: StoreNumber
    /// What the session is known by.
    package let session: StoreNumber
    /// What this delivery is known by; the session's deliveries are in order of their numbers.
    package let delivery: StoreNumber
    /// 1 or 2.
    package let qos: QoS
    /// The RETAIN flag of the copy.
    package let isRetained: Bool
    /// The v5 subscription identifiers that go with it.
    package let identifiers: [UInt32]
    /// The filter of the shared group that chose the session; nil: none did.
    package let group: String?

    package init(
        message: Message,
        messageNumber: StoreNumber,
        session: StoreNumber,
        delivery: StoreNumber,
        qos: QoS,
        isRetained: Bool,
        identifiers: [UInt32],
        group: String?
    ) {
        self.message = message
        self.messageNumber = messageNumber
        self.session = session
        self.delivery = delivery
        self.qos = qos
        self.isRetained = isRetained
        self.identifiers = identifiers
        self.group = group
    }
}

/// The retained message of a topic has changed: not to what, but that it has.
///
/// Two shards may change the same topic at once. Whoever writes asks what is there now, so that the last one stays
/// whatever way their changes came.
package struct RetainedChange: Sendable {
    /// The topic.
    package let topic: String
    let store: RetainedStore

    /// The topic's retained message now; nil: none.
    package var message: Message? { self.store.message(of: self.topic) }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// What a store keeps of a session beside its subscriptions and messages.
package struct SessionRecord: Sendable {
    /// What it is known by; never changes while the session lasts.
    package let number: StoreNumber
    /// Its client, as it was when it last connected.
    package let client: ClientInfo
    /// Seconds that it is kept without a connection; `UInt32.max`: for ever.
    package let expiryInterval: UInt32
    /// Since when it has had no connection; nil: it has one.
    package let disconnectedAt: MonotonicTime?
    /// A will that waits to be published; only of a session without a connection.
    package let will: DelayedWill?
    /// Whether it has ended, and is there only for the messages of shared groups that other members are still to get.
    /// Its client may have another session.
    package var hasEnded: Bool

    package init(
        number: StoreNumber,
        client: ClientInfo,
        expiryInterval: UInt32,
        disconnectedAt: MonotonicTime?,
        will: DelayedWill?,
        hasEnded: Bool = false
    ) {
        self.number = number
        self.client = client
        self.expiryInterval = expiryInterval
        self.disconnectedAt = disconnectedAt
        self.will = will
        self.hasEnded = hasEnded
    }
}

/// A will that waits.
package struct DelayedWill: Sendable {
    package let will: Will
    /// When it is published.
    package let dueAt: MonotonicTime

    package init(will: Will, dueAt: MonotonicTime) {
        self.will = will
        self.dueAt = dueAt
    }
}

/// What a store keeps of a subscription.
package struct SubscriptionRecord: Sendable {
    /// The filter as the client wrote it, share and all.
    package let filter: String
    package let options: SubscriptionOptions
    /// The v5 subscription identifier; 0: none.
    package let identifier: UInt32

    package init(filter: String, options: SubscriptionOptions, identifier: UInt32) {
        self.filter = filter
        self.options = options
        self.identifier = identifier
    }
}

/// A session as a store gives it back when a broker starts. Its messages stay where they are until they are wanted.
package struct RestoredSession: Sendable {
    package let record: SessionRecord
    package let subscriptions: [SubscriptionRecord]
    /// Packet identifiers of QoS 2 messages from the client that wait for PUBREL.
    package let received: [UInt16]
    /// Its messages in the store, those in flight included.
    package let messageCount: Int
    /// The bytes of these messages.
    package let byteCount: Int
    /// Whether a shared group has chosen it for one of them.
    package let hasShared: Bool

    package init(
        record: SessionRecord,
        subscriptions: [SubscriptionRecord],
        received: [UInt16],
        messageCount: Int,
        byteCount: Int,
        hasShared: Bool
    ) {
        self.record = record
        self.subscriptions = subscriptions
        self.received = received
        self.messageCount = messageCount
        self.byteCount = byteCount
        self.hasShared = hasShared
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// A client's session: everything that is kept for it, with or without a connection.
///
/// It lives on one shard, and moves as a whole when its client comes back on another.
final class Session {
    /// One of its subscriptions, as the client asked for it.
    struct Entry {
        let filter: TopicFilter
        let options: SubscriptionOptions
        let identifier: UInt32

        /// What it counts for in the limit of bytes: each level may take a node of the tree.
        static func byteCount(of filter: TopicFilter) -> Int {
            64 + filter.text.utf8.count + 64 * filter.levelCount
        }

        /// What goes into the tree. A bridge that speaks v3 can't ask for no-local and retain-as-published, which
        /// every bridge needs, so it has them.
        func subscription(of session: Session) -> Subscription {
            var subscription = Subscription(
                options: self.options,
                identifier: self.identifier,
                account: session.account
            )
            if session.info.isBridge, session.info.version != .v5 {
                subscription.noLocal = true
                subscription.retainAsPublished = true
            }
            return subscription
        }
    }

    static let neverExpires = UInt32.max

    // The order keeps small things together: an idle client's session is mostly this object.

    var address: SessionAddress
    /// Seconds that it is kept without a connection; `neverExpires`: for ever.
    var expiryInterval: UInt32 = 0
    var info: ClientInfo
    /// Whether the operator has been told that the queue is full.
    var isQueueFull = false
    /// Whether it counts among those that are kept without a connection.
    var isCountedOffline = false
    /// Subscriptions of shared groups among its own.
    var sharedCount: UInt32 = 0
    /// Whether a shared group may have chosen it for one of its messages. Never undone: it may have left the group since.
    var mayHaveShared = false
    /// Since when it is on this shard, by the directory's count.
    var tenure: SessionTenure
    var connection: Connection?
    private var boxedWill: Box<Will>?
    /// Set while messages may still be on their way to it through the shard where it lived before.
    var arrival: Arrival?
    /// Set while it is being asked what of it its client may still have.
    var review: AccessReview?
    /// Where its messages go when it belongs to the program that embeds the broker.
    var sink: (@Sendable (Message) -> Void)?

    var entries: [UTF8String: Entry] = [:]
    /// What `entries` count for in `BrokerSettings.maximumSubscriptionBytes`.
    var subscriptionBytes = 0
    var inflight = InflightWindow()
    var queue = MessageQueue()
    /// Packet identifiers of QoS 2 messages from the client that were routed and wait for PUBREL.
    var incomingExactlyOnce: Set<UInt16> = []
    /// Retained messages that it has not got yet; nil: none.
    var retainedBacklog: RetainedBacklog?
    /// The turn in which retained messages were last looked up for it.
    var lastRetainedLookup: UInt64 = 0

    /// What it is known by in the store; nil: nothing of it is stored.
    let account: SessionAccount?
    /// The highest number of a delivery that is, or has been, in memory: those in the store only have higher ones.
    var lastInMemory = StoreNumber.none
    /// Messages that are in the store only; nil: none.
    var backlog: StoredBacklog?

    /// Whether it has been restored from the store and its client has not been back: what that may do is not known.
    var isRestored = false

    /// When it ends, while it has no connection.
    var expiresAt: MonotonicTime?
    /// When its will is published, while it has no connection.
    var willDueAt: MonotonicTime?

    var client: UTF8String { UTF8String(self.info.clientIdentifier) }

    var will: Will? {
        get { self.boxedWill?.value }
        set { self.boxedWill = newValue.map(Box.init) }
    }

    init(address: SessionAddress, tenure: SessionTenure, info: ClientInfo, account: SessionAccount? = nil) {
        self.account = account
        self.address = address
        self.tenure = tenure
        self.info = info
    }

    /// Whether messages may be on their way to it: it has subscriptions, or had some and has its messages stored.
    var mayBeSentTo: Bool { !self.entries.isEmpty || self.account != nil }

    /// Whether it is there when its client comes back.
    var outlivesConnection: Bool { self.expiryInterval > 0 }
}

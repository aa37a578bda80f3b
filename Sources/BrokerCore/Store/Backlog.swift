//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// Asks for the next of a session's messages that are in the store and not in memory.
package struct BacklogRequest: Sendable {
    /// Who wants them.
    enum Reader: Sendable {
        /// A session that lives here.
        case session(SessionAddress)
        /// The shard, for other members of the shared groups of a session that has ended.
        case estate
    }

    let reader: Reader

    /// Whether only those are wanted that a shared group chose the session for.
    package var wantsOnlyShared: Bool {
        if case .estate = self.reader { return true }
        return false
    }

    /// What the session is known by in the store.
    package let session: StoreNumber
    /// Deliveries behind this one are wanted, in order of their numbers.
    package let after: StoreNumber
    /// By shard, the count up to which the session has heard of deliveries whose numbers it drew: a delivery is wanted
    /// only if its count is not above that of the shard that drew it. The others are on their way to the session.
    package let known: [Int64]
    /// At most so many.
    package let maximumCount: Int
    /// No further one once so many bytes have been gathered.
    package let maximumBytes: Int
    /// Whether those in flight, which have a packet identifier, are wanted too, all of them.
    package let includesInflight: Bool
}

/// Some of a session's messages.
package struct BacklogPage: Sendable {
    /// One of them.
    package struct Entry: Sendable {
        package let delivery: StoreNumber
        package let message: Message
        package let qos: QoS
        package let isRetained: Bool
        package let identifiers: [UInt32]
        /// The filter of the shared group that chose the session.
        package let group: String?
        /// 0: not sent yet.
        package let packetIdentifier: UInt16
        /// Whether its client has confirmed it with PUBREC.
        package let isConfirmed: Bool

        package init(
            delivery: StoreNumber,
            message: Message,
            qos: QoS,
            isRetained: Bool,
            identifiers: [UInt32],
            group: String?,
            packetIdentifier: UInt16,
            isConfirmed: Bool
        ) {
            self.delivery = delivery
            self.message = message
            self.qos = qos
            self.isRetained = isRetained
            self.identifiers = identifiers
            self.group = group
            self.packetIdentifier = packetIdentifier
            self.isConfirmed = isConfirmed
        }
    }

    package let request: BacklogRequest
    /// Those in flight, in order of their numbers, if they were wanted.
    package let inflight: [Entry]
    /// Those that wait, without a packet identifier, in order of their numbers.
    package let queued: [Entry]
    /// Whether there is none behind them.
    package let isLast: Bool

    package init(request: BacklogRequest, inflight: [Entry], queued: [Entry], isLast: Bool) {
        self.request = request
        self.inflight = inflight
        self.queued = queued
        self.isLast = isLast
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// What one shard says to another. The order between any two shards is kept.
package enum ShardMessage: Sendable {
    /// A message for those of a route's targets that live here.
    case deliver(RoutedDelivery)
    /// A message for one session that lives, or lived, here.
    case deliverDirectly(DirectDelivery)
    /// A message for a session that has moved here from where it was sent to.
    case forward(client: String, DirectDelivery)
    /// A client has connected to another shard, whose tenure follows the one that it ends here.
    case claim(client: String, by: SessionTenure, endOf: SessionTenure, isCleanStart: Bool)
    /// The answer to the claim with which a tenure began.
    case handover(client: String, to: SessionTenure, SessionParcel?)
    /// First half of a fence: whoever gets it passes it on to the shard the session has left.
    case fence(client: String, from: SessionAddress, to: UInt16)
    /// Second half: everything that its sender sent to the session's old place has been forwarded.
    case fencePassed(client: String, from: SessionAddress, to: UInt16)
    /// The fence has come home to the session's new place.
    case fenceReturned(client: String, from: SessionAddress)
    /// Publishes a message of the broker itself or of the program that embeds it.
    case publish(Message)
    /// What was sent to a shard that had not kept up has been dealt with.
    case transferDrained
    /// The store has something to say.
    case stored(StoreReport)
}

/// A message for those of a route's targets that live on one shard.
package struct RoutedDelivery: Sendable {
    let message: Message
    let route: Route
    let origin: SessionAddress?
    /// The number of the delivery to the first of the route's stored targets; `none`: it is not stored.
    let firstNumber: StoreNumber
    /// ``OutgoingPublish/isDroppable``.
    let isDroppable: Bool
}

/// A message for one session.
package struct DirectDelivery: Sendable {
    let message: Message
    let address: SessionAddress
    let qos: QoS
    let noLocal: Bool
    let retainAsPublished: Bool
    let identifiers: [UInt32]
    let group: SharedGroup?
    let origin: SessionAddress?
    /// What the session is known by in the store, if a shared group has chosen it; `none`: it is not stored.
    let session: StoreNumber
    /// What this is known by in the store; `none`: it is not stored.
    let number: StoreNumber
    /// ``OutgoingPublish/isDroppable``.
    let isDroppable: Bool

    /// The message, on its way again.
    func outgoing(at now: MonotonicTime) -> OutgoingPublish {
        var publish = OutgoingPublish(self.message, origin: self.origin, now: now)
        publish.isDroppable = self.isDroppable
        return publish
    }
}

/// A session between two shards.
///
/// `@unchecked Sendable`: the shard that sends a session has taken it out of its tables and keeps no reference, and
/// the one that receives it takes it out of the parcel at once; the hand-over between the loops orders the two.
package struct SessionParcel: @unchecked Sendable {
    let session: Session
}

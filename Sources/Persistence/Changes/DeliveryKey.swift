//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore
import MQTTCodec

/// What a delivery is found by.
struct DeliveryKey: Hashable, Sendable {
    let session: Int64
    let delivery: Int64

    init(session: Int64, delivery: Int64) {
        self.session = session
        self.delivery = delivery
    }

    init(_ session: StoreNumber, _ delivery: StoreNumber) {
        self.init(session: session.value, delivery: delivery.value)
    }

    /// Both come from one count, so the delivery's number alone tells nearly all of them apart.
    func hash(into hasher: inout Hasher) { hasher.combine(self.delivery) }
}

/// What a subscription is found by.
struct SubscriptionKey: Hashable, Sendable {
    let session: Int64
    let filter: UTF8String
}

/// What the identifier of a QoS 2 message from a client is found by.
struct ReceivedKey: Hashable, Sendable {
    let session: Int64
    let packetIdentifier: UInt16
}

/// A delivery that is not in the store yet.
struct PendingDelivery: Sendable {
    /// nil: it has been removed before it was written.
    var message: Message?
    let messageNumber: Int64
    let key: DeliveryKey
    let qos: UInt8
    let isRetained: Bool
    var isConfirmed = false
    var packetIdentifier: UInt16 = 0
    /// The bytes it is counted with.
    var cost: Int32
    let identifiers: [UInt32]
    let group: String?

    init(_ record: DeliveryRecord, key: DeliveryKey, cost: Int32) {
        self.message = record.message
        self.messageNumber = record.messageNumber.value
        self.key = key
        self.qos = record.qos.rawValue
        self.isRetained = record.isRetained
        self.cost = cost
        self.identifiers = record.identifiers
        self.group = record.group
    }
}

/// What has changed of a delivery that is in the store.
struct DeliveryUpdate: Sendable {
    /// 0: not changed.
    var packetIdentifier: UInt16 = 0
    var isConfirmed = false
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// What a connection may count on from beginning to end, whatever becomes of the broker's settings meanwhile: above
/// all what CONNACK tells a v5 client (section 3.2.2.3).
///
/// An object, one a shard and state of its settings, so that it takes a connection no more than a reference. Shards
/// do not share it: their connections would count its references up and down against each other.
package final class ConnectionTerms: Sendable {
    package let maximumPacketSize: Int
    let maximumQoS: QoS
    let retainAvailable: Bool
    let wildcardSubscriptionAvailable: Bool
    let sharedSubscriptionAvailable: Bool
    let subscriptionIdentifierAvailable: Bool
    let receiveMaximum: UInt16
    let topicAliasMaximum: UInt16
    let serverKeepAlive: UInt16?
    /// Milliseconds after which its first timer is due.
    let connectTimeout: Int64

    init(_ settings: BrokerSettings) {
        self.maximumPacketSize = settings.maximumPacketSize
        self.maximumQoS = settings.maximumQoS
        self.retainAvailable = settings.retainAvailable
        self.wildcardSubscriptionAvailable = settings.wildcardSubscriptionAvailable
        self.sharedSubscriptionAvailable = settings.sharedSubscriptionAvailable
        self.subscriptionIdentifierAvailable = settings.subscriptionIdentifierAvailable
        self.receiveMaximum = settings.receiveMaximum
        self.topicAliasMaximum = settings.topicAliasMaximum
        self.serverKeepAlive = settings.serverKeepAlive
        self.connectTimeout = settings.connectTimeout
    }
}

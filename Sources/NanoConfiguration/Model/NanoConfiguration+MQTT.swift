//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension NanoConfiguration {
    /// The protocol and its queues. `nil` means unlimited.
    public struct MQTT: Sendable, Equatable {
        /// The largest packet accepted, in bytes.
        public var maximumPacketSize = 10 << 20
        /// Messages waiting in one session.
        public var maximumQueueLength = 1_024
        /// Bytes of messages waiting in one session.
        public var maximumQueueBytes = 16 << 20
        /// Which message is given up when the queue of a session is full.
        public var queueDrop: QueueDrop = .newest
        /// The topic aliases a client may set; 0 allows none.
        public var maximumTopicAlias = 16
        /// The topic aliases the broker sets towards one client, as far as the client allows; 0 for none.
        public var maximumTopicAliasOutbound = 16
        /// The user properties one packet may have.
        public var propertySize = 32
        /// The interval of the original's resend timer. Kept, without effect: MQTT resends only on a new connection.
        public var retryInterval: Duration = .seconds(10)
        /// How many keep-alive intervals may pass in silence before a client counts as gone.
        public var keepAliveMultiplier = 1.5
        /// Outgoing messages of quality 1 and 2 which one client may have unacknowledged.
        public var maximumInflight = 2_048
        /// Incoming messages of quality 1 and 2 which the broker lets a client have unacknowledged.
        public var receiveMaximum = 1_024
        /// The longest keep-alive interval a client may ask for.
        public var serverKeepAlive: Duration?
        /// The longest session expiry interval a client may ask for.
        public var maximumSessionExpiry: Duration?
        /// The highest quality of service.
        public var maximumQoS = 2
        /// Whether messages may be retained.
        public var retainAvailable = true
        /// Whether subscriptions may have wildcards.
        public var wildcardAvailable = true
        /// Whether there are shared subscriptions.
        public var sharedAvailable = true
        /// What a client with overlapping subscriptions gets.
        public var overlapping: OverlappingDelivery = .merged
        /// Which member of a shared subscription gets a message.
        public var sharedStrategy: SharedStrategy = .roundRobin
        /// The longest topic name or filter, in bytes.
        public var maximumTopicLength = 65_535
        /// The most levels in a topic name or filter.
        public var maximumTopicLevels = 128
        /// The longest client identifier, in bytes.
        public var maximumClientIDLength = 1_024
        /// Subscriptions of one client.
        public var maximumSubscriptions: Int? = 100_000
        /// Bytes of one client's subscriptions, as the broker keeps them.
        public var maximumSubscriptionBytes = 64 << 20
        /// Filters in one SUBSCRIBE or UNSUBSCRIBE.
        public var maximumFiltersPerPacket = 16_384
        /// The largest will, topic, properties and payload together, in bytes.
        public var maximumWillSize = 1 << 20
        /// Whether payloads that claim to be UTF-8 are checked.
        public var checkPayloadFormat = false
        /// Kept from the original, without effect.
        public var maximumAwaitingRelease: Duration = .seconds(10)
        /// Kept from the original, without effect.
        public var awaitReleaseTimeout: Duration = .seconds(10)
        /// Kept from the original, without effect.
        public var batchResend = false

        /// The defaults.
        public init() {}
    }
}

/// Which message is given up when a queue is full.
public enum QueueDrop: String, ConfigurationChoice {
    /// The one that has waited longest.
    case oldest
    /// The one that comes in.
    case newest
}

/// What a client gets of a message which several of its subscriptions match [MQTT-3.3.4-2].
public enum OverlappingDelivery: String, ConfigurationChoice {
    /// One copy, at the highest quality of service.
    case merged
    /// One copy for each subscription.
    case each
}

/// Which member of a shared subscription gets a message.
public enum SharedStrategy: String, ConfigurationChoice {
    /// One after the other.
    case roundRobin = "round_robin"
    /// Any.
    case random
    /// The same one while it is there.
    case sticky
    /// The one chosen by the publisher's client identifier.
    case hashClient = "hash_client"
    /// The one chosen by the topic.
    case hashTopic = "hash_topic"
}

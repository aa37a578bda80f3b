//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// What a broker is told to be. Every limit has a default that is safe on a small machine.
///
/// Settings may be replaced while the broker runs, but `overlappingDelivery`, `sharedStrategy`, `nodeName` and
/// `version` stay as they were when it started. What a connection was promised in CONNACK (``ConnectionTerms``) holds
/// for that connection; a lower limit of a queue or store applies to what comes, and drops nothing that is in it.
public struct BrokerSettings: Sendable, Equatable {
    // MARK: Protocol

    /// Largest packet accepted, in bytes, fixed header included; announced to v5 clients. Larger: 0x95.
    public var maximumPacketSize = 10 * 1024 * 1024
    /// Highest QoS accepted in PUBLISH, announced to v5 clients. Higher: 0x9B.
    public var maximumQoS = QoS.exactlyOnce
    /// Whether retained messages are kept. If not, a v5 PUBLISH with RETAIN is answered with 0x9A.
    public var retainAvailable = true
    /// Whether `+` and `#` may be subscribed to. If not: 0xA2.
    public var wildcardSubscriptionAvailable = true
    /// Whether `$share` and `$queue` may be subscribed to. If not: 0x9E.
    public var sharedSubscriptionAvailable = true
    /// Whether v5 subscription identifiers may be used. If not: 0xA1.
    public var subscriptionIdentifierAvailable = true
    /// Unacknowledged QoS 1 and 2 PUBLISH a v5 client may have sent to us, 1...65535. More: 0x93.
    public var receiveMaximum: UInt16 = 1024
    /// Topic aliases a v5 client may define, 0...65535. Above: 0x94.
    public var topicAliasMaximum: UInt16 = 16
    /// Topic aliases the broker defines towards a v5 client that allows them.
    public var outgoingTopicAliasMaximum: UInt16 = 16
    /// Keep-alive of a client may not be above this many seconds (0 and larger ones are capped); nil: no cap.
    public var serverKeepAlive: UInt16?
    /// A client is gone after this many keep-alive intervals without a packet.
    public var keepAliveMultiplier = 1.5
    /// No session is kept longer than this many seconds after its connection has gone; nil: as the client asks.
    public var maximumSessionExpiry: UInt32?
    /// Whether a payload announced as UTF-8 is checked to be so. If it is not: 0x99.
    public var checksPayloadFormat = false
    /// How several matching subscriptions of one client are served.
    public var overlappingDelivery = OverlappingDelivery.merged
    /// Which member of a shared group gets a message.
    public var sharedStrategy = SharedStrategy.roundRobin
    /// What v5 clients that ask for Response Information get; nil: nothing.
    public var responseInformation: String?
    /// Where v5 clients are sent that are refused with 0x9C or 0x9D; nil: nowhere.
    public var serverReference: String?
    /// Whether clients may publish to topics under `$SYS/`.
    public var allowsPublishToSystemTopics = false

    // MARK: Limits

    /// Open connections; nil: as many as the system allows. More are closed at once, before CONNECT.
    public var maximumConnections: Int?
    /// Accepted connections a second; nil: any number. More are closed at once, before CONNECT.
    public var maximumConnectRate: Int?
    /// Bytes a connection may send before its CONNECT is complete.
    public var maximumConnectSize = 64 * 1024
    /// Milliseconds from accept to a complete CONNECT.
    public var connectTimeout: Int64 = 15_000
    /// Bytes of a topic name or filter. Longer: 0x90 or 0x8F.
    public var maximumTopicLength = 65_535
    /// Levels of a topic name or filter, at most 1000. More: 0x90 or 0x8F.
    public var maximumTopicLevels = 128
    /// Bytes of a client identifier. Longer: 0x85.
    public var maximumClientIdentifierLength = 1024
    /// Bytes of a will's payload. More: 0x95.
    public var maximumWillSize = 1024 * 1024
    /// Subscriptions of one client. More: 0x97.
    public var maximumSubscriptions = 100_000
    /// Bytes of one client's subscriptions, about as the broker keeps them: the filter's own, 64 for each of its
    /// levels, and 64. More: 0x97.
    public var maximumSubscriptionBytes = 64 * 1024 * 1024
    /// Filters in one SUBSCRIBE or UNSUBSCRIBE. More: 0x97, and the connection ends.
    public var maximumFiltersPerPacket = 16_384
    /// Sessions kept for clients that are away; nil: any number. While there are so many, a new v5 client is told
    /// that its session ends with its connection, and one of an earlier version that asks for a session to be kept is
    /// refused (0x97). Clients that are connected keep what they were promised.
    public var maximumSessions: Int? = 100_000
    /// QoS 1 and 2 messages that wait for one client.
    public var maximumQueuedMessages = 1024
    /// Bytes of QoS 1 and 2 messages that wait for one client.
    public var maximumQueuedBytes = 16 * 1024 * 1024
    /// What gives way when a client's queue is full.
    public var queueDropPolicy = QueueDropPolicy.newest
    /// QoS 1 and 2 messages of one session that are in memory beside those in flight while there are more of them in
    /// the store. Without a store all are in memory.
    public var queuedMessagesInMemory = 100
    /// With a store: QoS 1 and 2 messages that wait for one client whose session is kept, in place of
    /// `maximumQueuedMessages`.
    public var maximumStoredMessagesPerSession = 102_400
    /// With a store: bytes of these messages, in place of `maximumQueuedBytes`.
    public var maximumStoredBytesPerSession = 256 * 1024 * 1024
    /// Messages in the store, about: those are counted that it held when it last wrote.
    public var maximumStoredMessages = 102_400
    /// Bytes of messages in the store, about.
    public var maximumStoredBytes = 1024 * 1024 * 1024
    /// What happens when the store, or what it may keep for a session, is full.
    public var fullStorePolicy = FullStorePolicy.dropOldest
    /// QoS 1 and 2 messages in flight to one client, 1...65535; a v5 client's Receive Maximum may lower it.
    public var maximumInflight = 2048
    /// Bytes encoded for one connection that its socket has not taken yet. Beyond it QoS 0 is dropped for it.
    public var maximumOutboundBytes = 8 * 1024 * 1024
    /// Milliseconds that a connection may stay beyond `maximumOutboundBytes` before it is closed (0x97).
    public var stuckReaderTimeout: Int64 = 60_000
    /// Retained messages kept. One more is delivered, but not kept.
    public var maximumRetainedMessages = 1_000_000
    /// Bytes of retained messages (topic, properties and payload) kept. One that exceeds them is delivered, but
    /// not kept.
    public var maximumRetainedBytes = 256 * 1024 * 1024
    /// Bytes on their way from one event loop to another beyond which publishers are read no further for now.
    public var maximumTransferBytes = 16 * 1024 * 1024

    // MARK: System topics

    /// The broker's name in `$SYS/brokers/<node>/…`.
    public var nodeName = "nanomq"
    /// The broker's version, as published and shown.
    public var version = "0.1.0"
    /// Milliseconds between statistics under `$SYS`; 0: none.
    public var statisticsInterval: Int64 = 60_000
    /// Whether coming and going of clients is published on `$SYS/brokers/client_status/<client id>`.
    public var publishesPresence = true

    /// The defaults.
    public init() {}
}

/// How several matching subscriptions of one client are served [MQTT-3.3.4-2].
public enum OverlappingDelivery: String, Sendable, Equatable {
    /// One copy with the highest QoS and all matching subscription identifiers.
    case merged
    /// One copy for each matching subscription.
    case each
}

/// Which member of a shared group gets a message.
public enum SharedStrategy: String, Sendable, Equatable {
    /// Each in turn.
    case roundRobin = "round_robin"
    /// Any, by chance.
    case random
    /// The same one until it goes away.
    case sticky
    /// The same one for the same publisher.
    case hashClient = "hash_client"
    /// The same one for the same topic.
    case hashTopic = "hash_topic"
}

/// What happens to a message when the store, or what it may keep for a session, is full.
public enum FullStorePolicy: String, Sendable, Equatable, CaseIterable {
    /// It displaces the session's messages that have waited longest.
    case dropOldest = "drop_oldest"
    /// It is refused with 0x97, and nobody gets it. Publishers of versions before 5 can't be told: there the sessions
    /// that are full lose it.
    case refuse
}

/// What gives way when a client's queue is full.
public enum QueueDropPolicy: String, Sendable, Equatable {
    /// The message that has just come.
    case newest
    /// The message that has waited longest.
    case oldest
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NanoConfiguration

extension BrokerSettings {
    /// What a configuration says.
    public init(_ configuration: NanoConfiguration) {
        self.init()
        self.take(configuration.mqtt)
        self.take(configuration.limits)
        if let sqlite = configuration.sqlite { self.take(sqlite) }
        self.nodeName = configuration.sys.node
        self.statisticsInterval = configuration.sys.interval.milliseconds
        self.publishesPresence = configuration.sys.presence
        self.allowsPublishToSystemTopics = configuration.sys.allowPublish
    }

    private mutating func take(_ mqtt: NanoConfiguration.MQTT) {
        self.maximumPacketSize = mqtt.maximumPacketSize
        self.maximumQueuedMessages = mqtt.maximumQueueLength
        self.maximumQueuedBytes = mqtt.maximumQueueBytes
        self.queueDropPolicy = mqtt.queueDrop == .oldest ? .oldest : .newest
        self.topicAliasMaximum = UInt16(clamping: mqtt.maximumTopicAlias)
        self.outgoingTopicAliasMaximum = UInt16(clamping: mqtt.maximumTopicAliasOutbound)
        self.keepAliveMultiplier = mqtt.keepAliveMultiplier
        self.maximumInflight = mqtt.maximumInflight
        self.receiveMaximum = UInt16(clamping: mqtt.receiveMaximum)
        self.serverKeepAlive = mqtt.serverKeepAlive.map { UInt16(clamping: $0.components.seconds) }
        self.maximumSessionExpiry = mqtt.maximumSessionExpiry.map { UInt32(clamping: $0.components.seconds) }
        self.maximumQoS = QoS(rawValue: UInt8(clamping: mqtt.maximumQoS)) ?? .exactlyOnce
        self.retainAvailable = mqtt.retainAvailable
        self.wildcardSubscriptionAvailable = mqtt.wildcardAvailable
        self.sharedSubscriptionAvailable = mqtt.sharedAvailable
        self.overlappingDelivery = mqtt.overlapping == .each ? .each : .merged
        self.sharedStrategy = SharedStrategy(rawValue: mqtt.sharedStrategy.rawValue) ?? .roundRobin
        self.maximumTopicLength = mqtt.maximumTopicLength
        self.maximumTopicLevels = mqtt.maximumTopicLevels
        self.maximumClientIdentifierLength = mqtt.maximumClientIDLength
        self.maximumSubscriptions = mqtt.maximumSubscriptions ?? .max
        self.maximumSubscriptionBytes = mqtt.maximumSubscriptionBytes
        self.maximumFiltersPerPacket = mqtt.maximumFiltersPerPacket
        self.maximumWillSize = mqtt.maximumWillSize
        self.checksPayloadFormat = mqtt.checkPayloadFormat
    }

    private mutating func take(_ limits: NanoConfiguration.Limits) {
        self.maximumConnections = limits.maximumConnections
        self.maximumSessions = limits.maximumSessions
        self.maximumConnectRate = limits.connectRate
        self.connectTimeout = limits.connectTimeout.milliseconds
        self.maximumConnectSize = limits.maximumConnectSize
        self.maximumOutboundBytes = limits.maximumOutboundBytes
        self.stuckReaderTimeout = limits.stuckReaderTimeout?.milliseconds ?? .max
        self.maximumRetainedMessages = limits.maximumRetainedMessages ?? .max
        self.maximumRetainedBytes = limits.maximumRetainedBytes ?? .max
    }

    private mutating func take(_ sqlite: NanoConfiguration.SQLite) {
        self.maximumStoredMessages = sqlite.maximumMessages
        self.maximumStoredBytes = sqlite.maximumBytes
        self.maximumStoredMessagesPerSession = sqlite.maximumSessionMessages
        self.maximumStoredBytesPerSession = sqlite.maximumSessionBytes
        self.queuedMessagesInMemory = sqlite.messagesInMemory
        self.fullStorePolicy = sqlite.whenFull == .refuse ? .refuse : .dropOldest
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}

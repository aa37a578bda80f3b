//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The byte in front of each property (MQTT 5.0, table 2-4).
public enum PropertyIdentifier: UInt8, Sendable, CaseIterable {
    /// Payload format indicator.
    case payloadFormatIndicator = 0x01
    /// Message expiry interval.
    case messageExpiryInterval = 0x02
    /// Content type.
    case contentType = 0x03
    /// Response topic.
    case responseTopic = 0x08
    /// Correlation data.
    case correlationData = 0x09
    /// Subscription identifier.
    case subscriptionIdentifier = 0x0B
    /// Session expiry interval.
    case sessionExpiryInterval = 0x11
    /// Assigned client identifier.
    case assignedClientIdentifier = 0x12
    /// Server keep alive.
    case serverKeepAlive = 0x13
    /// Authentication method.
    case authenticationMethod = 0x15
    /// Authentication data.
    case authenticationData = 0x16
    /// Request problem information.
    case requestProblemInformation = 0x17
    /// Will delay interval.
    case willDelayInterval = 0x18
    /// Request response information.
    case requestResponseInformation = 0x19
    /// Response information.
    case responseInformation = 0x1A
    /// Server reference.
    case serverReference = 0x1C
    /// Reason string.
    case reasonString = 0x1F
    /// Receive maximum.
    case receiveMaximum = 0x21
    /// Topic alias maximum.
    case topicAliasMaximum = 0x22
    /// Topic alias.
    case topicAlias = 0x23
    /// Maximum QoS.
    case maximumQoS = 0x24
    /// Retain available.
    case retainAvailable = 0x25
    /// User property.
    case userProperty = 0x26
    /// Maximum packet size.
    case maximumPacketSize = 0x27
    /// Wildcard subscription available.
    case wildcardSubscriptionAvailable = 0x28
    /// Subscription identifier available.
    case subscriptionIdentifierAvailable = 0x29
    /// Shared subscription available.
    case sharedSubscriptionAvailable = 0x2A

    /// How the value is laid out after the identifier (section 2.2.2.2).
    enum Layout {
        case byte
        case twoBytes
        case fourBytes
        case variableInteger
        case string
        case stringPair
        case binary
    }

    /// The layout of this property's value.
    var layout: Layout {
        switch self {
        case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
            .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
            .sharedSubscriptionAvailable:
            .byte
        case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: .twoBytes
        case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval, .maximumPacketSize: .fourBytes
        case .subscriptionIdentifier: .variableInteger
        case .contentType, .responseTopic, .assignedClientIdentifier, .authenticationMethod, .responseInformation,
            .serverReference, .reasonString:
            .string
        case .userProperty: .stringPair
        case .correlationData, .authenticationData: .binary
        }
    }

    /// Whether table 2-4 lists this property for a packet.
    public func isAllowed(in context: PropertyContext) -> Bool {
        switch self {
        case .payloadFormatIndicator, .messageExpiryInterval, .contentType, .responseTopic, .correlationData:
            context == .publish || context == .will
        case .subscriptionIdentifier: context == .publish || context == .subscribe
        case .sessionExpiryInterval: context == .connect || context == .connectAck || context == .disconnect
        case .assignedClientIdentifier, .serverKeepAlive, .responseInformation, .maximumQoS, .retainAvailable,
            .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable, .sharedSubscriptionAvailable:
            context == .connectAck
        case .authenticationMethod, .authenticationData:
            context == .connect || context == .connectAck || context == .auth
        case .requestProblemInformation, .requestResponseInformation: context == .connect
        case .willDelayInterval: context == .will
        case .serverReference: context == .connectAck || context == .disconnect
        case .reasonString:
            switch context {
            case .connectAck, .publishAck, .subscribeAck, .unsubscribeAck, .disconnect, .auth: true
            case .connect, .will, .publish, .subscribe, .unsubscribe: false
            }
        case .receiveMaximum, .topicAliasMaximum, .maximumPacketSize: context == .connect || context == .connectAck
        case .topicAlias: context == .publish
        case .userProperty: true
        }
    }

    /// The property's bit in a set of properties; identifiers are below 64.
    var bit: UInt64 { 1 &<< UInt64(rawValue) }
}

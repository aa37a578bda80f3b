//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// A property of MQTT 5.0 (section 2.2.2). The ranges below are checked when decoding and when encoding.
public enum Property: Equatable, Sendable {
    /// 1 when the payload is UTF-8, 0 when nothing is said.
    case payloadFormatIndicator(UInt8)
    /// Seconds until the message expires.
    case messageExpiryInterval(UInt32)
    /// What the payload is, for example a MIME type.
    case contentType(String)
    /// Where an answer goes; no wildcards.
    case responseTopic(String)
    /// What identifies the request in an answer, at most 65 535 bytes.
    case correlationData(ByteBuffer)
    /// 1 to 268 435 455; in PUBLISH as often as subscriptions matched.
    case subscriptionIdentifier(Int)
    /// Seconds the session lives on after the connection; 0xFFFFFFFF is for ever.
    case sessionExpiryInterval(UInt32)
    /// The identifier the server chose for a client without one.
    case assignedClientIdentifier(String)
    /// The keep alive in seconds that the client has to use.
    case serverKeepAlive(UInt16)
    /// The name of the extended authentication.
    case authenticationMethod(String)
    /// What the authentication method exchanges, at most 65 535 bytes.
    case authenticationData(ByteBuffer)
    /// False: reason strings and user properties only where messages travel.
    case requestProblemInformation(Bool)
    /// Seconds between losing the connection and publishing the will.
    case willDelayInterval(UInt32)
    /// True: the client would like response information.
    case requestResponseInformation(Bool)
    /// From what a client may build response topics.
    case responseInformation(String)
    /// Another server to use.
    case serverReference(String)
    /// A diagnosis for people.
    case reasonString(String)
    /// Messages of QoS 1 and 2 in flight at once, not 0.
    case receiveMaximum(UInt16)
    /// The highest topic alias the sender of this accepts.
    case topicAliasMaximum(UInt16)
    /// A number that stands for the topic, not 0.
    case topicAlias(UInt16)
    /// The highest QoS the server offers, 0 or 1.
    case maximumQoS(UInt8)
    /// Whether the server keeps retained messages.
    case retainAvailable(Bool)
    /// A name and a value whose meaning is the application's.
    case userProperty(name: String, value: String)
    /// The largest packet in bytes that the sender of this accepts, not 0.
    case maximumPacketSize(UInt32)
    /// Whether filters may have wildcards.
    case wildcardSubscriptionAvailable(Bool)
    /// Whether subscriptions may have identifiers.
    case subscriptionIdentifierAvailable(Bool)
    /// Whether subscriptions may be shared.
    case sharedSubscriptionAvailable(Bool)

    /// The byte in front of this property.
    public var identifier: PropertyIdentifier {
        switch self {
        case .payloadFormatIndicator: .payloadFormatIndicator
        case .messageExpiryInterval: .messageExpiryInterval
        case .contentType: .contentType
        case .responseTopic: .responseTopic
        case .correlationData: .correlationData
        case .subscriptionIdentifier: .subscriptionIdentifier
        case .sessionExpiryInterval: .sessionExpiryInterval
        case .assignedClientIdentifier: .assignedClientIdentifier
        case .serverKeepAlive: .serverKeepAlive
        case .authenticationMethod: .authenticationMethod
        case .authenticationData: .authenticationData
        case .requestProblemInformation: .requestProblemInformation
        case .willDelayInterval: .willDelayInterval
        case .requestResponseInformation: .requestResponseInformation
        case .responseInformation: .responseInformation
        case .serverReference: .serverReference
        case .reasonString: .reasonString
        case .receiveMaximum: .receiveMaximum
        case .topicAliasMaximum: .topicAliasMaximum
        case .topicAlias: .topicAlias
        case .maximumQoS: .maximumQoS
        case .retainAvailable: .retainAvailable
        case .userProperty: .userProperty
        case .maximumPacketSize: .maximumPacketSize
        case .wildcardSubscriptionAvailable: .wildcardSubscriptionAvailable
        case .subscriptionIdentifierAvailable: .subscriptionIdentifierAvailable
        case .sharedSubscriptionAvailable: .sharedSubscriptionAvailable
        }
    }
}

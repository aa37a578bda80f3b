//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

// The properties of CONNECT and CONNACK, by name.
extension Properties {
    /// Seconds the session lives on after the connection; 0xFFFFFFFF is for ever. Nil when absent; nil removes it.
    public var sessionExpiryInterval: UInt32? {
        get { firstValue { if case .sessionExpiryInterval(let value) = $0 { value } else { nil } } }
        set { replace(.sessionExpiryInterval, with: newValue.map(Property.sessionExpiryInterval)) }
    }

    /// Messages of QoS 1 and 2 in flight at once. Nil when absent; nil removes it.
    public var receiveMaximum: UInt16? {
        get { firstValue { if case .receiveMaximum(let value) = $0 { value } else { nil } } }
        set { replace(.receiveMaximum, with: newValue.map(Property.receiveMaximum)) }
    }

    /// The largest packet in bytes that the sender of this accepts. Nil when absent; nil removes it.
    public var maximumPacketSize: UInt32? {
        get { firstValue { if case .maximumPacketSize(let value) = $0 { value } else { nil } } }
        set { replace(.maximumPacketSize, with: newValue.map(Property.maximumPacketSize)) }
    }

    /// The highest topic alias the sender of this accepts. Nil when absent; nil removes it.
    public var topicAliasMaximum: UInt16? {
        get { firstValue { if case .topicAliasMaximum(let value) = $0 { value } else { nil } } }
        set { replace(.topicAliasMaximum, with: newValue.map(Property.topicAliasMaximum)) }
    }

    /// False: reason strings and user properties only where messages travel. Nil when absent; nil removes it.
    public var requestProblemInformation: Bool? {
        get { firstValue { if case .requestProblemInformation(let value) = $0 { value } else { nil } } }
        set { replace(.requestProblemInformation, with: newValue.map(Property.requestProblemInformation)) }
    }

    /// True: the client would like response information. Nil when absent; nil removes it.
    public var requestResponseInformation: Bool? {
        get { firstValue { if case .requestResponseInformation(let value) = $0 { value } else { nil } } }
        set { replace(.requestResponseInformation, with: newValue.map(Property.requestResponseInformation)) }
    }

    /// The identifier the server chose for a client without one. Nil when absent; nil removes it.
    public var assignedClientIdentifier: String? {
        get { firstValue { if case .assignedClientIdentifier(let value) = $0 { value } else { nil } } }
        set { replace(.assignedClientIdentifier, with: newValue.map(Property.assignedClientIdentifier)) }
    }

    /// The keep alive in seconds that the client has to use. Nil when absent; nil removes it.
    public var serverKeepAlive: UInt16? {
        get { firstValue { if case .serverKeepAlive(let value) = $0 { value } else { nil } } }
        set { replace(.serverKeepAlive, with: newValue.map(Property.serverKeepAlive)) }
    }

    /// From what a client may build response topics. Nil when absent; nil removes it.
    public var responseInformation: String? {
        get { firstValue { if case .responseInformation(let value) = $0 { value } else { nil } } }
        set { replace(.responseInformation, with: newValue.map(Property.responseInformation)) }
    }

    /// The highest QoS the server offers, 0 or 1. Nil when absent; nil removes it.
    public var maximumQoS: UInt8? {
        get { firstValue { if case .maximumQoS(let value) = $0 { value } else { nil } } }
        set { replace(.maximumQoS, with: newValue.map(Property.maximumQoS)) }
    }

    /// Whether the server keeps retained messages. Nil when absent; nil removes it.
    public var retainAvailable: Bool? {
        get { firstValue { if case .retainAvailable(let value) = $0 { value } else { nil } } }
        set { replace(.retainAvailable, with: newValue.map(Property.retainAvailable)) }
    }

    /// Whether filters may have wildcards. Nil when absent; nil removes it.
    public var wildcardSubscriptionAvailable: Bool? {
        get { firstValue { if case .wildcardSubscriptionAvailable(let value) = $0 { value } else { nil } } }
        set { replace(.wildcardSubscriptionAvailable, with: newValue.map(Property.wildcardSubscriptionAvailable)) }
    }

    /// Whether subscriptions may have identifiers. Nil when absent; nil removes it.
    public var subscriptionIdentifierAvailable: Bool? {
        get { firstValue { if case .subscriptionIdentifierAvailable(let value) = $0 { value } else { nil } } }
        set { replace(.subscriptionIdentifierAvailable, with: newValue.map(Property.subscriptionIdentifierAvailable)) }
    }

    /// Whether subscriptions may be shared. Nil when absent; nil removes it.
    public var sharedSubscriptionAvailable: Bool? {
        get { firstValue { if case .sharedSubscriptionAvailable(let value) = $0 { value } else { nil } } }
        set { replace(.sharedSubscriptionAvailable, with: newValue.map(Property.sharedSubscriptionAvailable)) }
    }
}

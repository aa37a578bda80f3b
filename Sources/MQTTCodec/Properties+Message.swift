//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

// The properties of messages, wills, authentication and answers, by name.
extension Properties {
    /// 1 when the payload is UTF-8, 0 when nothing is said. Nil when absent; nil removes it.
    public var payloadFormatIndicator: UInt8? {
        get { firstValue { if case .payloadFormatIndicator(let value) = $0 { value } else { nil } } }
        set { replace(.payloadFormatIndicator, with: newValue.map(Property.payloadFormatIndicator)) }
    }

    /// Seconds until the message expires. Nil when absent; nil removes it.
    public var messageExpiryInterval: UInt32? {
        get { firstValue { if case .messageExpiryInterval(let value) = $0 { value } else { nil } } }
        set { replace(.messageExpiryInterval, with: newValue.map(Property.messageExpiryInterval)) }
    }

    /// What the payload is, for example a MIME type. Nil when absent; nil removes it.
    public var contentType: String? {
        get { firstValue { if case .contentType(let value) = $0 { value } else { nil } } }
        set { replace(.contentType, with: newValue.map(Property.contentType)) }
    }

    /// Where an answer goes. Nil when absent; nil removes it.
    public var responseTopic: String? {
        get { firstValue { if case .responseTopic(let value) = $0 { value } else { nil } } }
        set { replace(.responseTopic, with: newValue.map(Property.responseTopic)) }
    }

    /// What identifies the request in an answer. Nil when absent; nil removes it.
    public var correlationData: ByteBuffer? {
        get { firstValue { if case .correlationData(let value) = $0 { value } else { nil } } }
        set { replace(.correlationData, with: newValue.map(Property.correlationData)) }
    }

    /// A number that stands for the topic. Nil when absent; nil removes it.
    public var topicAlias: UInt16? {
        get { firstValue { if case .topicAlias(let value) = $0 { value } else { nil } } }
        set { replace(.topicAlias, with: newValue.map(Property.topicAlias)) }
    }

    /// Seconds between losing the connection and publishing the will. Nil when absent; nil removes it.
    public var willDelayInterval: UInt32? {
        get { firstValue { if case .willDelayInterval(let value) = $0 { value } else { nil } } }
        set { replace(.willDelayInterval, with: newValue.map(Property.willDelayInterval)) }
    }

    /// The name of the extended authentication. Nil when absent; nil removes it.
    public var authenticationMethod: String? {
        get { firstValue { if case .authenticationMethod(let value) = $0 { value } else { nil } } }
        set { replace(.authenticationMethod, with: newValue.map(Property.authenticationMethod)) }
    }

    /// What the authentication method exchanges. Nil when absent; nil removes it.
    public var authenticationData: ByteBuffer? {
        get { firstValue { if case .authenticationData(let value) = $0 { value } else { nil } } }
        set { replace(.authenticationData, with: newValue.map(Property.authenticationData)) }
    }

    /// A diagnosis for people. Nil when absent; nil removes it.
    public var reasonString: String? {
        get { firstValue { if case .reasonString(let value) = $0 { value } else { nil } } }
        set { replace(.reasonString, with: newValue.map(Property.reasonString)) }
    }

    /// Another server to use. Nil when absent; nil removes it.
    public var serverReference: String? {
        get { firstValue { if case .serverReference(let value) = $0 { value } else { nil } } }
        set { replace(.serverReference, with: newValue.map(Property.serverReference)) }
    }

    /// All subscription identifiers in their order; setting replaces all of them.
    public var subscriptionIdentifiers: [Int] {
        get { list.compactMap { if case .subscriptionIdentifier(let value) = $0 { value } else { nil } } }
        set { replace(.subscriptionIdentifier, with: newValue.map { .subscriptionIdentifier($0) }) }
    }

    /// All user properties in their order; setting replaces all of them.
    public var userProperties: [(name: String, value: String)] {
        get { list.compactMap { if case .userProperty(let name, let value) = $0 { (name, value) } else { nil } } }
        set { replace(.userProperty, with: newValue.map { .userProperty(name: $0.name, value: $0.value) }) }
    }
}

extension Properties {
    /// The first value that an extractor finds.
    func firstValue<Value>(_ extract: (Property) -> Value?) -> Value? {
        for property in list {
            if let value = extract(property) { return value }
        }
        return nil
    }

    /// Puts a property where its namesake was, or at the end; nil only removes.
    mutating func replace(_ identifier: PropertyIdentifier, with property: Property?) {
        guard let property else { return list.removeAll { $0.identifier == identifier } }
        guard let index = list.firstIndex(where: { $0.identifier == identifier }) else { return list.append(property) }
        list[index] = property
    }

    /// Removes all properties of one name and adds others at the end.
    mutating func replace(_ identifier: PropertyIdentifier, with properties: [Property]) {
        list.removeAll { $0.identifier == identifier }
        list.append(contentsOf: properties)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

extension Property {
    /// Reads one property that ``PropertyScan`` has found to be right.
    init(from buffer: inout ByteBuffer) throws(MQTTError) {
        guard let identifier = PropertyIdentifier(rawValue: try buffer.readMQTTByte()) else {
            throw .malformed("property is not defined")
        }
        self =
            switch identifier {
            case .payloadFormatIndicator: .payloadFormatIndicator(try buffer.readMQTTByte())
            case .messageExpiryInterval: .messageExpiryInterval(try buffer.readMQTTUInt32())
            case .contentType: .contentType(try buffer.readMQTTString())
            case .responseTopic: .responseTopic(try buffer.readMQTTString())
            case .correlationData: .correlationData(try buffer.readMQTTBinary())
            case .subscriptionIdentifier: .subscriptionIdentifier(try buffer.readMQTTVariableInteger())
            case .sessionExpiryInterval: .sessionExpiryInterval(try buffer.readMQTTUInt32())
            case .assignedClientIdentifier: .assignedClientIdentifier(try buffer.readMQTTString())
            case .serverKeepAlive: .serverKeepAlive(try buffer.readMQTTUInt16())
            case .authenticationMethod: .authenticationMethod(try buffer.readMQTTString())
            case .authenticationData: .authenticationData(try buffer.readMQTTBinary())
            case .requestProblemInformation: .requestProblemInformation(try buffer.readMQTTByte() != 0)
            case .willDelayInterval: .willDelayInterval(try buffer.readMQTTUInt32())
            case .requestResponseInformation: .requestResponseInformation(try buffer.readMQTTByte() != 0)
            case .responseInformation: .responseInformation(try buffer.readMQTTString())
            case .serverReference: .serverReference(try buffer.readMQTTString())
            case .reasonString: .reasonString(try buffer.readMQTTString())
            case .receiveMaximum: .receiveMaximum(try buffer.readMQTTUInt16())
            case .topicAliasMaximum: .topicAliasMaximum(try buffer.readMQTTUInt16())
            case .topicAlias: .topicAlias(try buffer.readMQTTUInt16())
            case .maximumQoS: .maximumQoS(try buffer.readMQTTByte())
            case .retainAvailable: .retainAvailable(try buffer.readMQTTByte() != 0)
            case .userProperty:
                .userProperty(name: try buffer.readMQTTString(), value: try buffer.readMQTTString())
            case .maximumPacketSize: .maximumPacketSize(try buffer.readMQTTUInt32())
            case .wildcardSubscriptionAvailable: .wildcardSubscriptionAvailable(try buffer.readMQTTByte() != 0)
            case .subscriptionIdentifierAvailable: .subscriptionIdentifierAvailable(try buffer.readMQTTByte() != 0)
            case .sharedSubscriptionAvailable: .sharedSubscriptionAvailable(try buffer.readMQTTByte() != 0)
            }
    }

    /// Bytes of this property with its identifier.
    var encodedLength: Int {
        switch self {
        case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
            .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
            .sharedSubscriptionAvailable:
            2
        case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: 3
        case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval, .maximumPacketSize: 5
        case .subscriptionIdentifier(let value): 1 + ByteBuffer.mqttVariableIntegerLength(value)
        case .contentType(let text), .responseTopic(let text), .assignedClientIdentifier(let text),
            .authenticationMethod(let text), .responseInformation(let text), .serverReference(let text),
            .reasonString(let text):
            1 + text.mqttLength
        case .userProperty(let name, let value): 1 + name.mqttLength + value.mqttLength
        case .correlationData(let data), .authenticationData(let data): 3 + data.readableBytes
        }
    }

    /// Writes identifier and value.
    func encode(into buffer: inout ByteBuffer) throws(MQTTError) {
        buffer.writeInteger(identifier.rawValue)
        switch self {
        case .payloadFormatIndicator(let value), .maximumQoS(let value):
            guard value <= 1 else { throw .protocolError("property is neither 0 nor 1") }
            buffer.writeInteger(value)
        case .requestProblemInformation(let value), .requestResponseInformation(let value),
            .retainAvailable(let value), .wildcardSubscriptionAvailable(let value),
            .subscriptionIdentifierAvailable(let value), .sharedSubscriptionAvailable(let value):
            buffer.writeInteger(value ? 1 : 0, as: UInt8.self)
        case .serverKeepAlive(let value), .topicAliasMaximum(let value):
            buffer.writeInteger(value)
        case .receiveMaximum(let value):
            guard value != 0 else { throw .protocolError("receive maximum 0") }
            buffer.writeInteger(value)
        case .topicAlias(let value):
            guard value != 0 else { throw MQTTError(reason: .topicAliasInvalid, detail: "topic alias 0") }
            buffer.writeInteger(value)
        case .messageExpiryInterval(let value), .sessionExpiryInterval(let value), .willDelayInterval(let value):
            buffer.writeInteger(value)
        case .maximumPacketSize(let value):
            guard value != 0 else { throw .protocolError("maximum packet size 0") }
            buffer.writeInteger(value)
        case .subscriptionIdentifier(let value):
            guard value > 0, buffer.writeMQTTVariableInteger(value) > 0 else {
                throw .protocolError("subscription identifier out of range")
            }
        case .responseTopic(let text):
            guard UTF8Rules.scan(text.utf8Span.span.bytes) != .wildcard else {
                throw .protocolError("response topic contains a wildcard")
            }
            try buffer.writeCheckedMQTTString(text)
        case .contentType(let text), .assignedClientIdentifier(let text), .authenticationMethod(let text),
            .responseInformation(let text), .serverReference(let text), .reasonString(let text):
            try buffer.writeCheckedMQTTString(text)
        case .userProperty(let name, let value):
            try buffer.writeCheckedMQTTString(name)
            try buffer.writeCheckedMQTTString(value)
        case .correlationData(let data), .authenticationData(let data):
            try buffer.writeCheckedMQTTBinary(data)
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// One walk over the bytes of properties: checks all the standard says, remembers what a broker forwarding a message
/// needs, and allocates nothing.
struct PropertyScan {
    /// The identifiers found, as their bits.
    private(set) var found: UInt64 = 0
    /// Topic alias, 0 when there is none.
    private(set) var topicAlias: UInt16 = 0
    /// Seconds the message may wait, nil when there is no limit.
    private(set) var messageExpiryInterval: UInt32?
    /// 0 unspecified, 1 UTF-8, nil when the property is absent.
    private(set) var payloadFormatIndicator: UInt8?

    /// Checks the properties between two offsets (`start <= end <= bytes.byteCount`).
    /// - Throws: `malformedPacket` for an identifier that is unknown or not of this packet (section 2.2.2.2), a value
    ///   that does not fit, or bad UTF-8; `protocolError` for a property given twice or a value out of its range;
    ///   `topicAliasInvalid` for alias 0.
    init(_ bytes: RawSpan, from start: Int, to end: Int, in context: PropertyContext) throws(MQTTError) {
        var position = start
        while position < end {
            // Identifiers are variable byte integers, but all that exist have one byte.
            let byte = try bytes.mqttByte(at: &position, before: end)
            guard let identifier = PropertyIdentifier(rawValue: byte), identifier.isAllowed(in: context) else {
                throw .malformed("property is not defined for this packet")
            }
            let mayRepeat =
                identifier == .userProperty || (identifier == .subscriptionIdentifier && context == .publish)
            guard mayRepeat || found & identifier.bit == 0 else { throw .protocolError("property is given twice") }
            found |= identifier.bit
            try readValue(of: identifier, bytes, at: &position, before: end)
        }
        guard !contains(.authenticationData) || contains(.authenticationMethod) else {
            throw .protocolError("authentication data without a method")
        }
    }

    /// Whether a property was there.
    func contains(_ identifier: PropertyIdentifier) -> Bool { found & identifier.bit != 0 }

    /// True when nothing in these bytes depends on the receiver or on time.
    var isForwardable: Bool {
        let changing =
            PropertyIdentifier.topicAlias.bit | PropertyIdentifier.messageExpiryInterval.bit
            | PropertyIdentifier.subscriptionIdentifier.bit
        return found & changing == 0
    }

    /// Reads over one value and checks it.
    private mutating func readValue(
        of identifier: PropertyIdentifier,
        _ bytes: RawSpan,
        at position: inout Int,
        before end: Int
    ) throws(MQTTError) {
        switch identifier.layout {
        case .byte:
            // The payload format, the maximum QoS and all the booleans are 0 or 1.
            let value = try bytes.mqttByte(at: &position, before: end)
            guard value <= 1 else { throw .protocolError("property is neither 0 nor 1") }
            if identifier == .payloadFormatIndicator { payloadFormatIndicator = value }
        case .twoBytes:
            let value = try bytes.mqttUInt16(at: &position, before: end)
            if identifier == .topicAlias {
                guard value != 0 else { throw MQTTError(reason: .topicAliasInvalid, detail: "topic alias 0") }
                topicAlias = value
            }
            guard identifier != .receiveMaximum || value != 0 else { throw .protocolError("receive maximum 0") }
        case .fourBytes:
            let value = try bytes.mqttUInt32(at: &position, before: end)
            if identifier == .messageExpiryInterval { messageExpiryInterval = value }
            guard identifier != .maximumPacketSize || value != 0 else { throw .protocolError("maximum packet size 0") }
        case .variableInteger:
            let value = try bytes.mqttVariableInteger(at: &position, before: end)
            guard value != 0 else { throw .protocolError("subscription identifier 0") }
        case .string:
            let finding = try bytes.mqttString(at: &position, before: end)
            guard identifier != .responseTopic || finding == .plain else {
                throw .protocolError("response topic contains a wildcard")
            }
        case .stringPair:
            _ = try bytes.mqttString(at: &position, before: end)
            _ = try bytes.mqttString(at: &position, before: end)
        case .binary:
            let length = Int(try bytes.mqttUInt16(at: &position, before: end))
            guard length <= end - position else { throw .malformed("binary data ends after the packet") }
            position += length
        }
    }
}

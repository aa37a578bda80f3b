//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// When a subscription receives the retained messages that match it (MQTT 5.0, section 3.8.3.1).
public enum RetainHandling: UInt8, Sendable, CaseIterable {
    /// Each time the client subscribes.
    case sendAtSubscribe = 0
    /// Only when the subscription did not exist.
    case sendIfNew
    /// Not at all.
    case doNotSend
}

/// The byte after each filter of SUBSCRIBE (section 3.8.3.1).
public struct SubscriptionOptions: Equatable, Hashable, Sendable {
    /// The highest QoS the subscriber wants.
    public var qos: QoS
    /// True: not the messages this client published itself. Not allowed on shared subscriptions [MQTT-3.8.3-4].
    public var noLocal: Bool
    /// True: keep the RETAIN flag as it was published.
    public var retainAsPublished: Bool
    /// When to send retained messages.
    public var retainHandling: RetainHandling

    /// Options; all but the QoS exist in MQTT 5.0 only.
    public init(
        qos: QoS,
        noLocal: Bool = false,
        retainAsPublished: Bool = false,
        retainHandling: RetainHandling = .sendAtSubscribe
    ) {
        self.qos = qos
        self.noLocal = noLocal
        self.retainAsPublished = retainAsPublished
        self.retainHandling = retainHandling
    }

    /// The byte in MQTT 5.0. Before, it is the QoS alone.
    public var byte: UInt8 {
        qos.rawValue | (noLocal ? 0b100 : 0) | (retainAsPublished ? 0b1000 : 0) | retainHandling.rawValue << 4
    }

    /// Reads the byte.
    /// - Throws: `malformedPacket` for reserved bits [MQTT-3.8.3-5] and, before MQTT 5.0, for QoS 3;
    ///   `protocolError` in MQTT 5.0 for QoS 3 and retain handling 3.
    public static func decode(_ byte: UInt8, version: ProtocolVersion) throws(MQTTError) -> SubscriptionOptions {
        let qos = QoS(rawValue: byte & 0b11)
        guard version == .v5 else {
            guard let qos, byte & 0b1111_1100 == 0 else { throw .malformed("reserved bits or QoS 3 in SUBSCRIBE") }
            return SubscriptionOptions(qos: qos)
        }
        guard byte & 0b1100_0000 == 0 else { throw .malformed("reserved subscription options") }
        guard let qos else { throw .protocolError("QoS 3 in SUBSCRIBE") }
        guard let retainHandling = RetainHandling(rawValue: byte >> 4 & 0b11) else {
            throw .protocolError("retain handling 3")
        }
        return SubscriptionOptions(
            qos: qos,
            noLocal: byte & 0b100 != 0,
            retainAsPublished: byte & 0b1000 != 0,
            retainHandling: retainHandling
        )
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Synchronization

/// An application message: a topic, a payload and what goes with them.
///
/// Immutable, so that any number of sessions, event loops and extensions can share one. Whoever wants another
/// message makes another. Its bytes are its own: it keeps no receive buffer alive.
public final class Message: Sendable {
    /// Topic, forwarded properties and payload, one behind the other.
    package let storage: ByteBuffer
    package let topicLength: Int
    package let propertiesLength: Int
    let topicHash: UInt64
    /// What it is known by in the store, once it has had to be stored; 0: not yet.
    private let storeNumber: Atomic<Int64>

    /// The quality of service it was published with.
    public let qos: QoS
    /// Whether it was published with RETAIN.
    public let isRetained: Bool
    /// When it expires; nil: never.
    public let expiresAt: MonotonicTime?
    /// The identifier of the client that published it; nil: the broker itself.
    public let publisher: String?
    /// 0, 1, or nil when not stated (Payload Format Indicator).
    public let payloadFormatIndicator: UInt8?

    /// - Parameters:
    ///   - propertyBytes: the v5 properties to pass on, encoded, without alias, expiry and subscription identifiers.
    ///   - number: its number in the store, if it comes from there.
    package init(
        topic: RawSpan,
        propertyBytes: RawSpan,
        payload: RawSpan,
        qos: QoS,
        isRetained: Bool,
        expiresAt: MonotonicTime?,
        payloadFormatIndicator: UInt8?,
        publisher: String?,
        number: StoreNumber = .none
    ) {
        self.storeNumber = Atomic(number.value)
        var storage = ByteBuffer()
        storage.reserveCapacity(topic.byteCount + propertyBytes.byteCount + payload.byteCount)
        storage.writeBytes(topic)
        storage.writeBytes(propertyBytes)
        storage.writeBytes(payload)
        self.storage = storage
        self.topicLength = topic.byteCount
        self.topicHash = TopicHash.hash(topic)
        self.propertiesLength = propertyBytes.byteCount
        self.qos = qos
        self.isRetained = isRetained
        self.expiresAt = expiresAt
        self.payloadFormatIndicator = payloadFormatIndicator
        self.publisher = publisher
    }

    /// A message made by the broker, an extension or the program that embeds it.
    ///
    /// - Parameters:
    ///   - topic: a valid topic name.
    ///   - properties: v5 properties to pass on; topic alias, expiry and subscription identifiers among them are
    ///     left out, since they belong to one connection or to `expiresAt`.
    /// - Throws: `MQTTError` with 0x90 if the topic is no valid topic name, or when a property can't be encoded.
    public convenience init(
        topic: String,
        payload: ByteBuffer,
        qos: QoS = .atMostOnce,
        isRetained: Bool = false,
        properties: Properties = [],
        expiresAt: MonotonicTime? = nil,
        publisher: String? = nil
    ) throws(MQTTError) {
        guard TopicName.isValid(topic) else {
            throw MQTTError(reason: .topicNameInvalid, detail: "not a topic name")
        }
        var encoded = ByteBuffer()
        try properties.forwarded.encodeWithoutLength(into: &encoded)
        let name = ByteBuffer(string: topic)
        self.init(
            topic: name.readableBytesSpan,
            propertyBytes: encoded.readableBytesSpan,
            payload: payload.readableBytesSpan,
            qos: qos,
            isRetained: isRetained,
            expiresAt: expiresAt,
            payloadFormatIndicator: properties.payloadFormatIndicator,
            publisher: publisher
        )
    }

    /// The topic name.
    public var topic: String {
        self.storage.getString(at: self.storage.readerIndex, length: self.topicLength) ?? ""
    }

    /// The payload.
    public var payload: ByteBuffer {
        let start = self.topicLength + self.propertiesLength
        return self.storage.getSlice(at: start, length: self.storage.readableBytes - start) ?? ByteBuffer()
    }

    /// The v5 properties that are passed on with it, in the publisher's order.
    public var properties: Properties {
        var bytes = ByteBuffer()
        bytes.writeMQTTVariableInteger(self.propertiesLength)
        bytes.writeImmutableBuffer(
            self.storage.getSlice(at: self.topicLength, length: self.propertiesLength) ?? ByteBuffer()
        )
        return (try? Properties.decode(from: &bytes, in: .publish)) ?? []
    }

    /// What it counts for in limits: the bytes of topic, properties and payload.
    public var byteCount: Int { self.storage.readableBytes }

    /// What it is known by in the store: drawn when it first has to be stored, and the same from then on.
    func number(in store: SharedStore, for shard: UInt16) -> StoreNumber {
        let known = self.storeNumber.load(ordering: .relaxed)
        guard known == 0 else { return StoreNumber(value: known) }
        let drawn = store.draw(for: shard)
        // Another shard may have been faster: then its number holds.
        let (isSet, original) = self.storeNumber.compareExchange(
            expected: 0,
            desired: drawn.value,
            ordering: .relaxed
        )
        return isSet ? drawn : StoreNumber(value: original)
    }

    /// What it is known by in the store; `none` if it has not had to be stored.
    package var number: StoreNumber { StoreNumber(value: self.storeNumber.load(ordering: .relaxed)) }

    func isExpired(at now: MonotonicTime) -> Bool {
        guard let expiresAt = self.expiresAt else { return false }
        return expiresAt <= now
    }
}

extension Properties {
    /// Those which are passed on from a publisher to subscribers as they are [MQTT-3.3.2-4 ... -20].
    var forwarded: Properties {
        var kept: Properties = []
        for property in self {
            switch property {
            case .topicAlias, .messageExpiryInterval, .subscriptionIdentifier: continue
            default: kept.append(property)
            }
        }
        return kept
    }
}

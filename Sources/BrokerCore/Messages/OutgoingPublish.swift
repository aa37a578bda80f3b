//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

/// One application message on its way to its subscribers.
///
/// It comes from a packet just read, whose bytes lie in the receive buffer, or from a ``Message``. It is encoded at
/// most once for each protocol form and QoS class, however many subscribers there are; what differs from one to the
/// next (flags, packet identifier) is laid over the copy. A ``Message`` is made of a packet only when somebody keeps
/// it beyond this turn of the loop.
struct OutgoingPublish {
    /// A PUBLISH up to its payload, and the payload too where it is small enough to be copied.
    struct Template {
        var bytes: ByteBuffer
        var identifierOffset: Int
    }

    let qos: QoS
    let isRetained: Bool
    /// The session it came from; nil: not from a client of this shard.
    let origin: SessionAddress?
    let publisher: UTF8String?
    let topicHash: UInt64
    let expiresAt: MonotonicTime?
    let now: MonotonicTime

    private let buffer: ByteBuffer
    private let topicStart: Int
    private let topicLength: Int
    private let forwardedStart: Int
    private let forwardedLength: Int
    private let payloadStart: Int
    let payloadLength: Int
    private let payloadFormatIndicator: UInt8?
    /// Whether a session that is full loses it under ``FullStorePolicy/refuse``, since nobody could be told. Any other
    /// message has been asked about before it was accepted, and is not dropped afterwards.
    var isDroppable = false

    /// The packet itself, where it lies in the form in which subscribers of the same form get it.
    private let packetStart: Int
    private let packetLength: Int
    private let packetIdentifierOffset: Int
    private let packetIsVersion5: Bool

    private(set) var existingMessage: Message?
    private var plain: Template?
    private var acknowledged: Template?
    private var plain5: Template?
    private var acknowledged5: Template?

    /// From a packet that starts `start` bytes behind the reader index of `buffer`, whose properties can be passed on verbatim.
    init(
        packet header: PublishHeader,
        isVersion5: Bool,
        in buffer: ByteBuffer,
        at start: Int,
        topicHash: UInt64,
        origin: SessionAddress,
        publisher: UTF8String,
        now: MonotonicTime
    ) {
        self.qos = header.qos
        self.isRetained = header.isRetained
        self.origin = origin
        self.publisher = publisher
        self.topicHash = topicHash
        self.expiresAt = nil
        self.now = now
        self.buffer = buffer
        self.topicStart = start + header.topicStart
        self.topicLength = header.topicLength
        self.forwardedStart = start + header.propertiesStart
        self.forwardedLength = header.propertiesLength
        self.payloadStart = start + header.payloadStart
        self.payloadLength = header.payloadLength
        self.payloadFormatIndicator = header.payloadFormatIndicator
        self.packetStart = start
        self.packetLength = header.totalLength
        self.packetIdentifierOffset = header.packetIdentifierOffset
        self.packetIsVersion5 = isVersion5
    }

    init(_ message: Message, origin: SessionAddress?, now: MonotonicTime) {
        self.qos = message.qos
        self.isRetained = message.isRetained
        self.origin = origin
        self.publisher = message.publisher.map(UTF8String.init)
        self.topicHash = message.topicHash
        self.expiresAt = message.expiresAt
        self.now = now
        self.buffer = message.storage
        self.topicStart = 0
        self.topicLength = message.topicLength
        self.forwardedStart = message.topicLength
        self.forwardedLength = message.propertiesLength
        self.payloadStart = message.topicLength + message.propertiesLength
        self.payloadLength = message.storage.readableBytes - self.payloadStart
        self.payloadFormatIndicator = message.payloadFormatIndicator
        self.packetStart = 0
        self.packetLength = 0
        self.packetIdentifierOffset = 0
        self.packetIsVersion5 = false
        self.existingMessage = message
    }

    /// The message, made now if nobody has needed it before.
    mutating func message() -> Message {
        if let existing = self.existingMessage { return existing }
        let message = self.makeMessage()
        self.existingMessage = message
        return message
    }

    private func makeMessage() -> Message {
        let all = self.buffer.readableBytesSpan
        return Message(
            topic: all.extracting(self.topicStart..<self.topicStart + self.topicLength),
            propertyBytes: all.extracting(self.forwardedStart..<self.forwardedStart + self.forwardedLength),
            payload: all.extracting(self.payloadStart..<self.payloadStart + self.payloadLength),
            qos: self.qos,
            isRetained: self.isRetained,
            expiresAt: self.expiresAt,
            payloadFormatIndicator: self.payloadFormatIndicator,
            publisher: self.publisher?.text
        )
    }

    /// Whether the payload goes behind a template, shared, instead of inside it: a large one that is a good part of
    /// the buffer it lies in. A small part would keep the whole buffer alive for a client that reads slowly.
    var sharesPayload: Bool {
        self.payloadLength >= OutputQueue.sharingThreshold
            && self.payloadLength >= self.buffer.storageCapacity / 4
    }

    var payload: ByteBuffer {
        self.buffer.getSlice(at: self.buffer.readerIndex + self.payloadStart, length: self.payloadLength)
            ?? ByteBuffer()
    }

    /// What the message counts for in limits, as ``Message/byteCount``.
    var byteCount: Int { self.topicLength + self.forwardedLength + self.payloadLength }

    var remainingExpiry: UInt32? {
        self.expiresAt.map { self.now.seconds(until: $0) }
    }

    var topicBytes: [UInt8] {
        self.buffer.readableBytesSpan.extracting(self.topicStart..<self.topicStart + self.topicLength)
            .withUnsafeBytes { Array($0) }
    }

    /// What the packet's length would be for a subscriber.
    func encodedLength(_ parts: PublishParts) -> Int {
        parts.packetLength(
            topic: self.topicLength,
            forwarded: parts.isVersion5 ? self.forwardedLength : 0,
            payload: self.payloadLength
        )
    }

    /// Appends the packet for one subscriber of the common kind: no alias, no subscription identifiers.
    @inline(__always)
    mutating func append(
        to output: inout OutputQueue,
        isVersion5: Bool,
        flags: UInt8,
        packetIdentifier: UInt16
    ) {
        if self.packetLength > 0, self.packetIsVersion5 == isVersion5,
            (packetIdentifier != 0) == (self.packetIdentifierOffset != 0)
        {
            let end = self.sharesPayload ? self.payloadStart : self.packetStart &+ self.packetLength
            output.append(
                self.buffer.readableBytesSpan.extracting(self.packetStart..<end),
                flags: flags,
                packetIdentifier: packetIdentifier,
                at: self.packetIdentifierOffset
            )
        } else {
            let template = self.template(isVersion5: isVersion5, isAcknowledged: packetIdentifier != 0)
            output.append(
                template.bytes.readableBytesSpan,
                flags: flags,
                packetIdentifier: packetIdentifier,
                at: template.identifierOffset
            )
        }
        if self.sharesPayload { output.appendShared(self.payload) }
    }

    /// Appends the packet for one subscriber that gets something of its own.
    mutating func append(to output: inout OutputQueue, parts: PublishParts) {
        output.append(self.encode(parts).bytes.readableBytesSpan)
        if self.sharesPayload { output.appendShared(self.payload) }
    }

    /// The bytes shared by all subscribers of this form: `parts` with the packet identifier still 0.
    private mutating func template(isVersion5: Bool, isAcknowledged: Bool) -> Template {
        switch (isVersion5, isAcknowledged) {
        case (false, false):
            if let ready = self.plain { return ready }
        case (false, true):
            if let ready = self.acknowledged { return ready }
        case (true, false):
            if let ready = self.plain5 { return ready }
        case (true, true):
            if let ready = self.acknowledged5 { return ready }
        }
        return self.makeTemplate(isVersion5: isVersion5, isAcknowledged: isAcknowledged)
    }

    @inline(never)
    private mutating func makeTemplate(isVersion5: Bool, isAcknowledged: Bool) -> Template {
        let parts = PublishParts(
            isVersion5: isVersion5,
            qos: isAcknowledged ? .atLeastOnce : .atMostOnce,
            isRetained: false,
            messageExpiry: isVersion5 ? self.remainingExpiry : nil
        )
        let template = self.encode(parts)
        switch (isVersion5, isAcknowledged) {
        case (false, false): self.plain = template
        case (false, true): self.acknowledged = template
        case (true, false): self.plain5 = template
        case (true, true): self.acknowledged5 = template
        }
        return template
    }

    /// Encodes for one subscriber that no template serves.
    func encode(_ parts: PublishParts) -> Template {
        let all = self.buffer.readableBytesSpan
        var bytes = ByteBuffer()
        bytes.reserveCapacity(self.encodedLength(parts) - (self.sharesPayload ? self.payloadLength : 0))
        let offset = parts.encodeHead(
            topic: all.extracting(self.topicStart..<self.topicStart + self.topicLength),
            forwarded: all.extracting(self.forwardedStart..<self.forwardedStart + self.forwardedLength),
            payloadLength: self.payloadLength,
            into: &bytes
        )
        if !self.sharesPayload {
            bytes.writeBytes(all.extracting(self.payloadStart..<self.payloadStart + self.payloadLength))
        }
        return Template(bytes: bytes, identifierOffset: offset)
    }
}

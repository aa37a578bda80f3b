//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NIOCore

/// The message a server publishes when a client goes away without DISCONNECT (section 3.1.2.5).
public struct Will: Equatable, Sendable {
    /// The topic it is published to: not empty, without wildcards.
    public var topic: String
    /// At most 65 535 bytes. Its own memory, not a part of the network's buffer.
    public var payload: ByteBuffer
    /// The quality of service it is published with.
    public var qos: QoS
    /// Whether it is published as a retained message.
    public var isRetained: Bool
    /// The will properties, MQTT 5.0 only.
    public var properties: Properties

    /// Puts a will together; nothing is checked before it is encoded.
    public init(
        topic: String,
        payload: ByteBuffer,
        qos: QoS = .atMostOnce,
        isRetained: Bool = false,
        properties: Properties = []
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.isRetained = isRetained
        self.properties = properties
    }
}

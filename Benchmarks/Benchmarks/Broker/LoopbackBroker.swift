//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

/// A shard with clients but without sockets: one publisher, and subscribers that acknowledge.
final class LoopbackBroker {
    /// Messages read before the turn ends, as from one read of a busy socket.
    private static let batch = 10

    private let shard: Shard
    private let host = Host()
    private let publisher: Client
    private let subscribers: [Client]
    private let qos: QoS
    private let packet: ByteBuffer
    private var waiting = 0

    init(topic: String, subscribers count: Int, qos: QoS) {
        var settings = BrokerSettings()
        settings.publishesPresence = false
        let broker = BrokerState(settings: settings, shardCount: 1, extensions: [], wallClock: { 0 })
        let shard = Shard(index: 0, broker: broker)
        shard.host = self.host
        self.shard = shard
        self.qos = qos
        self.packet = encoded(
            .publish(
                Publish(
                    topic: topic,
                    payload: ByteBuffer(repeating: 0x78, count: 64),
                    qos: qos,
                    packetIdentifier: qos == .atMostOnce ? 0 : 1
                )
            )
        )
        let filter = Subscribe.Filter(filter: topic, options: SubscriptionOptions(qos: qos))
        self.publisher = Client("publisher", on: shard)
        self.subscribers = (0..<count).map { index in
            let client = Client("subscriber\(index)", on: shard)
            client.write(encoded(.subscribe(Subscribe(packetIdentifier: 1, filters: [filter]))))
            return client
        }
        shard.endTurn()
        for client in self.subscribers { client.publishes = 0 }
        // Proves that messages arrive, so that the benchmark measures what it says.
        for _ in 0..<Self.batch { self.publish() }
        precondition(self.subscribers.allSatisfy { $0.publishes == Self.batch }, "messages did not arrive")
    }

    deinit { self.shard.host = nil }

    /// One message; the turn ends with every tenth.
    func publish() {
        self.publisher.write(self.packet)
        self.waiting += 1
        guard self.waiting == Self.batch else { return }
        self.waiting = 0
        self.shard.endTurn()
        guard self.qos == .atLeastOnce else { return }
        for client in self.subscribers {
            let answers = client.answers
            client.answers.clear()
            client.write(answers)
        }
        self.shard.endTurn()
    }
}

private func encoded(_ packet: Packet) -> ByteBuffer {
    var buffer = ByteBuffer()
    do throws(MQTTError) {
        try packet.encode(into: &buffer, version: .v3_1_1)
    } catch {
        fatalError("the sample cannot be encoded: \(error)")
    }
    return buffer
}

/// An event loop that does nothing by itself.
private final class Host: ShardHost {
    let now = MonotonicTime(milliseconds: 1000)

    func endTurnSoon() {}

    func continueSoon() {}

    func post(_ messages: [ShardMessage], to shard: Int) {}

    func perform<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value,
        then completion: @escaping (Value) -> Void
    ) {
        fatalError("without extensions there is nothing to wait for")
    }

    func log(_ event: BrokerEvent) {}
}

/// A client's socket: counts what comes and writes a PUBACK for each QoS 1 message.
private final class Client: ConnectionTransport {
    private let shard: Shard
    private var connection: Connection?
    var answers = ByteBuffer()
    var publishes = 0

    let isWritable = true

    init(_ identifier: String, on shard: Shard) {
        self.shard = shard
        self.connection = shard.open(self, peer: PeerAddress(host: identifier, port: 0), origin: .embedded)
        self.write(encoded(.connect(Connect(version: .v3_1_1, keepAlive: 0, clientIdentifier: identifier))))
    }

    /// Bytes from the client to the broker.
    func write(_ bytes: ByteBuffer) {
        guard let connection = self.connection else { fatalError("the broker has not taken the connection") }
        self.shard.receive(bytes, on: connection)
    }

    func send(_ output: OutputBatch) {
        output.forEach { buffer in
            let bytes = buffer.readableBytesSpan
            var offset = 0
            while let header = try? FixedHeader.decode(bytes, at: offset) {
                if header.type == .publish { self.receive(header, buffer, at: offset) }
                offset += header.totalLength
            }
        }
    }

    private func receive(_ header: FixedHeader, _ buffer: ByteBuffer, at offset: Int) {
        self.publishes += 1
        guard header.flags & 0b0110 != 0 else { return }
        let start = buffer.readerIndex + offset + header.headerLength
        guard let length = buffer.getInteger(at: start, as: UInt16.self),
            let identifier = buffer.getInteger(at: start + 2 + Int(length), as: UInt16.self)
        else { return }
        self.answers.writeMultipleIntegers(0x40 as UInt8, 2 as UInt8, identifier)
    }

    func setReading(_ isReading: Bool) {}

    func closeAfterSending() {}
}

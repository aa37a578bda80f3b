//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

@testable import BrokerCore

/// An MQTT client on a transport of the test: it encodes what it sends and decodes what it gets, and does nothing of
/// its own accord.
final class TestClient {
    let identifier: String
    let version: ProtocolVersion
    let broker: TestBroker
    let shardIndex: Int
    let transport = TestTransport()
    let connection: Connection?
    /// What has come and has not been taken.
    private var inbox: [Packet] = []
    private var aliases: [UInt16: String] = [:]
    private var lastPacketIdentifier: UInt16 = 0

    init(_ identifier: String, _ version: ProtocolVersion, _ broker: TestBroker, on shard: Int) {
        self.identifier = identifier
        self.version = version
        self.broker = broker
        self.shardIndex = shard
        self.connection = broker[shard].open(
            self.transport,
            peer: PeerAddress(host: "192.0.2.1", port: 1000 + UInt16(shard)),
            origin: .embedded
        )
    }

    var shard: Shard { self.broker[self.shardIndex] }

    /// Whether the broker has closed the connection.
    var isClosed: Bool {
        self.broker.settle()
        return self.transport.isClosed
    }

    // MARK: Sending

    func nextPacketIdentifier() -> UInt16 {
        self.lastPacketIdentifier = self.lastPacketIdentifier == .max ? 1 : self.lastPacketIdentifier + 1
        return self.lastPacketIdentifier
    }

    func encode(_ packet: Packet) -> ByteBuffer {
        var buffer = ByteBuffer()
        do {
            try packet.encode(into: &buffer, version: self.version)
        } catch {
            Issue.record("cannot encode: \(error)")
        }
        return buffer
    }

    func send(_ packets: Packet...) {
        var bytes = ByteBuffer()
        for packet in packets { bytes.writeImmutableBuffer(self.encode(packet)) }
        self.send(bytes)
    }

    func send(_ bytes: ByteBuffer) {
        guard let connection = self.connection else { return }
        self.shard.receive(bytes, on: connection)
    }

    /// The network closes the connection.
    func drop() {
        guard let connection = self.connection else { return }
        self.shard.closed(connection)
        self.broker.settle()
    }

    /// The socket takes bytes again.
    func becomeWritable() {
        guard let connection = self.connection else { return }
        self.transport.isWritable = true
        self.shard.becameWritable(connection)
    }

    func connectPacket(_ change: (inout Connect) -> Void = { _ in }) -> Packet {
        var connect = Connect(version: self.version, keepAlive: 0, clientIdentifier: self.identifier)
        change(&connect)
        return .connect(connect)
    }

    // MARK: Receiving

    private func pull() {
        while true {
            do throws(MQTTError) {
                let bytes = self.transport.bytes
                guard let header = try FixedHeader.decode(bytes.readableBytesSpan, at: 0),
                    header.totalLength <= self.transport.bytes.readableBytes
                else { return }
                self.transport.bytes.moveReaderIndex(forwardBy: header.headerLength)
                guard let body = self.transport.bytes.readSlice(length: header.remainingLength) else { return }
                self.inbox.append(self.resolved(try Packet.decode(header, body: body, version: self.version)))
            } catch {
                Issue.record("the broker sent: \(error)")
                self.transport.bytes.clear()
                return
            }
        }
    }

    /// A PUBLISH with the topic that its alias stands for; the alias stays in its properties.
    private func resolved(_ packet: Packet) -> Packet {
        guard case .publish(var publish) = packet, let alias = publish.properties.topicAlias else { return packet }
        if publish.topic.isEmpty {
            guard let topic = self.aliases[alias] else {
                Issue.record("unknown topic alias \(alias)")
                return packet
            }
            publish.topic = topic
        } else {
            self.aliases[alias] = publish.topic
        }
        return .publish(publish)
    }

    /// Everything that has come so far; nothing moves in the broker.
    func takeArrived() -> [Packet] {
        self.pull()
        let packets = self.inbox
        self.inbox = []
        return packets
    }

    /// Packets that were taken but not wanted wait for the next taker.
    func putBack(_ packets: some Sequence<Packet>) { self.inbox = Array(packets) + self.inbox }

    /// Everything that comes when the broker has done all it can.
    func take() -> [Packet] {
        self.broker.settle()
        return self.takeArrived()
    }

    /// The PUBLISH packets that come; other packets stay.
    func takeMessages() -> [Publish] {
        self.broker.settle()
        self.pull()
        var messages: [Publish] = []
        self.inbox.removeAll {
            guard case .publish(let publish) = $0 else { return false }
            messages.append(publish)
            return true
        }
        return messages
    }

    /// The payloads of the PUBLISH packets that come.
    func takeTexts() -> [String] { self.takeMessages().map(\.text) }
}

extension Publish {
    /// The payload as text.
    var text: String { String(buffer: self.payload) }
}

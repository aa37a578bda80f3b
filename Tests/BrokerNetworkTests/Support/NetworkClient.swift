//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import NIOPosix
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A client on a real socket. One task at a time uses it.
final class NetworkClient {
    /// The connection has ended where an answer was expected.
    struct Ended: Error {}

    let identifier: String
    let version: ProtocolVersion
    let channel: any Channel
    private var arriving: AsyncStream<Packet>.Iterator
    private var lastPacketIdentifier: UInt16 = 0

    /// Opens a connection; nothing is sent yet.
    ///
    /// - Parameter prepare: puts handlers in front of MQTT.
    init(
        _ identifier: String,
        _ version: ProtocolVersion = .v5,
        to address: SocketAddress,
        behind prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Packet.self)
        self.identifier = identifier
        self.version = version
        self.arriving = stream.makeAsyncIterator()
        self.channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try prepare(channel)
                    try channel.pipeline.syncOperations.addHandler(PacketReader(version, continuation))
                }
            }
            .connect(to: address)
            .get()
    }

    deinit { self.channel.close(promise: nil) }

    // MARK: Packets

    func send(_ packet: Packet) {
        self.send(self.encode(packet))
    }

    func send(_ bytes: ByteBuffer) {
        self.channel.writeAndFlush(bytes, promise: nil)
    }

    func encode(_ packet: Packet) -> ByteBuffer {
        var buffer = ByteBuffer()
        do throws(MQTTError) {
            try packet.encode(into: &buffer, version: self.version)
        } catch {
            Issue.record("cannot encode \(packet): \(error)")
        }
        return buffer
    }

    /// The next packet; nil: the connection has ended, or the test has run out of time.
    func next() async -> Packet? {
        await self.arriving.next()
    }

    /// Reads until a packet that `choose` makes something of.
    func first<Value>(_ choose: (Packet) -> Value?) async throws -> Value {
        while let packet = await self.next() {
            if let value = choose(packet) { return value }
        }
        throw Ended()
    }

    func nextPacketIdentifier() -> UInt16 {
        self.lastPacketIdentifier = self.lastPacketIdentifier == .max ? 1 : self.lastPacketIdentifier + 1
        return self.lastPacketIdentifier
    }

    /// Stops or goes on with reading from the socket.
    func setReading(_ isReading: Bool) async throws {
        try await self.channel.setOption(.autoRead, value: isReading).get()
    }

    // MARK: Requests

    /// Sends CONNECT without waiting for the answer.
    func sendConnect(clean: Bool = true, _ change: (inout Connect) -> Void = { _ in }) {
        var connect = Connect(
            version: self.version,
            cleanStart: clean,
            keepAlive: 0,
            clientIdentifier: self.identifier
        )
        if self.version == .v5, !clean { connect.properties.sessionExpiryInterval = .max }
        change(&connect)
        self.send(.connect(connect))
    }

    /// Connects; a session that is not clean stays for good.
    @discardableResult
    func connect(clean: Bool = true, _ change: (inout Connect) -> Void = { _ in }) async throws -> ConnectAck {
        self.sendConnect(clean: clean, change)
        return try await self.first { if case .connectAck(let answer) = $0 { answer } else { nil } }
    }

    /// - Returns: the reasons in SUBACK.
    @discardableResult
    func subscribe(_ filters: String..., qos: QoS = .exactlyOnce) async throws -> [ReasonCode] {
        let request = Subscribe(
            packetIdentifier: self.nextPacketIdentifier(),
            filters: filters.map { Subscribe.Filter(filter: $0, options: SubscriptionOptions(qos: qos)) }
        )
        self.send(.subscribe(request))
        return try await self.first { if case .subscribeAck(let answer) = $0 { answer.reasons } else { nil } }
    }

    func publish(
        _ topic: String,
        _ text: String,
        qos: QoS = .atMostOnce,
        isRetained: Bool = false,
        isDuplicate: Bool = false,
        packetIdentifier: UInt16? = nil
    ) {
        self.send(
            .publish(
                Publish(
                    topic: topic,
                    payload: ByteBuffer(string: text),
                    qos: qos,
                    isRetained: isRetained,
                    isDuplicate: isDuplicate,
                    packetIdentifier: qos == .atMostOnce ? 0 : packetIdentifier ?? self.nextPacketIdentifier()
                )
            )
        )
    }

    func acknowledge(_ kind: Acknowledgement.Kind, _ packetIdentifier: UInt16) {
        self.send(.acknowledgement(Acknowledgement(kind: kind, packetIdentifier: packetIdentifier)))
    }

    /// Waits for a PUBLISH and acknowledges it if it is QoS 1.
    func nextPublish() async throws -> Publish {
        let publish: Publish = try await self.first { if case .publish(let publish) = $0 { publish } else { nil } }
        if publish.qos == .atLeastOnce { self.acknowledge(.publishAck, publish.packetIdentifier) }
        return publish
    }

    /// Returns once the broker has dealt with everything sent before.
    func ping() async throws {
        self.send(.pingRequest)
        try await self.first { if case .pingResponse = $0 { () } else { nil } }
    }

    // MARK: Leaving

    /// Reads to the end of the connection.
    func drain() async {
        while await self.next() != nil {}
    }

    func close() async {
        try? await self.channel.close()
    }

    /// DISCONNECT, and waits for the broker to close.
    func disconnect() async {
        self.send(.disconnect(Disconnect(reason: .normalDisconnection)))
        await self.drain()
    }

    /// Says that no more will come, and reads what does.
    func halfClose() async {
        try? await self.channel.close(mode: .output)
        await self.drain()
    }

    /// Sends RST instead of FIN.
    func reset() async {
        let provider = self.channel as? any SocketOptionProvider
        try? await provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        await self.close()
    }

    /// Sends the first part of a PUBLISH, and resets the connection.
    func vanishMidPacket() async {
        let packet = self.encode(
            .publish(Publish(topic: "noise/cut", payload: ByteBuffer(repeating: 0x2A, count: 300)))
        )
        let part = packet.getSlice(at: packet.readerIndex, length: Int.random(in: 1..<packet.readableBytes))
        if let part { try? await self.channel.writeAndFlush(part) }
        await self.reset()
    }
}

extension Publish {
    var text: String { String(buffer: self.payload) }
}

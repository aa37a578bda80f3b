//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

/// A clock that stands still until it is moved.
final class SimulatedClock {
    var now = MonotonicTime(milliseconds: 1000)
}

/// A shard's event loop that only notes what is asked of it.
final class SimulatedHost: ShardHost {
    private let clock: SimulatedClock
    var isTurnEnding = false
    /// Whether the shard has more to do after what comes next.
    var isContinuing = false
    /// Mail to each shard, batch by batch.
    var mail: [[[ShardMessage]]]

    init(clock: SimulatedClock, shardCount: Int) {
        self.clock = clock
        self.mail = Array(repeating: [], count: shardCount)
    }

    var isBusy: Bool { self.isTurnEnding || self.isContinuing || self.mail.contains { !$0.isEmpty } }

    var now: MonotonicTime { self.clock.now }

    func endTurnSoon() { self.isTurnEnding = true }

    func continueSoon() { self.isContinuing = true }

    func post(_ messages: [ShardMessage], to shard: Int) { self.mail[shard].append(messages) }

    func perform<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value,
        then completion: @escaping (Value) -> Void
    ) {
        fail("without extensions there is nothing to wait for")
    }

    func log(_ event: BrokerEvent) {}
}

/// A client's socket: reads what the broker sends as a client would, and notes how it would answer.
final class SimulatedClient: ConnectionTransport {
    var connection: Connection?
    var isWritable = true
    private(set) var isClosed = false
    /// PUBACK, PUBREC and PUBCOMP for what has come.
    var answers = ByteBuffer()
    private var received = ByteBuffer()

    func send(_ output: OutputBatch) {
        check(!self.isClosed, "bytes after the close")
        output.forEach { self.received.writeImmutableBuffer($0) }
        self.readPackets()
    }

    func setReading(_ isReading: Bool) {}

    func closeAfterSending() {
        check(!self.isClosed, "closed twice")
        self.isClosed = true
        check(self.received.readableBytes == 0, "half a packet at the end")
    }

    private func readPackets() {
        guard let connection = self.connection else { return }
        do throws(MQTTError) {
            while let header = try FixedHeader.decode(self.received.readableBytesSpan, at: 0) {
                check(header.totalLength <= connection.maximumPacketSize, "a packet larger than the client takes")
                guard let whole = self.received.readSlice(length: header.totalLength),
                    let body = whole.getSlice(
                        at: whole.readerIndex + header.headerLength,
                        length: header.remainingLength
                    )
                else { fail("half a packet in a flush") }
                self.answer(try Packet.decode(header, body: body, version: connection.version))
            }
        } catch {
            fail("the broker sent what is no packet: \(error)")
        }
        check(self.received.readableBytes == 0, "half a packet in a flush")
        self.received.clear()
    }

    private func answer(_ packet: Packet) {
        switch packet {
        case .publish(let publish):
            let first: [QoS: UInt8] = [.atLeastOnce: 0x40, .exactlyOnce: 0x50]
            if let byte = first[publish.qos] { self.answer(byte, publish.packetIdentifier) }
        case .acknowledgement(let packet) where packet.kind == .publishRelease:
            self.answer(0x70, packet.packetIdentifier)
        case .acknowledgement(let packet) where packet.kind == .publishReceived:
            self.answer(0x62, packet.packetIdentifier)
        case .connect, .subscribe, .unsubscribe, .pingRequest: fail("a packet that only clients send")
        default: break
        }
    }

    private func answer(_ first: UInt8, _ identifier: UInt16) {
        self.answers.writeMultipleIntegers(first, 2 as UInt8, identifier)
    }
}

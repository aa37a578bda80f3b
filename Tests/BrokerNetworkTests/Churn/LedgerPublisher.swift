//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import Testing

/// Publishes numbered messages with QoS 1 and 2 from a session that it takes from connection to connection, and sends
/// again what has not been acknowledged, as the standard wants it (section 4.4).
final class LedgerPublisher {
    private struct Pending {
        let packetIdentifier: UInt16
        let number: Int
        let qos: QoS
        var isReleased = false
    }

    /// What is still said about a message that is the last of its publisher.
    static let lastWord = "last"

    let name: String
    private let population: Population
    private var client: NetworkClient?
    private var pending: [Pending] = []
    private var lastPacketIdentifier: UInt16 = 0
    /// Messages published.
    private(set) var count = 0
    private var lastNumber: Int?
    /// QoS 1 messages that were sent more than once.
    private(set) var repeated: Set<Int> = []

    init(_ name: String, _ population: Population) {
        self.name = name
        self.population = population
    }

    /// Publishes as long as others churn, then a last message, and returns once everything is acknowledged.
    func run() async throws {
        try await self.begin()
        while !self.population.progress.isOver, !Task.isCancelled {
            for _ in 0..<Int.random(in: 1...6) { self.publishNext() }
            if Int.random(in: 0..<4) == 0 {
                try await self.hop()
            } else {
                try await self.read(until: Int.random(in: 0...8))
            }
            await self.population.progress.wait(steps: Int.random(in: 1...8))
        }
        self.lastNumber = self.count
        self.publishNext()
        try await self.read(until: 0)
        await self.client?.disconnect()
    }

    /// The first connection, which begins the session.
    private func begin() async throws {
        let client = try await self.population.broker.client(self.name, Population.anyVersion)
        let answer = try await client.connect(clean: false)
        #expect(answer.reason == .success && !answer.sessionPresent)
        self.client = client
    }

    private func publishNext() {
        let isExactlyOnce = Bool.random()
        repeat {
            self.lastPacketIdentifier = self.lastPacketIdentifier % 1000 + 1
        } while self.pending.contains { $0.packetIdentifier == self.lastPacketIdentifier }
        let message = Pending(
            packetIdentifier: self.lastPacketIdentifier,
            number: self.count,
            qos: isExactlyOnce ? .exactlyOnce : .atLeastOnce
        )
        self.count += 1
        self.pending.append(message)
        self.send(message)
        if Int.random(in: 0..<4) == 0 { self.client?.publish("noise/ledger", "not in the ledger") }
    }

    private func send(_ message: Pending, again: Bool = false) {
        guard let client = self.client else { return }
        if message.isReleased { return client.acknowledge(.publishRelease, message.packetIdentifier) }
        if again, message.qos == .atLeastOnce { self.repeated.insert(message.number) }
        // Now and then a payload large enough to be shared between subscribers instead of copied.
        let padding = message.number % 10 == 0 ? String(repeating: "x", count: 6000) : ""
        client.publish(
            "ledger/\(self.name)",
            "\(self.name):\(message.number):\(message.number == self.lastNumber ? Self.lastWord : padding)",
            qos: message.qos,
            isDuplicate: again,
            packetIdentifier: message.packetIdentifier
        )
    }

    /// Goes on from a further connection. The old one may still be there.
    private func hop() async throws {
        if Bool.random() { await self.client?.leaveSomehow() }
        while !Task.isCancelled {
            let next = try await self.population.broker.client(self.name, Population.anyVersion)
            guard let answer = try? await next.connect(clean: false) else { continue }
            #expect(answer.reason == .success)
            #expect(answer.sessionPresent, "the session of \(self.name) is lost")
            self.client = next
            for message in self.pending { self.send(message, again: true) }
            return
        }
    }

    /// Reads answers until no more than `limit` messages wait for theirs.
    private func read(until limit: Int) async throws {
        while self.pending.count > limit, !Task.isCancelled {
            guard let packet = await self.client?.next() else {
                try await self.hop()
                continue
            }
            guard case .acknowledgement(let answer) = packet else { continue }
            self.receive(answer)
        }
    }

    private func receive(_ answer: Acknowledgement) {
        // After a lost PUBCOMP, the PUBREL that is sent again is for nothing.
        let isKnown = answer.kind == .publishComplete && answer.reason == .packetIdentifierNotFound
        #expect(!answer.reason.isError || isKnown, "\(answer)")
        guard let index = self.pending.firstIndex(where: { $0.packetIdentifier == answer.packetIdentifier }) else {
            return
        }
        switch answer.kind {
        case .publishReceived:
            self.pending[index].isReleased = true
            self.client?.acknowledge(.publishRelease, answer.packetIdentifier)
        case .publishAck, .publishComplete: self.pending.remove(at: index)
        case .publishRelease: Issue.record("PUBREL for a publisher")
        }
    }
}

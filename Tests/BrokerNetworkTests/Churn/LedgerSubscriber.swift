//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import Testing

/// A subscriber with a session that it takes from connection to connection, with times without any in between. It
/// keeps what a client has to keep (section 4.1), and checks what it is promised: each message of each publisher,
/// in order, and QoS 2 once.
final class LedgerSubscriber {
    let name: String
    private let population: Population
    private let publishers: Int
    private var client: NetworkClient?
    /// Connections left open without a word, to be taken over.
    private var abandoned: [NetworkClient] = []
    /// QoS 2 messages that it has taken, whose PUBREL has not come.
    private var taken: Set<UInt16> = []
    /// Messages that have come, by publisher.
    private(set) var counts: [String: Int] = [:]
    /// QoS 1 messages that came once more without DUP: their publisher must have sent them again.
    private(set) var repeated: [String: Set<Int>] = [:]
    private var finished: Set<String> = []

    init(_ name: String, _ population: Population, publishers: Int) {
        self.name = name
        self.population = population
        self.publishers = publishers
    }

    /// The first connection, which begins the session.
    func begin() async throws {
        let client = try await self.population.broker.connected(self.name, Population.anyVersion, clean: false)
        try await client.subscribe("ledger/#")
        self.client = client
    }

    /// Reads, from many connections one after the other, until each publisher's last message has come.
    func run() async throws {
        while self.finished.count < self.publishers, !Task.isCancelled {
            try await self.read(atMost: Int.random(in: 1...80))
            guard self.finished.count < self.publishers else { break }
            await self.leave()
            try await self.hop()
        }
        // Handshakes that have begun are brought to their end, so that nothing is in flight afterwards.
        while !self.taken.isEmpty, !Task.isCancelled { try await self.read(atMost: 1) }
        try? await self.client?.ping()
        await self.client?.disconnect()
    }

    private func leave() async {
        switch Int.random(in: 0..<3) {
        case 0: if let client = self.client { self.abandoned.append(client) }
        case 1:
            await self.client?.leaveSomehow()
            await self.population.progress.wait(steps: Int.random(in: 0..<20))
        default: await self.client?.leaveSomehow()
        }
        self.client = nil
        if self.abandoned.count > 4 { self.abandoned.removeFirst() }
    }

    private func hop() async throws {
        while !Task.isCancelled {
            // Others that want the session at the same moment; one of them may even win.
            for _ in 0..<Int.random(in: 0...2) where Bool.random() {
                let rival = try await self.population.broker.client(self.name, Population.anyVersion)
                rival.sendConnect(clean: false)
                self.abandoned.append(rival)
            }
            let next = try await self.population.broker.client(self.name, Population.anyVersion)
            guard let answer = try? await next.connect(clean: false) else { continue }
            #expect(answer.reason == .success)
            #expect(answer.sessionPresent, "the session of \(self.name) is lost")
            self.client = next
            return
        }
    }

    private func read(atMost limit: Int) async throws {
        for _ in 0..<limit where self.finished.count < self.publishers || !self.taken.isEmpty {
            guard let packet = await self.client?.next() else {
                guard !Task.isCancelled else { return }
                try await self.hop()
                continue
            }
            switch packet {
            case .publish(let publish): self.receive(publish)
            case .acknowledgement(let packet) where packet.kind == .publishRelease:
                self.taken.remove(packet.packetIdentifier)
                self.client?.acknowledge(.publishComplete, packet.packetIdentifier)
            default: break
            }
        }
    }

    private func receive(_ publish: Publish) {
        switch publish.qos {
        case .atMostOnce: Issue.record("QoS 0 in the ledger")
        case .atLeastOnce:
            self.note(publish)
            self.client?.acknowledge(.publishAck, publish.packetIdentifier)
        case .exactlyOnce:
            if self.taken.insert(publish.packetIdentifier).inserted {
                self.note(publish)
            } else {
                #expect(publish.isDuplicate, "packet identifier in flight used for \(publish.text.prefix(20))")
            }
            self.client?.acknowledge(.publishReceived, publish.packetIdentifier)
        }
    }

    private func note(_ publish: Publish) {
        let parts = publish.text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let number = Int(parts[1]) else {
            Issue.record("not of the ledger: \(publish.text)")
            return
        }
        let publisher = String(parts[0])
        let due = self.counts[publisher, default: 0]
        if number < due {
            #expect(publish.qos == .atLeastOnce, "\(publisher):\(number) came twice to \(self.name)")
            if !publish.isDuplicate { self.repeated[publisher, default: []].insert(number) }
            return
        }
        #expect(number == due, "\(publisher):\(number) came to \(self.name) where \(due) is due")
        self.counts[publisher] = number + 1
        if parts[2] == LedgerPublisher.lastWord { self.finished.insert(publisher) }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

/// A subscriber with a session that it takes from shard to shard, and that answers when it likes to.
final class LedgerSubscriber: LedgerClient {
    private struct Stream: Hashable {
        let publisher: Substring
        let topic: String
        let qos: QoS
    }

    let filters: [(filter: String, qos: QoS)]
    /// The filter of its shared group; nil: its subscriptions are its own.
    let group: String?
    /// Filters that it has SUBACK for.
    private(set) var confirmed: Set<String> = []
    /// The filter that it is about to lose or to get.
    private var wanted: Set<String>
    private var awaited: [UInt16: String] = [:]
    /// QoS 2 messages that it has taken, whose PUBREL has not come.
    private var taken: [UInt16: String] = [:]
    /// How often each message has come, repetitions within a QoS 2 handshake aside.
    private(set) var arrived: [String: Int] = [:]
    /// Those that came by QoS 2.
    private(set) var arrivedExactlyOnce: [String] = []
    private var last: [Stream: Int] = [:]
    private var answers: [(kind: Acknowledgement.Kind, identifier: UInt16)] = []

    init(
        _ name: String,
        _ version: ProtocolVersion,
        _ ledger: StoreLedger,
        _ filters: [(filter: String, qos: QoS)],
        group: String? = nil,
        isFleeting: Bool = false,
        receiveMaximum: UInt16?
    ) {
        self.isFleeting = isFleeting
        self.filters = filters
        self.group = group
        self.wanted = Set(filters.map(\.filter))
        super.init(name, version, ledger, isKept: true, receiveMaximum: receiveMaximum)
    }

    /// What the ledger knows it by.
    var account: String { self.group ?? self.name }

    /// Whether it ends its session from time to time: others of its group are to get what it leaves.
    let isFleeting: Bool

    func expects(_ topic: String) -> Bool {
        !self.isFleeting && self.confirmed.contains { (try? TopicFilter($0))?.matches(topic: topic) == true }
    }

    // MARK: Subscriptions

    override func begin(_ client: TestClient, sessionPresent: Bool) {
        if !sessionPresent { self.taken = [:] }
        self.answers = []
        self.awaited = [:]
        for (filter, qos) in self.filters where self.wanted.contains(filter) && !self.confirmed.contains(filter) {
            self.subscribe(filter, qos, client)
        }
        for (filter, _) in self.filters where !self.wanted.contains(filter) { self.unsubscribe(filter, client) }
    }

    override func forgetSession() {
        super.forgetSession()
        self.confirmed = []
    }

    private func subscribe(_ filter: String, _ qos: QoS, _ client: TestClient) {
        let identifier = client.nextPacketIdentifier()
        self.awaited[identifier] = filter
        let options = SubscriptionOptions(qos: qos)
        client.send(
            .subscribe(
                Subscribe(packetIdentifier: identifier, filters: [Subscribe.Filter(filter: filter, options: options)])
            )
        )
    }

    private func unsubscribe(_ filter: String, _ client: TestClient) {
        client.send(.unsubscribe(Unsubscribe(packetIdentifier: client.nextPacketIdentifier(), filters: [filter])))
    }

    /// Gives up its last filter, or takes it again.
    func changeItsMind() {
        guard let client = self.client, self.isConnected, self.awaited.isEmpty, self.filters.count > 1,
            let (filter, qos) = self.filters.last
        else { return }
        if self.wanted.insert(filter).inserted {
            self.subscribe(filter, qos, client)
        } else {
            self.wanted.remove(filter)
            self.confirmed.remove(filter)
            self.ledger.release(self.account)
            self.unsubscribe(filter, client)
        }
    }

    // MARK: Messages

    override func receive(_ packet: Packet, _ client: TestClient) {
        switch packet {
        case .subscribeAck(let answer):
            guard let filter = self.awaited.removeValue(forKey: answer.packetIdentifier) else { return }
            if answer.reasons.allSatisfy({ !$0.isError }) {
                self.confirmed.insert(filter)
            } else if let qos = self.filters.first(where: { $0.filter == filter })?.qos {
                self.subscribe(filter, qos, client)
            }
        case .publish(let publish): self.receive(publish)
        case .acknowledgement(let packet) where packet.kind == .publishRelease:
            self.taken[packet.packetIdentifier] = nil
            self.answers.append((.publishComplete, packet.packetIdentifier))
        default: break
        }
    }

    private func receive(_ publish: Publish) {
        let text = publish.text
        switch publish.qos {
        case .atMostOnce: self.ledger.fault("\(self.name): \(text) came with QoS 0")
        case .atLeastOnce:
            self.note(publish)
            self.answers.append((.publishAck, publish.packetIdentifier))
        case .exactlyOnce:
            if let before = self.taken[publish.packetIdentifier] {
                if before != text || !publish.isDuplicate {
                    self.ledger.fault("\(self.name): \(text) under the identifier of \(before)")
                }
            } else {
                self.taken[publish.packetIdentifier] = text
                if self.arrivedExactlyOnce.contains(text) { self.ledger.fault("\(self.name): \(text) came twice") }
                self.arrivedExactlyOnce.append(text)
                self.note(publish)
            }
            self.answers.append((.publishReceived, publish.packetIdentifier))
        }
    }

    private func note(_ publish: Publish) {
        let text = publish.text
        self.arrived[text, default: 0] += 1
        guard self.group == nil, self.arrived[text] == 1, self.ledger.isOrdered(text, for: self.account) else { return }
        let parts = text.split(separator: ":")
        guard parts.count == 2, let number = Int(parts[1]) else {
            self.ledger.fault("\(self.name): \(text) is nobody's")
            return
        }
        let stream = Stream(publisher: parts[0], topic: publish.topic, qos: publish.qos)
        let before = self.last.updateValue(number, forKey: stream) ?? -1
        if number < before { self.ledger.fault("\(self.name): \(text) came after \(before)") }
    }

    /// Sends the first `count` answers that are due.
    func answer(_ count: Int) {
        guard let client = self.client, self.isConnected else { return }
        for _ in 0..<min(count, self.answers.count) {
            let (kind, identifier) = self.answers.removeFirst()
            client.acknowledge(kind, identifier)
        }
    }
}

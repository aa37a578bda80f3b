//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

/// What publishers have been promised, and what subscribers may expect of it.
final class StoreLedger {
    /// One message.
    struct Record {
        let topic: String
        let qos: QoS
        /// Sessions, and groups, that had SUBACK for a matching subscription before it was sent.
        var expected: Set<String>
        /// Whether its publisher has got PUBACK or PUBREC.
        var isPromised = false
    }

    private(set) var records: [String: Record] = [:]
    private(set) var faults: [String] = []

    func fault(_ text: String) { self.faults.append(text) }

    func begin(_ text: String, _ record: Record) { self.records[text] = record }

    func promise(_ text: String) { self.records[text]?.isPromised = true }

    /// Somebody gives up a subscription: what has not been promised may find it gone when it is sent again.
    func release(_ account: String) {
        for (text, record) in self.records where !record.isPromised && record.expected.contains(account) {
            self.records[text]?.expected.remove(account)
        }
    }

    func isExpected(_ text: String, by account: String) -> Bool {
        self.records[text]?.expected.contains(account) == true
    }
}

/// A client of the ledger: it comes and goes, and keeps what a client has to keep between two connections.
class LedgerClient {
    let name: String
    let version: ProtocolVersion
    let ledger: StoreLedger
    /// Whether its session is kept.
    let isKept: Bool
    private let receiveMaximum: UInt16?
    private(set) var client: TestClient?
    private(set) var isConnected = false
    /// Whether it has been told that its session is there.
    private var hasSession = false

    init(_ name: String, _ version: ProtocolVersion, _ ledger: StoreLedger, isKept: Bool, receiveMaximum: UInt16?) {
        self.name = name
        self.version = version
        self.ledger = ledger
        self.isKept = isKept
        self.receiveMaximum = receiveMaximum
    }

    /// Connects anew; whatever connection there was is abandoned, not closed.
    func connect(to broker: TestBroker, on shard: Int) {
        let next = broker.client(self.name, self.version, on: shard)
        self.client = next
        self.isConnected = false
        next.send(
            next.connectPacket {
                $0.cleanStart = true
                if self.isKept { $0.keepSession(receiveMaximum: self.receiveMaximum) }
            }
        )
    }

    /// The network notices that the connection has gone, with all that was on its way.
    func drop() {
        guard let client = self.client else { return }
        self.lose()
        if let connection = client.connection { client.shard.closed(connection) }
    }

    /// The broker has gone.
    func lose() {
        self.client = nil
        self.isConnected = false
    }

    /// Reads what has come.
    func read() {
        guard let client = self.client else { return }
        for packet in client.takeArrived() {
            guard case .connectAck(let answer) = packet else {
                if self.isConnected {
                    self.receive(packet, client)
                } else {
                    self.ledger.fault("\(self.name): \(packet.type) before CONNACK")
                }
                continue
            }
            guard answer.reason == .success else { continue }
            if self.isKept, self.hasSession, !answer.sessionPresent {
                self.ledger.fault("\(self.name): the session is lost")
            }
            // Without a session that is kept it does not stay.
            if self.isKept, answer.properties.sessionExpiryInterval == 0 { return self.drop() }
            self.isConnected = true
            self.hasSession = self.isKept
            self.begin(client, sessionPresent: answer.sessionPresent)
        }
        if client.transport.isClosed { self.lose() }
    }

    /// It has been let in.
    func begin(_ client: TestClient, sessionPresent: Bool) {}

    func receive(_ packet: Packet, _ client: TestClient) {}
}

/// A publisher that repeats what has not been acknowledged.
final class LedgerPublisher: LedgerClient {
    private struct Sent {
        let text: String
        let topic: String
        var identifier: UInt16
        var isReleased = false
    }

    let qos: QoS
    /// What is not acknowledged, oldest first.
    private var sent: [Sent] = []
    private var count = 0
    private var lastIdentifier: UInt16 = 0

    init(_ name: String, _ version: ProtocolVersion, _ ledger: StoreLedger, qos: QoS, isKept: Bool) {
        self.qos = qos
        super.init(name, version, ledger, isKept: isKept, receiveMaximum: nil)
    }

    var isDone: Bool { self.sent.isEmpty }

    /// Sends the next message, unless too many are not acknowledged.
    func publish(to topic: String, expectedBy expected: Set<String>) {
        guard let client = self.client, self.isConnected, self.sent.count < 6 else { return }
        let text = "\(self.name):\(self.count)"
        self.count += 1
        let message = Sent(text: text, topic: topic, identifier: self.nextIdentifier())
        self.sent.append(message)
        self.ledger.begin(text, StoreLedger.Record(topic: topic, qos: self.qos, expected: expected))
        client.publish(topic, text, qos: self.qos, identifier: message.identifier)
    }

    private func nextIdentifier() -> UInt16 {
        repeat { self.lastIdentifier = self.lastIdentifier % 50 + 1 } while self.index(self.lastIdentifier) != nil
        return self.lastIdentifier
    }

    private func index(_ identifier: UInt16) -> Int? { self.sent.firstIndex { $0.identifier == identifier } }

    override func begin(_ client: TestClient, sessionPresent: Bool) {
        // Without its session nobody knows of a QoS 2 handshake: it has come to its end, one way or the other.
        if !sessionPresent, self.qos == .exactlyOnce { self.sent = [] }
        for message in self.sent {
            guard self.client === client, !client.transport.isClosed else { return }
            if message.isReleased {
                client.acknowledge(.publishRelease, message.identifier)
            } else {
                client.publish(
                    message.topic,
                    message.text,
                    qos: self.qos,
                    duplicate: sessionPresent,
                    identifier: message.identifier
                )
            }
        }
    }

    override func receive(_ packet: Packet, _ client: TestClient) {
        guard case .acknowledgement(let packet) = packet else { return }
        guard let index = self.index(packet.packetIdentifier) else { return }
        switch packet.kind {
        case .publishAck:
            if !packet.reason.isError { self.ledger.promise(self.sent[index].text) }
            self.sent.remove(at: index)
        case .publishReceived:
            if packet.reason.isError {
                self.sent.remove(at: index)
            } else {
                self.ledger.promise(self.sent[index].text)
                self.sent[index].isReleased = true
                client.acknowledge(.publishRelease, packet.packetIdentifier)
            }
        case .publishComplete: self.sent.remove(at: index)
        case .publishRelease: break
        }
    }
}

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
        receiveMaximum: UInt16?
    ) {
        self.filters = filters
        self.group = group
        self.wanted = Set(filters.map(\.filter))
        super.init(name, version, ledger, isKept: true, receiveMaximum: receiveMaximum)
    }

    /// What the ledger knows it by.
    var account: String { self.group ?? self.name }

    func expects(_ topic: String) -> Bool {
        self.confirmed.contains { (try? TopicFilter($0))?.matches(topic: topic) == true }
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
        // One that was sent before there was a subscription may come when it is sent again, behind later ones.
        guard self.group == nil, self.arrived[text] == 1, self.ledger.isExpected(text, by: self.account) else { return }
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

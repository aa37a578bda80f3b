//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

@testable import BrokerCore

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
    ///
    /// - Parameter isCleanStart: whether the session that it may have ends.
    func connect(to broker: TestBroker, on shard: Int, isCleanStart: Bool = false) {
        if isCleanStart { self.forgetSession() }
        let next = broker.client(self.name, self.version, on: shard)
        self.client = next
        self.isConnected = false
        next.send(
            next.connectPacket {
                $0.cleanStart = true
                if self.isKept { $0.keepSession(receiveMaximum: self.receiveMaximum) }
                if isCleanStart { $0.cleanStart = true }
            }
        )
    }

    /// The network notices that the connection has gone, with all that was on its way.
    func drop() {
        guard let client = self.client else { return }
        self.lose()
        if let connection = client.connection { client.shard.closed(connection) }
    }

    /// Says goodbye, for good.
    func endSession() {
        guard let client = self.client, self.isConnected else { return }
        var properties: Properties = []
        properties.sessionExpiryInterval = 0
        client.send(.disconnect(Disconnect(reason: .normalDisconnection, properties: properties)))
        self.forgetSession()
        self.lose()
    }

    /// Its session ends, or has ended.
    func forgetSession() { self.hasSession = false }

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

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

/// The core's end of one client's connection.
///
/// It belongs to the shard of its event loop and is touched nowhere else. It knows its session and the session knows
/// it, but whoever of the two goes first says so: nothing that is kept for later refers to a connection.
package final class Connection {
    enum Phase {
        /// Nothing but CONNECT may come.
        case opened
        /// CONNECT has come; an extension has not let the client in yet. Only AUTH may come.
        case authenticating
        /// Let in; the session is on its way from another shard.
        case claiming
        case connected
        /// Closed, or about to be: nothing that comes is looked at.
        case closed
    }

    // The order keeps small things together: an idle client's connection is mostly this object.

    let slot: UInt32
    let generation: UInt32
    let peer: PeerAddress
    let origin: ConnectionOrigin
    /// What it is held to, and is told in CONNACK: the settings of when it was accepted.
    let terms: ConnectionTerms
    /// nil once it is closed.
    var transport: (any ConnectionTransport)?
    var session: Session?
    private var boxedConnect: Box<Connect>?
    var lastReceived: MonotonicTime
    /// Milliseconds without a packet after which it is gone; 0: never.
    var keepAliveLimit: Int64 = 0
    var output = OutputQueue()
    /// Received bytes that are no complete packet yet, or that wait until the connection goes on.
    var input: ByteBuffer?

    var phase = Phase.opened
    var version = ProtocolVersion.v3_1_1
    /// Whether it is in the shard's list of connections to be flushed at the end of this turn.
    var isTouched = false
    /// An extension has not answered yet, or its session or what is in flight to it is not here yet.
    var isPaused = false
    /// The peer has closed it, but what it sent before is still to be dealt with.
    var hasEnded = false
    /// Another shard has not kept up with what this one publishes.
    var isThrottled = false
    /// It does not take the answers to what it sends.
    var isBacklogged = false
    /// The state of the rules of access when its client was asked about.
    var accessGeneration: UInt32 = 0
    /// The tenure of its session, from when it is let in.
    var tenure: SessionTenure?

    // What the client has said in CONNECT.

    var wantsProblemInformation = true
    var isReauthenticating = false
    /// Topic aliases it lets us define.
    var outgoingAliasMaximum: UInt16 = 0
    /// QoS 2 messages that its session had routed and not released before this connection.
    var inheritedExactlyOnce: UInt16 = 0
    /// v5: QoS 1 and 2 messages it takes at once.
    var receiveMaximum: UInt16 = 65_535
    /// v5: it takes no packet larger than this.
    var maximumPacketSize = Int.max
    var authenticationMethod: String?

    /// Alias to topic, as the client has defined them.
    var incomingAliases: [UInt16: [UInt8]] = [:]
    /// Topic to alias, as we have defined them.
    var outgoingAliases: [[UInt8]: UInt16] = [:]
    /// What may not leave before the store has it; nil: nothing.
    var held: HeldOutput?
    /// Nothing leaves before this ticket of the store is committed, since CONNACK depends on it; 0: it does not.
    var welcomeTicket: UInt64 = 0
    /// What has been decided of its publishing; nil: nothing yet.
    var decisions: PublishDecisions?
    /// Since when it has been beyond its outbound limit.
    var stuckSince: MonotonicTime?

    /// What it said in CONNECT, until it is let in.
    var pendingConnect: Connect? {
        get { self.boxedConnect?.value }
        set { self.boxedConnect = newValue.map(Box.init) }
    }

    /// Who it says it is, once CONNECT has come.
    var client: ClientInfo? {
        self.session?.info ?? self.pendingConnect.map { ClientInfo($0, peer: self.peer, origin: self.origin) }
    }

    var isVersion5: Bool { self.version == .v5 }

    init(
        slot: UInt32,
        generation: UInt32,
        peer: PeerAddress,
        origin: ConnectionOrigin,
        terms: ConnectionTerms,
        transport: any ConnectionTransport,
        now: MonotonicTime
    ) {
        self.slot = slot
        self.generation = generation
        self.peer = peer
        self.origin = origin
        self.terms = terms
        self.transport = transport
        self.lastReceived = now
    }

    /// A number that tells it from all other connections of its shard.
    var number: UInt64 { UInt64(self.generation) << 32 | UInt64(self.slot) }

    /// Let in, but nothing more is read until the session is here.
    func waitForSession() {
        self.phase = .claiming
        self.isPaused = true
        self.updateReading()
    }

    func updateReading() {
        self.transport?.setReading(!self.isPaused && !self.isThrottled && !self.isBacklogged)
    }

    /// Encodes a packet behind those that wait already.
    ///
    /// - Returns: false if it is not sent, because it cannot be encoded or is larger than the client takes
    ///   [MQTT-3.1.2-24].
    @discardableResult
    func write(_ encode: (inout ByteBuffer) throws(MQTTError) -> Void) -> Bool {
        var packet = ByteBuffer()
        do throws(MQTTError) {
            try encode(&packet)
        } catch {
            return false
        }
        guard packet.readableBytes <= self.maximumPacketSize else { return false }
        self.output.append(packet.readableBytesSpan)
        return true
    }

    /// Encodes a packet with a reason string, if the client wants to know and can take it [MQTT-3.1.2-29].
    func writeExplained(
        _ detail: String?,
        _ properties: Properties,
        _ encode: (inout ByteBuffer, Properties) throws(MQTTError) -> Void
    ) {
        if let detail, self.isVersion5, self.wantsProblemInformation {
            var explained = properties
            explained.reasonString = detail
            let isSent = self.write { buffer throws(MQTTError) in try encode(&buffer, explained) }
            if isSent { return }
        }
        self.write { buffer throws(MQTTError) in try encode(&buffer, properties) }
    }

    /// Writes an acknowledgement in its shortest form, or with its reason where the version has reasons.
    @inline(__always)
    func acknowledge(_ kind: Acknowledgement.Kind, _ packetIdentifier: UInt16, _ reason: ReasonCode = .success) {
        self.output.append { buffer in
            buffer.writeMQTTAcknowledgement(
                kind: kind,
                packetIdentifier: packetIdentifier,
                reason: reason,
                version: self.version
            )
        }
    }
}

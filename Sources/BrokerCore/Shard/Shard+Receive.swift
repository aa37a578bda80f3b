//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

extension Shard {
    /// A connection has been accepted.
    ///
    /// - Returns: nil when a limit is reached: the rim closes it.
    package func open(
        _ transport: any ConnectionTransport,
        peer: PeerAddress,
        origin: ConnectionOrigin
    ) -> Connection? {
        self.readClock()
        guard self.broker.admitConnection(at: self.now) else {
            self.metrics.connectionsRefused += 1
            self.log(.connectionLimit, .connectionLimit(peer: peer))
            return nil
        }
        self.metrics.connectionsAccepted += 1
        let connection = self.connections.insert { slot, generation in
            Connection(
                slot: slot,
                generation: generation,
                peer: peer,
                origin: origin,
                terms: self.terms,
                transport: transport,
                now: self.now
            )
        }
        self.timers.add(
            .connectTimeout,
            slot: connection.slot,
            generation: connection.generation,
            at: self.now.adding(milliseconds: connection.terms.connectTimeout)
        )
        return connection
    }

    /// Bytes have come from a client.
    package func receive(_ bytes: ByteBuffer, on connection: Connection) {
        guard connection.phase != .closed else { return }
        self.readClock()
        connection.lastReceived = self.now
        self.metrics.bytesReceived &+= bytes.readableBytes
        guard connection.input != nil else { return self.process(bytes, on: connection) }
        var bytes = bytes
        if connection.isPaused {
            connection.input?.writeBuffer(&bytes)
        } else {
            self.complete(with: &bytes, on: connection)
            if bytes.readableBytes > 0 { self.process(bytes, on: connection) }
        }
    }

    /// Gives the incomplete packet that has been kept as much as it lacks, and deals with it once it is whole.
    private func complete(with bytes: inout ByteBuffer, on connection: Connection) {
        guard var partial = connection.input else { return }
        connection.input = nil
        do throws(MQTTError) {
            // Byte by byte until the length is known (at most four times), then what is missing in one piece.
            while true {
                let header = try FixedHeader.decode(partial.readableBytesSpan, at: 0, version: connection.version)
                if let header { try self.checkSize(header, on: connection) }
                let missing = header.map { $0.totalLength - partial.readableBytes } ?? 1
                guard missing > 0 else { break }
                guard var part = bytes.readSlice(length: min(missing, bytes.readableBytes)), part.readableBytes > 0
                else {
                    connection.input = partial
                    return
                }
                partial.writeBuffer(&part)
            }
        } catch {
            return self.fail(connection, error)
        }
        self.process(partial, on: connection)
    }

    /// Deals with all packets that are complete, and keeps the rest.
    private func process(_ chunk: ByteBuffer, on connection: Connection) {
        let span = chunk.readableBytesSpan
        var offset = 0
        do throws(MQTTError) {
            while connection.phase != .closed, !connection.isPaused,
                let header = try FixedHeader.decode(span, at: offset, version: connection.version)
            {
                try self.checkSize(header, on: connection)
                guard header.totalLength <= span.byteCount &- offset else { break }
                if header.type == .publish, let session = connection.session, connection.phase == .connected {
                    try self.receivePublish(header, in: chunk, at: offset, connection, session)
                } else {
                    try self.receive(header, in: chunk, at: offset, connection)
                }
                offset &+= header.totalLength
            }
        } catch {
            return self.fail(connection, error)
        }
        guard connection.phase != .closed else { return }
        if offset < span.byteCount { self.keep(chunk, from: offset, on: connection) }
        if self.isCongested { self.throttle(connection) }
        let waiting = connection.output.byteCount &+ (connection.held?.byteCount ?? 0)
        if waiting >= self.settings.maximumOutboundBytes { self.holdBack(connection) }
    }

    /// Reads no further from a client until it has taken what it has been sent: its answers may not pile up.
    private func holdBack(_ connection: Connection) {
        self.noteStuck(connection)
        guard !connection.isBacklogged else { return }
        connection.isBacklogged = true
        connection.updateReading()
    }

    /// Keeps bytes for later in a buffer of their own: memory is taken as bytes arrive, not as lengths announce.
    private func keep(_ chunk: ByteBuffer, from offset: Int, on connection: Connection) {
        var input = ByteBuffer()
        input.writeBytes(chunk.readableBytesSpan.extracting(offset..<chunk.readableBytes))
        connection.input = input
    }

    private func checkSize(_ header: FixedHeader, on connection: Connection) throws(MQTTError) {
        if header.totalLength > connection.terms.maximumPacketSize {
            throw MQTTError(reason: .packetTooLarge, detail: "packet is larger than mqtt.max_packet_size")
        }
        if connection.phase == .opened {
            // Nothing but CONNECT may come first, and a stranger may not make us keep much.
            guard header.type == .connect else { throw .protocolError("first packet is not CONNECT") }
            if header.totalLength > self.settings.maximumConnectSize {
                throw MQTTError(reason: .packetTooLarge, detail: "CONNECT is larger than limits.max_connect_size")
            }
        }
    }

    /// Counts the filters of SUBSCRIBE or UNSUBSCRIBE before they are decoded: as values they take many times the room
    /// that they take in the packet. What is malformed is left to the decoder.
    private func checkFilterCount(
        of header: FixedHeader,
        _ body: ByteBuffer,
        _ version: ProtocolVersion
    ) throws(MQTTError) {
        let optionBytes = header.type == .subscribe ? 1 : 0
        // Most packets could not hold too many if their filters were empty.
        guard body.readableBytes / (2 + optionBytes) > self.settings.maximumFiltersPerPacket else { return }
        var rest = body
        guard rest.readInteger(as: UInt16.self) != nil else { return }
        if version == .v5 {
            // Properties begin with their length, seven bits a byte.
            var length = 0
            for shift in stride(from: 0, through: 21, by: 7) {
                guard let byte = rest.readInteger(as: UInt8.self) else { return }
                length |= Int(byte & 0x7F) << shift
                if byte & 0x80 == 0 { break }
            }
            guard rest.readSlice(length: length) != nil else { return }
        }
        var count = 0
        while let length = rest.readInteger(as: UInt16.self), rest.readSlice(length: Int(length) + optionBytes) != nil {
            count += 1
            guard count <= self.settings.maximumFiltersPerPacket else {
                throw MQTTError(reason: .quotaExceeded, detail: "too many filters in one packet")
            }
        }
    }

    /// Any packet but PUBLISH of a connected client.
    private func receive(
        _ header: FixedHeader,
        in chunk: ByteBuffer,
        at offset: Int,
        _ connection: Connection
    ) throws(MQTTError) {
        guard
            var body = chunk.getSlice(
                at: chunk.readerIndex + offset + header.headerLength,
                length: header.remainingLength
            )
        else { return }
        if header.type == .connect {
            guard connection.phase == .opened else { throw .protocolError("second CONNECT") }
            return self.receiveConnect(&body, connection)
        }
        if connection.phase == .connected, let session = connection.session,
            let kind = Acknowledgement.Kind(rawValue: header.type.rawValue), header.remainingLength == 2,
            let packetIdentifier = body.readInteger(as: UInt16.self)
        {
            // The short form of nearly all acknowledgements.
            return try self.receive(kind, packetIdentifier, .success, connection, session)
        }
        if header.type == .subscribe || header.type == .unsubscribe {
            try self.checkFilterCount(of: header, body, connection.version)
        }
        let packet = try Packet.decode(header, body: body, version: connection.version)
        switch connection.phase {
        case .opened: throw .protocolError("first packet is not CONNECT")
        case .authenticating, .claiming:
            switch packet {
            case .auth(let auth): try self.receiveAuth(auth, connection)
            case .disconnect: self.close(connection, .normalDisconnection, saying: nil)
            default: throw .protocolError("packet before CONNACK")
            }
        case .connected:
            guard let session = connection.session else { return }
            try self.receive(packet, connection, session)
        case .closed: return
        }
    }

    private func receive(_ packet: Packet, _ connection: Connection, _ session: Session) throws(MQTTError) {
        switch packet {
        case .acknowledgement(let acknowledgement):
            try self.receive(
                acknowledgement.kind,
                acknowledgement.packetIdentifier,
                acknowledgement.reason,
                connection,
                session
            )
        case .subscribe(let subscribe): try self.receiveSubscribe(subscribe, connection, session)
        case .unsubscribe(let unsubscribe): self.receiveUnsubscribe(unsubscribe, connection, session)
        case .pingRequest:
            connection.output.append { $0.writeInteger(UInt16(0xD000)) }
            self.touch(connection)
        case .disconnect(let disconnect): try self.receiveDisconnect(disconnect, connection, session)
        case .auth(let auth): try self.receiveAuth(auth, connection)
        case .connect, .publish, .connectAck, .subscribeAck, .unsubscribeAck, .pingResponse:
            throw .protocolError("packet that only a server sends")
        }
    }

    /// Runs what an extension has answered, now or when it has; until then nothing more of this client is read.
    ///
    /// - Parameter late: runs instead if the connection has closed before the answer is there.
    func await<Value: Sendable>(
        _ answer: Answer<Value>,
        for connection: Connection,
        orElse late: ((Value) -> Void)? = nil,
        then completion: @escaping (Value) -> Void
    ) {
        switch answer {
        case .now(let value): completion(value)
        case .later(let work):
            connection.isPaused = true
            connection.updateReading()
            self.host?.perform(work) { value in
                self.readClock()
                // The connection may have closed meanwhile; then its answer is of no use to anybody, as a rule.
                guard connection.phase != .closed else {
                    late?(value)
                    return
                }
                connection.isPaused = false
                completion(value)
                self.resume(connection)
            }
        }
    }

    /// Goes on with what came while the connection was paused.
    func resume(_ connection: Connection) {
        guard connection.phase != .closed, !connection.isPaused else { return }
        connection.updateReading()
        if let waiting = connection.input {
            connection.input = nil
            self.process(waiting, on: connection)
        }
        if connection.hasEnded, connection.phase != .closed, !connection.isPaused {
            self.detach(connection, .unspecifiedError)
        }
    }
}

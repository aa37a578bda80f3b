//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore
import Testing

extension TestClient {
    /// Sends CONNECT.
    ///
    /// - Returns: CONNACK; nil: none has come.
    @discardableResult
    func connect(_ change: (inout Connect) -> Void = { _ in }) -> ConnectAck? {
        self.send(self.connectPacket(change))
        guard case .connectAck(let answer)? = self.takeFirst(.connectAck) else { return nil }
        return answer
    }

    /// - Returns: the reasons in SUBACK.
    @discardableResult
    func subscribe(
        _ filters: String...,
        qos: QoS = .exactlyOnce,
        noLocal: Bool = false,
        retainAsPublished: Bool = false,
        retainHandling: RetainHandling = .sendAtSubscribe,
        identifier: Int? = nil
    ) -> [ReasonCode] {
        let options = SubscriptionOptions(
            qos: qos,
            noLocal: noLocal,
            retainAsPublished: retainAsPublished,
            retainHandling: retainHandling
        )
        let subscribe = Subscribe(
            packetIdentifier: self.nextPacketIdentifier(),
            filters: filters.map { Subscribe.Filter(filter: $0, options: options) },
            properties: identifier.map { [.subscriptionIdentifier($0)] } ?? []
        )
        self.send(.subscribe(subscribe))
        guard case .subscribeAck(let answer)? = self.takeFirst(.subscribeAck) else { return [] }
        #expect(answer.packetIdentifier == subscribe.packetIdentifier)
        return answer.reasons
    }

    /// - Returns: the reasons in UNSUBACK.
    @discardableResult
    func unsubscribe(_ filters: String...) -> [ReasonCode] {
        self.send(.unsubscribe(Unsubscribe(packetIdentifier: self.nextPacketIdentifier(), filters: filters)))
        guard case .unsubscribeAck(let answer)? = self.takeFirst(.unsubscribeAck) else { return [] }
        return answer.reasons
    }

    /// Sends PUBLISH and nothing more.
    ///
    /// - Returns: its packet identifier.
    @discardableResult
    func publish(
        _ topic: String,
        _ text: String = "",
        qos: QoS = .atMostOnce,
        retain: Bool = false,
        duplicate: Bool = false,
        identifier: UInt16? = nil,
        properties: Properties = []
    ) -> UInt16 {
        let packetIdentifier = qos == .atMostOnce ? 0 : identifier ?? self.nextPacketIdentifier()
        self.send(
            .publish(
                Publish(
                    topic: topic,
                    payload: ByteBuffer(string: text),
                    qos: qos,
                    isRetained: retain,
                    isDuplicate: duplicate,
                    packetIdentifier: packetIdentifier,
                    properties: properties
                )
            )
        )
        return packetIdentifier
    }

    func acknowledge(_ kind: Acknowledgement.Kind, _ packetIdentifier: UInt16, _ reason: ReasonCode = .success) {
        self.send(
            .acknowledgement(Acknowledgement(kind: kind, packetIdentifier: packetIdentifier, reason: reason))
        )
    }

    func disconnect(_ reason: ReasonCode = .normalDisconnection, properties: Properties = []) {
        self.send(.disconnect(Disconnect(reason: reason, properties: properties)))
        self.broker.settle()
    }

    /// The first packet of this type among those that come; those before and behind it stay.
    func takeFirst(_ type: PacketType) -> Packet? {
        let packets = self.take()
        guard let index = packets.firstIndex(where: { $0.type == type }) else {
            self.putBack(packets)
            return nil
        }
        self.putBack(packets[..<index] + packets[(index + 1)...])
        return packets[index]
    }

    /// The acknowledgements that come, each with kind, identifier and reason.
    func takeAcknowledgements() -> [Acknowledgement] {
        self.take().compactMap { if case .acknowledgement(let packet) = $0 { packet } else { nil } }
    }

    /// The reason of the DISCONNECT that comes.
    func takeDisconnect() -> ReasonCode? {
        guard case .disconnect(let packet)? = self.takeFirst(.disconnect) else { return nil }
        return packet.reason
    }
}

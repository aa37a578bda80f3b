//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule
import MQTTCodec

/// A QoS 1 or 2 message between its first transmission and the end of its handshake.
struct InflightMessage {
    enum State: UInt8 {
        /// PUBLISH is due or sent; PUBACK or PUBREC is awaited.
        case published
        /// PUBREC has come and PUBREL is due or sent; PUBCOMP is awaited.
        case released
        /// The handshake has ended; the place is kept until those in front of it have ended too.
        case done
    }

    var state: State
    let qos: QoS
    let isRetained: Bool
    /// Whether it has gone out on the present connection.
    var isOnWire: Bool
    /// nil when it is never sent again, because the session ends with its connection.
    let message: Message?
    let subscriptionIdentifiers: [UInt32]
    /// The shared group that chose this session; another member gets the message if this one leaves.
    let group: SharedGroup?
}

/// The QoS 1 and 2 messages in flight to one client, in the order of their first transmission.
///
/// Packet identifiers are given out in a circle, so the place of an identifier in the window is a subtraction, and
/// none is used again while it is in flight [MQTT-2.2.1-3]. Acknowledgements may come in any order.
struct InflightWindow {
    static let identifiers = 65_535

    private var messages: Deque<InflightMessage> = []
    /// The identifier of the window's first message.
    private var first: UInt16 = 1
    /// Messages whose handshake has not ended.
    private(set) var count = 0
    /// Those of them that have gone out on the present connection: what Receive Maximum limits.
    private(set) var onWire = 0
    /// Everything in front of this place has gone out on the present connection.
    private var resendIndex = 0

    var isEmpty: Bool { self.count == 0 }

    /// Whether a further identifier is free. Not so while one message from 65,535 identifiers ago is unacknowledged.
    var hasFreeIdentifier: Bool { self.messages.count < Self.identifiers }

    /// Takes up a message that goes out now; there must be a free identifier.
    mutating func append(_ message: InflightMessage) -> UInt16 {
        let identifier = self.identifier(at: self.messages.count)
        self.messages.append(message)
        self.count += 1
        if message.isOnWire {
            self.onWire += 1
            self.resendIndex = self.messages.count
        }
        return identifier
    }

    private func identifier(at index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (Int(self.first) - 1 + index) % Self.identifiers + 1)
    }

    /// The place of an identifier whose handshake has not ended.
    private func index(of identifier: UInt16) -> Int? {
        let index = (Int(identifier) - Int(self.first) + Self.identifiers) % Self.identifiers
        guard identifier != 0, index < self.messages.count, self.messages[index].state != .done else { return nil }
        return index
    }

    /// What is known of an identifier; nil: not in flight.
    subscript(identifier: UInt16) -> InflightMessage? {
        self.index(of: identifier).map { self.messages[$0] }
    }

    /// PUBREC has come.
    mutating func release(_ identifier: UInt16) {
        guard let index = self.index(of: identifier) else { return }
        self.messages[index].state = .released
    }

    /// The handshake has ended, one way or the other.
    @discardableResult
    mutating func end(_ identifier: UInt16) -> InflightMessage? {
        guard let index = self.index(of: identifier) else { return nil }
        let ended = self.messages[index]
        self.messages[index] = InflightMessage(
            state: .done,
            qos: ended.qos,
            isRetained: false,
            isOnWire: false,
            message: nil,
            subscriptionIdentifiers: [],
            group: nil
        )
        self.count -= 1
        if ended.isOnWire { self.onWire -= 1 }
        while let front = self.messages.first, front.state == .done {
            self.messages.removeFirst()
            self.first = self.first == UInt16.max ? 1 : self.first + 1
            self.resendIndex = max(0, self.resendIndex - 1)
        }
        return ended
    }

    /// The connection has gone: everything has to go out again on the next one.
    mutating func disconnect() {
        for index in self.messages.indices { self.messages[index].isOnWire = false }
        self.onWire = 0
        self.resendIndex = 0
    }

    /// The next message that has to go out again, now counted as sent.
    mutating func nextToResend() -> (identifier: UInt16, message: InflightMessage)? {
        while self.resendIndex < self.messages.count {
            let index = self.resendIndex
            self.resendIndex += 1
            guard self.messages[index].state != .done, !self.messages[index].isOnWire else { continue }
            self.messages[index].isOnWire = true
            self.onWire += 1
            return (self.identifier(at: index), self.messages[index])
        }
        return nil
    }

    var hasMessagesToResend: Bool { self.resendIndex < self.messages.count }

    /// Every identifier in flight with its message, oldest first.
    var all: [(identifier: UInt16, message: InflightMessage)] {
        self.messages.indices.compactMap {
            self.messages[$0].state == .done ? nil : (self.identifier(at: $0), self.messages[$0])
        }
    }

    /// Gives back memory that a past rush has taken.
    mutating func shrink() {
        if self.messages.isEmpty { self.messages = [] }
    }
}

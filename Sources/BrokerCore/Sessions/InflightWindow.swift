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
    /// Whether it has gone out on the present connection.
    var isOnWire: Bool
    /// nil when it is never sent again, because the session ends with its connection.
    let message: Message?
    let terms: DeliveryTerms
}

/// The QoS 1 and 2 messages in flight to one client, in the order of their first transmission.
///
/// Packet identifiers are given out in a circle, so the place of an identifier in the window is a subtraction, and
/// none is used again while it is in flight [MQTT-2.2.1-3]. Acknowledgements may come in any order.
///
/// A message that is not acknowledged while thousands after it are would keep all their places. So a window that is
/// mostly places of the past puts such stragglers aside, in ``older``.
struct InflightWindow {
    static let identifiers = 65_535

    private var messages: Deque<InflightMessage> = []
    /// Messages from before the window, oldest first: few, as a rule none.
    private var older: [(identifier: UInt16, message: InflightMessage)] = []
    // All at most 65,535, and kept small because every idle session has them.
    /// The identifier of the window's first message.
    private var first: UInt16 = 1
    private var unfinishedCount: UInt16 = 0
    private var onWireCount: UInt16 = 0
    /// Everything in front of these places has gone out on the present connection.
    private var resendIndex: UInt16 = 0
    private var olderResendIndex: UInt16 = 0

    /// Messages whose handshake has not ended.
    var count: Int { Int(self.unfinishedCount) }

    /// Those of them that have gone out on the present connection: what Receive Maximum limits.
    var onWire: Int { Int(self.onWireCount) }

    var isEmpty: Bool { self.unfinishedCount == 0 }

    var hasFreeIdentifier: Bool { self.count < Self.identifiers }

    /// Takes up a message that goes out now, when there is a free identifier and nothing to resend.
    mutating func append(_ message: InflightMessage) -> UInt16 {
        self.putStragglersAside()
        while !self.older.isEmpty, self.olderIndex(of: self.identifier(at: self.messages.count)) != nil {
            self.messages.append(.done)
            self.putStragglersAside()
        }
        let identifier = self.identifier(at: self.messages.count)
        self.messages.append(message)
        self.unfinishedCount += 1
        if message.isOnWire {
            self.onWireCount += 1
            self.resendIndex = UInt16(self.messages.count)
            self.olderResendIndex = UInt16(self.older.count)
        }
        return identifier
    }

    /// Keeps the window dense, and short enough for one more place.
    private mutating func putStragglersAside() {
        while self.messages.count >= Self.identifiers
            || self.messages.count >= 1024 && self.messages.count >= 4 * self.count
        {
            self.older.append((self.first, self.messages[0]))
            self.olderResendIndex = UInt16(self.older.count)
            self.messages[0] = .done
            self.dropFinished()
        }
    }

    private mutating func dropFinished() {
        while let front = self.messages.first, front.state == .done {
            self.messages.removeFirst()
            self.first = self.first == UInt16.max ? 1 : self.first + 1
            if self.resendIndex > 0 { self.resendIndex -= 1 }
        }
    }

    private func identifier(at index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (Int(self.first) - 1 + index) % Self.identifiers + 1)
    }

    /// The place in the window of an identifier whose handshake has not ended.
    private func index(of identifier: UInt16) -> Int? {
        let index = (Int(identifier) - Int(self.first) + Self.identifiers) % Self.identifiers
        guard identifier != 0, index < self.messages.count, self.messages[index].state != .done else { return nil }
        return index
    }

    private func olderIndex(of identifier: UInt16) -> Int? {
        self.older.firstIndex { $0.identifier == identifier }
    }

    /// What is known of an identifier; nil: not in flight.
    subscript(identifier: UInt16) -> InflightMessage? {
        if let index = self.index(of: identifier) { return self.messages[index] }
        return self.olderIndex(of: identifier).map { self.older[$0].message }
    }

    /// PUBREC has come.
    mutating func release(_ identifier: UInt16) {
        if let index = self.index(of: identifier) {
            self.messages[index].state = .released
        } else if let index = self.olderIndex(of: identifier) {
            self.older[index].message.state = .released
        }
    }

    /// The handshake has ended, one way or the other.
    @discardableResult
    mutating func end(_ identifier: UInt16) -> InflightMessage? {
        let ended: InflightMessage
        if let index = self.index(of: identifier) {
            ended = self.messages[index]
            self.messages[index] = .done
            self.dropFinished()
        } else if let index = self.olderIndex(of: identifier) {
            ended = self.older.remove(at: index).message
            if index < self.olderResendIndex { self.olderResendIndex -= 1 }
        } else {
            return nil
        }
        self.unfinishedCount -= 1
        if ended.isOnWire { self.onWireCount -= 1 }
        return ended
    }

    /// Takes up a message that has been in flight before the broker started, after those that were sent before it.
    mutating func restore(_ message: InflightMessage, under identifier: UInt16) {
        guard identifier != 0, self[identifier] == nil else { return }
        self.unfinishedCount += 1
        if self.messages.isEmpty { self.first = identifier }
        var index = (Int(identifier) - Int(self.first) + Self.identifiers) % Self.identifiers
        if index < self.messages.count || index >= 2 * self.messages.count + 1024 {
            // It does not follow those that are there, or it would leave a large hole: they are stragglers then.
            self.older = self.all
            self.messages = []
            self.first = identifier
            index = 0
        }
        while self.messages.count < index { self.messages.append(.done) }
        self.messages.append(message)
    }

    /// The connection has gone: everything has to go out again on the next one.
    mutating func disconnect() {
        for index in self.messages.indices { self.messages[index].isOnWire = false }
        for index in self.older.indices { self.older[index].message.isOnWire = false }
        self.onWireCount = 0
        self.resendIndex = 0
        self.olderResendIndex = 0
        // What a past rush has taken is given back.
        if self.isEmpty {
            self.messages = []
            self.older = []
        }
    }

    /// The next message that has to go out again, now counted as sent.
    mutating func nextToResend() -> (identifier: UInt16, message: InflightMessage)? {
        if self.olderResendIndex < self.older.count {
            let index = Int(self.olderResendIndex)
            self.olderResendIndex += 1
            self.older[index].message.isOnWire = true
            self.onWireCount += 1
            return self.older[index]
        }
        while self.resendIndex < self.messages.count {
            let index = Int(self.resendIndex)
            self.resendIndex += 1
            guard self.messages[index].state != .done else { continue }
            self.messages[index].isOnWire = true
            self.onWireCount += 1
            return (self.identifier(at: index), self.messages[index])
        }
        return nil
    }

    var hasMessagesToResend: Bool {
        self.resendIndex < self.messages.count || self.olderResendIndex < self.older.count
    }

    /// Every identifier in flight with its message, oldest first.
    var all: [(identifier: UInt16, message: InflightMessage)] {
        self.older
            + self.messages.indices.compactMap {
                self.messages[$0].state == .done ? nil : (self.identifier(at: $0), self.messages[$0])
            }
    }
}

extension InflightMessage {
    /// A place whose handshake has ended.
    fileprivate static var done: Self {
        Self(
            state: .done,
            isOnWire: false,
            message: nil,
            terms: DeliveryTerms(qos: .atMostOnce, isRetained: false)
        )
    }
}

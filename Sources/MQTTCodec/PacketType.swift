//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The control packet types (section 2.1.2); the raw value is the upper half of a packet's first byte.
public enum PacketType: UInt8, Sendable, CaseIterable {
    /// CONNECT.
    case connect = 1
    /// CONNACK.
    case connectAck
    /// PUBLISH.
    case publish
    /// PUBACK.
    case publishAck
    /// PUBREC.
    case publishReceived
    /// PUBREL.
    case publishRelease
    /// PUBCOMP.
    case publishComplete
    /// SUBSCRIBE.
    case subscribe
    /// SUBACK.
    case subscribeAck
    /// UNSUBSCRIBE.
    case unsubscribe
    /// UNSUBACK.
    case unsubscribeAck
    /// PINGREQ.
    case pingRequest
    /// PINGRESP.
    case pingResponse
    /// DISCONNECT.
    case disconnect
    /// AUTH, MQTT 5.0 only.
    case auth

    /// The lower half of the first byte, which the standard fixes for all types but PUBLISH [MQTT-2.1.3-1].
    @inlinable
    public var reservedFlags: UInt8 {
        switch self {
        case .publishRelease, .subscribe, .unsubscribe: 0b0010
        default: 0
        }
    }

    /// Whether these flags say that a packet which MQTT 3.1 lets a client repeat is repeated: DUP, and the fixed ones.
    @inlinable
    func isRepetition(_ flags: UInt8) -> Bool {
        self.reservedFlags != 0 && flags == self.reservedFlags | 0b1000
    }
}

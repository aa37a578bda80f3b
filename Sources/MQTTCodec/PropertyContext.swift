//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Where properties stand: it decides which of them are allowed (MQTT 5.0, table 2-4).
public enum PropertyContext: UInt8, Sendable, CaseIterable {
    /// CONNECT.
    case connect
    /// The will inside CONNECT.
    case will
    /// CONNACK.
    case connectAck
    /// PUBLISH.
    case publish
    /// PUBACK, PUBREC, PUBREL and PUBCOMP.
    case publishAck
    /// SUBSCRIBE.
    case subscribe
    /// SUBACK.
    case subscribeAck
    /// UNSUBSCRIBE.
    case unsubscribe
    /// UNSUBACK.
    case unsubscribeAck
    /// DISCONNECT.
    case disconnect
    /// AUTH.
    case auth
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Quality of service (section 4.3): how hard sender and receiver try to deliver a message.
public enum QoS: UInt8, Comparable, Sendable, CaseIterable {
    /// Fire and forget.
    case atMostOnce = 0
    /// Acknowledged by PUBACK; may arrive twice.
    case atLeastOnce
    /// Acknowledged by PUBREC, PUBREL and PUBCOMP; arrives once.
    case exactlyOnce

    /// A weaker promise is smaller.
    @inlinable
    public static func < (left: QoS, right: QoS) -> Bool { left.rawValue < right.rawValue }
}

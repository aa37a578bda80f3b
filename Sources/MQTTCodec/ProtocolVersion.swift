//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The revision of MQTT that a connection speaks; the raw value is the protocol level of CONNECT (section 3.1.2.2).
public enum ProtocolVersion: UInt8, Comparable, Sendable, CaseIterable {
    /// MQTT 3.1, protocol name `MQIsdp`.
    case v3_1 = 3
    /// MQTT 3.1.1, protocol name `MQTT`.
    case v3_1_1 = 4
    /// MQTT 5.0, protocol name `MQTT`.
    case v5 = 5

    /// The protocol name that CONNECT carries for this version.
    public var protocolName: String { self == .v3_1 ? "MQIsdp" : "MQTT" }

    /// Older versions are smaller.
    @inlinable
    public static func < (left: ProtocolVersion, right: ProtocolVersion) -> Bool { left.rawValue < right.rawValue }
}

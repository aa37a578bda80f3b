//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Why bytes are not a packet, or a value cannot become one.
///
/// The detail is a literal of this module, never a part of what the peer sent: it is safe to log.
public struct MQTTError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The reason code that tells an MQTT 5.0 peer, in CONNACK or DISCONNECT.
    public let reason: ReasonCode
    /// The literal; kept as such so that throwing allocates nothing.
    private let literal: StaticString

    /// - Parameters:
    ///   - reason: the code for the peer
    ///   - detail: what exactly is wrong, in words, without any data of the peer
    public init(reason: ReasonCode, detail: StaticString) {
        self.reason = reason
        self.literal = detail
    }

    /// What exactly is wrong, in words.
    public var detail: String { literal.description }

    /// For example `0x81 malformed packet: remaining length has more than four bytes`.
    public var description: String { "\(reason): \(detail)" }

    /// Errors are equal when reason and detail are.
    public static func == (left: MQTTError, right: MQTTError) -> Bool {
        left.reason == right.reason && left.detail == right.detail
    }

    /// An error with reason 0x81.
    public static func malformed(_ detail: StaticString) -> MQTTError {
        MQTTError(reason: .malformedPacket, detail: detail)
    }

    /// An error with reason 0x82.
    public static func protocolError(_ detail: StaticString) -> MQTTError {
        MQTTError(reason: .protocolError, detail: detail)
    }
}

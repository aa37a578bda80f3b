//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A one-byte reason code (MQTT 5.0, section 2.4). Values below 0x80 mean success, the others failure.
///
/// MQTT 3.1 and 3.1.1 have fewer codes; the packets translate on the way in and out.
public struct ReasonCode: RawRepresentable, Hashable, Sendable {
    /// The byte on the wire.
    public let rawValue: UInt8

    /// Wraps any byte; whether a packet may carry it is checked when that packet is decoded.
    @inlinable
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// True for 0x80 and above: the operation failed.
    @inlinable
    public var isError: Bool { rawValue >= 0x80 }

    /// 0x00: the operation succeeded.
    public static let success = ReasonCode(rawValue: 0x00)
    /// 0x00 in DISCONNECT: close without publishing the will.
    public static let normalDisconnection = ReasonCode(rawValue: 0x00)
    /// 0x00 in SUBACK: granted at QoS 0.
    public static let grantedQoS0 = ReasonCode(rawValue: 0x00)
    /// 0x01 in SUBACK: granted at QoS 1.
    public static let grantedQoS1 = ReasonCode(rawValue: 0x01)
    /// 0x02 in SUBACK: granted at QoS 2.
    public static let grantedQoS2 = ReasonCode(rawValue: 0x02)
    /// 0x04 in DISCONNECT: close, and publish the will.
    public static let disconnectWithWill = ReasonCode(rawValue: 0x04)
    /// 0x10: the message was accepted but nobody subscribes to it.
    public static let noMatchingSubscribers = ReasonCode(rawValue: 0x10)
    /// 0x11 in UNSUBACK: there was no such subscription.
    public static let noSubscriptionExisted = ReasonCode(rawValue: 0x11)
    /// 0x18 in AUTH: another step follows.
    public static let continueAuthentication = ReasonCode(rawValue: 0x18)
    /// 0x19 in AUTH: start over while connected.
    public static let reauthenticate = ReasonCode(rawValue: 0x19)
    /// 0x80: failure without a reason the peer shall know.
    public static let unspecifiedError = ReasonCode(rawValue: 0x80)
    /// 0x81: the bytes cannot be parsed as the standard says.
    public static let malformedPacket = ReasonCode(rawValue: 0x81)
    /// 0x82: the packet parses but is not allowed, here or now.
    public static let protocolError = ReasonCode(rawValue: 0x82)
    /// 0x83: valid, but this implementation does not accept it.
    public static let implementationSpecificError = ReasonCode(rawValue: 0x83)
    /// 0x84: the server does not speak this version.
    public static let unsupportedProtocolVersion = ReasonCode(rawValue: 0x84)
    /// 0x85: the server refuses this client identifier.
    public static let clientIdentifierNotValid = ReasonCode(rawValue: 0x85)
    /// 0x86: wrong credentials.
    public static let badUserNameOrPassword = ReasonCode(rawValue: 0x86)
    /// 0x87: the client may not do this.
    public static let notAuthorized = ReasonCode(rawValue: 0x87)
    /// 0x88: the server is not available.
    public static let serverUnavailable = ReasonCode(rawValue: 0x88)
    /// 0x89: the server is busy; try again later.
    public static let serverBusy = ReasonCode(rawValue: 0x89)
    /// 0x8A: an administrator banned this client.
    public static let banned = ReasonCode(rawValue: 0x8A)
    /// 0x8B: the server is shutting down.
    public static let serverShuttingDown = ReasonCode(rawValue: 0x8B)
    /// 0x8C: the authentication method is unknown or not the one in use.
    public static let badAuthenticationMethod = ReasonCode(rawValue: 0x8C)
    /// 0x8D: nothing was received for 1.5 times the keep alive.
    public static let keepAliveTimeout = ReasonCode(rawValue: 0x8D)
    /// 0x8E: another connection uses the same client identifier.
    public static let sessionTakenOver = ReasonCode(rawValue: 0x8E)
    /// 0x8F: the topic filter is well formed but not accepted.
    public static let topicFilterInvalid = ReasonCode(rawValue: 0x8F)
    /// 0x90: the topic name is well formed but not accepted.
    public static let topicNameInvalid = ReasonCode(rawValue: 0x90)
    /// 0x91: the packet identifier is in use.
    public static let packetIdentifierInUse = ReasonCode(rawValue: 0x91)
    /// 0x92: the packet identifier is not known.
    public static let packetIdentifierNotFound = ReasonCode(rawValue: 0x92)
    /// 0x93: more messages in flight than the receive maximum.
    public static let receiveMaximumExceeded = ReasonCode(rawValue: 0x93)
    /// 0x94: topic alias zero, above the maximum, or unknown.
    public static let topicAliasInvalid = ReasonCode(rawValue: 0x94)
    /// 0x95: the packet is larger than the receiver accepts.
    public static let packetTooLarge = ReasonCode(rawValue: 0x95)
    /// 0x96: data arrives too fast.
    public static let messageRateTooHigh = ReasonCode(rawValue: 0x96)
    /// 0x97: an implementation's or an administrator's limit is exceeded.
    public static let quotaExceeded = ReasonCode(rawValue: 0x97)
    /// 0x98: an administrator closed the connection.
    public static let administrativeAction = ReasonCode(rawValue: 0x98)
    /// 0x99: the payload is not what its format indicator says.
    public static let payloadFormatInvalid = ReasonCode(rawValue: 0x99)
    /// 0x9A: the server keeps no retained messages.
    public static let retainNotSupported = ReasonCode(rawValue: 0x9A)
    /// 0x9B: the QoS is above the server's maximum.
    public static let qosNotSupported = ReasonCode(rawValue: 0x9B)
    /// 0x9C: use another server for now.
    public static let useAnotherServer = ReasonCode(rawValue: 0x9C)
    /// 0x9D: use another server from now on.
    public static let serverMoved = ReasonCode(rawValue: 0x9D)
    /// 0x9E: the server offers no shared subscriptions.
    public static let sharedSubscriptionsNotSupported = ReasonCode(rawValue: 0x9E)
    /// 0x9F: connections arrive too fast.
    public static let connectionRateExceeded = ReasonCode(rawValue: 0x9F)
    /// 0xA0: the connection lived as long as it may.
    public static let maximumConnectTime = ReasonCode(rawValue: 0xA0)
    /// 0xA1: the server accepts no subscription identifiers.
    public static let subscriptionIdentifiersNotSupported = ReasonCode(rawValue: 0xA1)
    /// 0xA2: the server accepts no wildcards.
    public static let wildcardSubscriptionsNotSupported = ReasonCode(rawValue: 0xA2)
}

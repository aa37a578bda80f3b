//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension ReasonCode: CustomStringConvertible {
    /// The byte in hex and the standard's name, for example `0x81 malformed packet`.
    public var description: String { "\(hexadecimal) \(name)" }

    /// The byte as `0x81`.
    private var hexadecimal: String {
        let digits = String(rawValue, radix: 16, uppercase: true)
        return rawValue < 0x10 ? "0x0\(digits)" : "0x\(digits)"
    }

    /// The name in table 2-6, in lower case.
    private var name: String {
        switch self {
        case .success: "success"
        case .grantedQoS1: "granted QoS 1"
        case .grantedQoS2: "granted QoS 2"
        case .disconnectWithWill: "disconnect with will message"
        case .noMatchingSubscribers: "no matching subscribers"
        case .noSubscriptionExisted: "no subscription existed"
        case .continueAuthentication: "continue authentication"
        case .reauthenticate: "re-authenticate"
        case .unspecifiedError: "unspecified error"
        case .malformedPacket: "malformed packet"
        case .protocolError: "protocol error"
        case .implementationSpecificError: "implementation specific error"
        case .unsupportedProtocolVersion: "unsupported protocol version"
        case .clientIdentifierNotValid: "client identifier not valid"
        case .badUserNameOrPassword: "bad user name or password"
        case .notAuthorized: "not authorized"
        case .serverUnavailable: "server unavailable"
        case .serverBusy: "server busy"
        case .banned: "banned"
        case .serverShuttingDown: "server shutting down"
        case .badAuthenticationMethod: "bad authentication method"
        case .keepAliveTimeout: "keep alive timeout"
        case .sessionTakenOver: "session taken over"
        case .topicFilterInvalid: "topic filter invalid"
        case .topicNameInvalid: "topic name invalid"
        case .packetIdentifierInUse: "packet identifier in use"
        case .packetIdentifierNotFound: "packet identifier not found"
        case .receiveMaximumExceeded: "receive maximum exceeded"
        case .topicAliasInvalid: "topic alias invalid"
        case .packetTooLarge: "packet too large"
        case .messageRateTooHigh: "message rate too high"
        case .quotaExceeded: "quota exceeded"
        case .administrativeAction: "administrative action"
        case .payloadFormatInvalid: "payload format invalid"
        case .retainNotSupported: "retain not supported"
        case .qosNotSupported: "QoS not supported"
        case .useAnotherServer: "use another server"
        case .serverMoved: "server moved"
        case .sharedSubscriptionsNotSupported: "shared subscriptions not supported"
        case .connectionRateExceeded: "connection rate exceeded"
        case .maximumConnectTime: "maximum connect time"
        case .subscriptionIdentifiersNotSupported: "subscription identifiers not supported"
        case .wildcardSubscriptionsNotSupported: "wildcard subscriptions not supported"
        default: "unknown reason"
        }
    }
}

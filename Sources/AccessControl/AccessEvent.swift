//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import BrokerCore
public import MQTTCodec

/// What access control has refused, for a log. Events hold no password.
public enum AccessEvent: Sendable {
    /// A client was not let in.
    case refused(ClientInfo, AccessRefusal)
    /// An address has failed too often: it is blocked for some time.
    case blocked(address: String, for: Duration)
    /// A client may not do what it wanted to do.
    case denied(ClientInfo, AuthorizationRequest.Action)
}

/// Why a client was not let in. The client itself is told less: not whether the user exists.
public enum AccessRefusal: Sendable, Hashable {
    /// It gave no credentials, and anonymous clients are not let in.
    case noCredentials
    /// No way knows this user.
    case unknownUser
    /// The password is wrong or missing.
    case wrongPassword
    /// Its address has failed too often and has to wait.
    case blockedAddress
    /// Too many passwords are waiting to be checked, or the settings changed too often meanwhile.
    case busy
    /// One of ``AccessSettings/authenticators`` has refused it.
    case refusedByAuthenticator(ReasonCode)

    /// A short text for a log.
    public var summary: String {
        switch self {
        case .noCredentials: "no credentials"
        case .unknownUser: "unknown user"
        case .wrongPassword: "wrong password"
        case .blockedAddress: "address is blocked"
        case .busy: "too busy"
        case .refusedByAuthenticator(let reason): "refused, \(reason)"
        }
    }
}

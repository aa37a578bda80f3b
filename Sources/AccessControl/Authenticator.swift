//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import BrokerCore
public import MQTTCodec

/// One way to find out who a client is.
///
/// Called on event loops, several at once; it may not block.
public protocol Authenticator: Sendable {
    /// Who a client is; `.pass` if this way has no opinion.
    func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict>

    /// Whether a client that was let in may stay after the rules have changed; nil if this way has no opinion.
    func mayStay(_ client: ClientInfo) -> Answer<Bool?>

    /// Which refusals of this way say that the client may have guessed its credentials: they count against its address
    /// (``AccessSettings/failureLimit``). Others, such as that nobody could be asked, do not.
    var guesses: Set<ReasonCode> { get }

    /// Whether it has an opinion of every client that is asked about at CONNECT, whatever that brings. Then those that
    /// have come before it was asked have to go and come again.
    var judgesEverybody: Bool { get }

    /// Whether it stands in for one of the earlier settings: who was accepted by that one need not come again.
    func isSame(as earlier: any Authenticator) -> Bool

    /// A client has connected, whoever has let it in.
    func connected(_ client: ClientInfo)

    /// A client's connection has ended: what is kept of it can go.
    func forget(_ client: ClientInfo)
}

/// One way to find out what a client may do.
///
/// Called on event loops, several at once; it may not block.
public protocol Authorizer: Sendable {
    /// What a client may do; `.pass` if this way has no opinion.
    func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict>

    /// Whether its answer holds for the same client and action until the rules change.
    var isLasting: Bool { get }

    /// Whether a client may get a message that has waited for it, by what is known at once; nil if this way has no
    /// opinion. If it is lasting, `noMatch = deny` then refuses what no rule is about.
    func mayReceive(_ message: Message, client: ClientInfo) -> Bool?

    /// A client's connection has ended: what is kept of it can go.
    func forget(_ client: ClientInfo)
}

extension Authenticator {
    /// 0x86 and 0x87.
    public var guesses: Set<ReasonCode> { [.badUserNameOrPassword, .notAuthorized] }
    /// False: it passes on those that bring nothing it knows.
    public var judgesEverybody: Bool { false }
    /// Whether it has the same type.
    public func isSame(as earlier: any Authenticator) -> Bool { type(of: earlier) == Self.self }
    /// Keeps nothing.
    public func connected(_ client: ClientInfo) {}
    /// Has kept nothing.
    public func forget(_ client: ClientInfo) {}
}

extension Authenticator where Self: AnyObject {
    /// Whether it is the very same one.
    public func isSame(as earlier: any Authenticator) -> Bool { earlier as AnyObject === self }
}

extension Authorizer {
    /// Has no opinion.
    public func mayReceive(_ message: Message, client: ClientInfo) -> Bool? { nil }
    /// Has kept nothing.
    public func forget(_ client: ClientInfo) {}
}

extension Authenticator where Self: Authorizer {
    /// Has kept nothing.
    public func forget(_ client: ClientInfo) {}
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec
import NIOCore

/// Something that takes part in the broker's decisions or hears of them: access control, bridges, rules, web hooks.
///
/// Its methods are called on event loops, several at once, and may not block: an answer that needs time is given
/// ``Answer/later(_:)``. Extensions are asked in the order in which the broker was given them. A kind of call that
/// no extension lists in ``interests`` costs nothing.
public protocol BrokerExtension: Sendable {
    /// Which calls it wants; asked when the broker is made, and again when it is told that the rules of access have
    /// changed.
    var interests: ExtensionInterests { get }

    /// Who a client is. Asked at CONNECT, for each AUTH of an exchange, and at re-authentication.
    func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict>

    /// Whether a client may publish, subscribe, or have its will published.
    func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict>

    /// Whether a client may get this message: asked for retained messages, and for those that have waited while the
    /// client was away or while the rules of access changed. The answer has to be known now.
    func mayReceive(_ message: Message, client: ClientInfo) -> Bool

    /// Whether a client that is connected may stay: asked of extensions with an interest in authentication or
    /// authorization when the rules of access have changed. It goes as soon as one of them says no.
    func mayStay(_ client: ClientInfo) -> Answer<Bool>

    /// Whether what it answers to ``authorize(_:)`` holds for the same client and action until the broker is told that
    /// the rules have changed, so that it need not be asked again for each message. Asked when ``interests`` is.
    var isAuthorizationLasting: Bool { get }

    /// What becomes of a message before it is routed; `client` is nil for the broker's own.
    func publish(_ message: Message, client: ClientInfo?) -> Answer<PublishVerdict>

    /// A client has connected.
    func connected(_ client: ClientInfo, sessionPresent: Bool)
    /// A client's connection has ended.
    func disconnected(_ client: ClientInfo, reason: ReasonCode)
    /// A client has subscribed.
    func subscribed(_ client: ClientInfo, filter: TopicFilter, options: SubscriptionOptions)
    /// A client has unsubscribed.
    func unsubscribed(_ client: ClientInfo, filter: TopicFilter)
    /// A message has been handed to a client's connection.
    func delivered(_ message: Message, client: ClientInfo)
    /// A client has acknowledged a QoS 1 or 2 message.
    func acknowledged(_ message: Message, client: ClientInfo)
    /// A message for a client has been dropped.
    func dropped(_ message: Message, client: ClientInfo, cause: DropCause)
}

/// The calls an extension wants.
public struct ExtensionInterests: OptionSet, Sendable {
    /// One bit an interest.
    public let rawValue: Int

    /// Combines interests by their bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// ``BrokerExtension/authenticate(_:)``.
    public static let authentication = Self(rawValue: 1)
    /// ``BrokerExtension/authorize(_:)`` and ``BrokerExtension/mayReceive(_:client:)``.
    public static let authorization = Self(rawValue: 2)
    /// ``BrokerExtension/publish(_:client:)``.
    public static let publish = Self(rawValue: 4)
    /// Connected and disconnected.
    public static let clients = Self(rawValue: 8)
    /// Subscribed and unsubscribed.
    public static let subscriptions = Self(rawValue: 16)
    /// Delivered, acknowledged and dropped.
    public static let deliveries = Self(rawValue: 32)
}

/// A client that wants to be recognised.
public struct AuthenticationRequest: Sendable {
    /// Where in the exchange it is asked.
    public enum Stage: Sendable {
        /// With CONNECT.
        case connect
        /// With an AUTH packet (0x18) that goes on with an exchange.
        case continuation
        /// With an AUTH packet (0x19) of a client that is connected.
        case reauthentication
    }

    /// Where in the exchange it is asked.
    public let stage: Stage
    /// Tells one connection from all others of this process, for extensions that keep an exchange's state.
    public let connection: UInt64
    /// The client; its identifier is empty when the broker is to assign one.
    public let client: ClientInfo
    /// The password it gave.
    public let password: ByteBuffer?
    /// The method of enhanced authentication it asked for.
    public let method: String?
    /// The data that came with this packet.
    public let data: ByteBuffer?
}

/// An extension's word on a client's identity.
public enum AuthenticationVerdict: Sendable {
    /// No opinion: the next extension is asked, and if all pass the client is let in, unless it asked for an
    /// authentication method, which then nobody knows (0x8C).
    case pass
    /// It is who it says; `data` goes back in CONNACK or AUTH.
    case accept(data: ByteBuffer? = nil)
    /// One more round: `data` goes to the client in an AUTH packet.
    case proceed(data: ByteBuffer?)
    /// It is not let in.
    case refuse(ReasonCode)
    /// It is not let in, and a v5 client is told another server (0x9C for now, 0x9D for good; section 4.11). The
    /// server's name counts instead of `BrokerSettings.serverReference`.
    case redirect(ReasonCode, to: String)
}

/// Something that a client wants to do.
public struct AuthorizationRequest: Sendable {
    /// What it wants to do.
    public enum Action: Sendable {
        /// Publish to a topic.
        case publish(topic: String, qos: QoS, isRetained: Bool)
        /// Subscribe.
        case subscribe(TopicFilter, SubscriptionOptions)
        /// Have its will published, asked when the will is due.
        case will(topic: String, qos: QoS, isRetained: Bool)
    }

    /// The client.
    public let client: ClientInfo
    /// What it wants to do.
    public let action: Action
}

/// An extension's word on what a client may do.
public enum AuthorizationVerdict: Sendable {
    /// No opinion: the next extension is asked, and if all pass it is allowed.
    case pass
    /// Allowed.
    case allow
    /// Not allowed; the reason goes into the answer (0x87 as a rule).
    case deny(ReasonCode)
    /// Not allowed, and the client is disconnected.
    case disconnect(ReasonCode)
    /// Nobody can say, as when a service is down: not allowed this time. It is not remembered, and what a session has
    /// it keeps: its client is refused with 0x88 when it comes back, and may try again.
    case unanswered
}

/// An extension's word on a message.
public enum PublishVerdict: Sendable {
    /// It goes on as it is.
    case pass
    /// This one goes on instead.
    case change(Message)
    /// It goes no further; the publisher is told the reason where the protocol lets us.
    case refuse(ReasonCode)
}

/// Why a message did not reach a client.
public enum DropCause: String, Sendable {
    /// The client's queue was full.
    case queueFull = "queue_full"
    /// The client does not read, and the message was QoS 0.
    case slowReader = "slow_reader"
    /// It expired while it waited.
    case expired
    /// It is larger than the client accepts.
    case tooLarge = "too_large"
    /// The client's session ended while it waited.
    case sessionEnded = "session_ended"
    /// The client may not have it any more.
    case notAuthorized = "not_authorized"
}

extension BrokerExtension {
    /// Has no opinion.
    public func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> { .now(.pass) }
    /// Has no opinion.
    public func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> { .now(.pass) }
    /// Has nothing against it.
    public func mayReceive(_ message: Message, client: ClientInfo) -> Bool { true }
    /// Has nothing against it.
    public func mayStay(_ client: ClientInfo) -> Answer<Bool> { .now(true) }
    /// Wants to be asked each time.
    public var isAuthorizationLasting: Bool { false }
    /// Lets it pass.
    public func publish(_ message: Message, client: ClientInfo?) -> Answer<PublishVerdict> { .now(.pass) }
    /// Does nothing.
    public func connected(_ client: ClientInfo, sessionPresent: Bool) {}
    /// Does nothing.
    public func disconnected(_ client: ClientInfo, reason: ReasonCode) {}
    /// Does nothing.
    public func subscribed(_ client: ClientInfo, filter: TopicFilter, options: SubscriptionOptions) {}
    /// Does nothing.
    public func unsubscribed(_ client: ClientInfo, filter: TopicFilter) {}
    /// Does nothing.
    public func delivered(_ message: Message, client: ClientInfo) {}
    /// Does nothing.
    public func acknowledged(_ message: Message, client: ClientInfo) {}
    /// Does nothing.
    public func dropped(_ message: Message, client: ClientInfo, cause: DropCause) {}
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Who may connect, and what they may do.
///
/// The order in which all of it is asked is told at ``AccessControl``.
public struct AccessSettings: Sendable {
    /// What becomes of an action that no rule matches.
    public enum NoMatch: Sendable, Hashable {
        /// It is allowed.
        case allow
        /// It is refused.
        case deny
    }

    /// What becomes of a client whose action is refused.
    public enum DenyAction: Sendable, Hashable {
        /// It is told, where its version lets us, and stays.
        case ignore
        /// It is disconnected with 0x87.
        case disconnect
    }

    /// Whether clients that give neither user name nor password are let in. Credentials that are given are checked all
    /// the same.
    public var allowAnonymous = true
    /// What becomes of an action that no rule matches.
    public var noMatch = NoMatch.allow
    /// What becomes of a client whose action is refused.
    public var denyAction = DenyAction.ignore
    /// Users with their passwords.
    public var users: [String: PasswordRecord] = [:]
    /// Whether there is a list of users although it is empty: then no user name is right.
    public var hasUserList = false
    /// Who may do what; the first that matches decides.
    public var rules: [AccessRule] = []
    /// How many failures an address may have; nil: any number.
    public var failureLimit: FailureLimit?
    /// Further ways to find out who a client is, in the order in which they are asked.
    public var authenticators: [any Authenticator] = []
    /// Further ways to find out what a client may do, in the order in which they are asked.
    public var authorizers: [any Authorizer] = []
    /// Whom earlier settings have let in, and these do not: they are asked whether their clients may stay, where `false`
    /// means that the client has to go and everything else is no opinion, and what these may do until they have gone,
    /// where a refusal is final. They are never a way to come in, and no source of passwords.
    public var departures: [any Authenticator & Authorizer] = []

    /// An open broker.
    public init() {}
}

/// How many failed attempts to authenticate an address may have, and what follows.
public struct FailureLimit: Sendable, Hashable {
    /// Failures within the window that block an address.
    public var failures = 10
    /// The time in which failures are counted together.
    public var window = Duration.seconds(60)
    /// How long an address is blocked the first time; each further time twice as long.
    public var block = Duration.seconds(60)
    /// The longest time an address is blocked. The count of its blocks is forgotten when it has had none for as long.
    public var maximumBlock = Duration.seconds(3600)
    /// Addresses that are counted at a time, IPv6 addresses by their /64; with more, the oldest are forgotten.
    public var maximumAddresses = 16_384

    /// The defaults: 10 failures in 60 seconds, then 60 seconds.
    public init() {}
}

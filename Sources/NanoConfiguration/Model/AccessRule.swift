//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A rule of access: who, what, which topics, and whether.
public struct AccessRule: Sendable, Equatable {
    /// Whether what the rule matches is allowed.
    public var permit: AccessDecision
    /// What the rule is about.
    public var action: AccessAction
    /// The topic filters the rule matches; `nil` for all topics. `@` in front means the rest, literally;
    /// `${clientid}` and `${username}` stand for the client's.
    public var topics: [String]?
    /// Whom the rule is about.
    public var subject: AccessSubject

    /// Makes a rule from its parts.
    public init(
        permit: AccessDecision,
        action: AccessAction = .all,
        topics: [String]? = nil,
        subject: AccessSubject = .everyone
    ) {
        self.permit = permit
        self.action = action
        self.topics = topics
        self.subject = subject
    }
}

/// What a rule of access is about.
public enum AccessAction: String, ConfigurationChoice {
    /// Publishing.
    case publish
    /// Subscribing.
    case subscribe
    /// Both.
    case all = "pubsub"
}

/// Whom a rule of access is about. A text of `#` alone stands for any.
public indirect enum AccessSubject: Sendable, Equatable {
    /// Every client.
    case everyone
    /// Clients with this user name.
    case userName(String)
    /// The client with this identifier.
    case clientID(String)
    /// Clients at this address, or in this network, such as `192.0.2.0/24` or `2001:db8::/32`.
    case address(String)
    /// Clients which all of these are about.
    case all([AccessSubject])
    /// Clients which at least one of these is about.
    case any([AccessSubject])
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// One rule of who may do what. Of a list of rules, the first that matches decides.
public struct AccessRule: Sendable, Hashable {
    /// What becomes of an action that a rule matches.
    public enum Permission: Sendable, Hashable {
        /// It is allowed.
        case allow
        /// It is refused.
        case deny
    }

    /// What a rule is about.
    public struct Actions: OptionSet, Sendable, Hashable {
        /// One bit an action.
        public let rawValue: UInt8

        /// Combines actions by their bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Publishing, wills included.
        public static let publish = Self(rawValue: 1)
        /// Subscribing, and receiving what was subscribed to.
        public static let subscribe = Self(rawValue: 2)
        /// Both.
        public static let all: Self = [.publish, .subscribe]
    }

    /// Whom a rule is about.
    public indirect enum Subject: Sendable, Hashable {
        /// Every client.
        case everyone
        /// The client with this user name; `#` stands for every client, with or without a user name.
        case userName(String)
        /// The client with this identifier; `#` stands for every client.
        case clientIdentifier(String)
        /// The clients that connect from these addresses. Clients that do not connect from an IP address are not among
        /// them.
        case address(AddressRange)
        /// The clients that all of these are about; every client if there are none.
        case all([Subject])
        /// The clients that at least one of these is about; no client if there are none.
        case any([Subject])
    }

    /// Whether what it matches is allowed.
    public var permission: Permission
    /// Whom it is about.
    public var subject: Subject
    /// What it is about.
    public var actions: Actions
    /// The topics it is about; none stands for all topics, those that start with `$` included.
    public var topics: [TopicPattern]

    /// Puts a rule together.
    public init(
        _ permission: Permission,
        _ subject: Subject = .everyone,
        _ actions: Actions = .all,
        topics: [TopicPattern] = []
    ) {
        self.permission = permission
        self.subject = subject
        self.actions = actions
        self.topics = topics
    }
}

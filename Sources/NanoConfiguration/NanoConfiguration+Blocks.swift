//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension NanoConfiguration {
    /// The process.
    public struct System: Sendable, Equatable {
        /// The number of event loop threads; `nil` leaves it to the broker.
        public var threads: Int?

        /// The defaults.
        public init() {}
    }

    /// What the broker allows itself and its clients. `nil` means unlimited.
    public struct Limits: Sendable, Equatable {
        /// Connections at one time.
        public var maximumConnections: Int?
        /// New connections per second.
        public var connectRate: Int?
        /// The time from the connection to the end of the CONNECT packet.
        public var connectTimeout: Duration = .seconds(15)
        /// Bytes accepted from a connection before its CONNECT packet is complete.
        public var maximumConnectSize = 64 << 10
        /// Bytes waiting to be written to one connection.
        public var maximumOutboundBytes = 8 << 20
        /// The time a connection may read nothing while bytes wait for it.
        public var stuckReaderTimeout: Duration? = .seconds(60)
        /// Retained messages altogether.
        public var maximumRetainedMessages: Int? = 1_000_000
        /// Bytes of retained messages altogether.
        public var maximumRetainedBytes: Int? = 256 << 20
        /// The time that connections get to end when the broker stops.
        public var shutdownTimeout: Duration = .seconds(5)

        /// The defaults.
        public init() {}
    }

    /// The topics below `$SYS`.
    public struct SystemTopics: Sendable, Equatable {
        /// The time between two publications of the statistics; zero switches them off.
        public var interval: Duration = .seconds(60)
        /// Whether clients which come and go are published.
        public var presence = true
        /// The name of this broker in the topics.
        public var node = "nanomq"
        /// Whether clients may publish below `$SYS`.
        public var allowPublish = false

        /// The defaults.
        public init() {}
    }

    /// The log.
    public struct Log: Sendable, Equatable {
        /// How serious a message must be to be written.
        public var level: LogLevel = .info
        /// Where messages are written; empty for nowhere.
        public var destinations: [LogDestination] = [.console]

        /// The defaults.
        public init() {}
    }

    /// Access. There is no access control yet, so only the open setting loads.
    public struct Access: Sendable, Equatable {
        /// Whether clients may connect without a user name.
        public var allowAnonymous = true
        /// What happens to a topic which no rule speaks of.
        public var noMatch: AccessDecision = .allow
        /// What happens to a client which is refused a topic.
        public var denyAction: DenyAction = .ignore

        /// The defaults.
        public init() {}
    }
}

/// How serious a log message is, least serious first.
public enum LogLevel: String, ConfigurationChoice {
    /// Every step.
    case trace
    /// For finding faults.
    case debug
    /// What normally happens.
    case info
    /// What should not happen, but is coped with.
    case warn
    /// What failed.
    case error
    /// What ends the process.
    case fatal
}

/// Where log messages are written.
public enum LogDestination: String, ConfigurationChoice {
    /// The standard error stream.
    case console
}

/// A decision on access.
public enum AccessDecision: String, ConfigurationChoice {
    /// Access is given.
    case allow
    /// Access is refused.
    case deny
}

/// What happens to a client which is refused a topic.
public enum DenyAction: String, ConfigurationChoice {
    /// The request is refused, the client stays.
    case ignore
    /// The client is disconnected.
    case disconnect
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What is in a database, and how much room it takes.
public struct StoreStatistics: Sendable, Equatable {
    /// One session with many messages.
    public struct Session: Sendable, Equatable {
        /// The client's identifier.
        public var client: String
        /// Messages that wait for it, or have not been acknowledged.
        public var messages: Int
        /// Bytes of these messages.
        public var bytes: Int
    }

    /// The version of the tables.
    public var schemaVersion = 0
    /// Sessions.
    public var sessions = 0
    /// Subscriptions of all sessions.
    public var subscriptions = 0
    /// Messages, each counted once.
    public var messages = 0
    /// Bytes of these messages: topics, properties and payloads.
    public var bytes = 0
    /// Messages for sessions, each counted as often as there are sessions that it is due to.
    public var deliveries = 0
    /// Topics with a retained message.
    public var retained = 0
    /// Sessions that have ended, and whose messages are still to be cleared away.
    public var ended = 0
    /// When the oldest message came, milliseconds since 1970; nil: there is none.
    public var oldestMessage: Int64?
    /// When a broker last wrote, milliseconds since 1970; nil: none has.
    public var lastWritten: Int64?
    /// The size of the database.
    public var fileBytes = 0
    /// Bytes of it that hold nothing; a broker uses them again, and compacting gives them back.
    public var freeBytes = 0
    /// The sessions with the most messages, ten at most.
    public var biggestSessions: [Session] = []

    /// Nothing.
    public init() {}
}

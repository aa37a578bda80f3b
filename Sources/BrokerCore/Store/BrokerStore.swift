//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Where a broker keeps what has to outlive it: sessions, their subscriptions and messages, and retained messages.
///
/// Shards submit what has changed and never wait for it to be written. The store writes in the order of submission: it
/// never holds what was submitted later without what was submitted before, and what one call submits it holds as a
/// whole or not at all. What is safe it reports (``StoreReport/committed(ticket:)``), and only then a shard tells
/// clients what depends on it. Nothing depends on what QoS 1 has been sent under: that it may keep back for a while, as
/// long as it keeps back what has been sent to the same session later too.
///
/// All of it may be called on any thread, and none of it waits for a disk.
package protocol BrokerStore: AnyObject, Sendable {
    /// Takes over what has changed on a shard.
    ///
    /// - Parameter ticket: what the shard knows these changes by; it grows by one from call to call.
    func submit(_ operations: [StoreOperation], from shard: Int, ticket: UInt64)

    /// Reads a part of a session's messages, as they are after everything that has been submitted before. The answer
    /// is a ``StoreReport/backlog(_:)``.
    func fetch(_ request: BacklogRequest, for shard: Int)

    /// Whether it could write lately. While it can't, what is submitted stays in memory until it can again.
    var isAvailable: Bool { get }

    /// Whether more waits to be written than should: publishers are better read no further for now.
    var isCongested: Bool { get }

    /// Messages it held after it last wrote.
    var messageCount: Int { get }

    /// Bytes of these messages: topics, properties and payloads.
    var byteCount: Int { get }
}

/// What a store tells a shard.
package enum StoreReport: Sendable {
    /// Everything that the shard has submitted up to this ticket is safe, but for what the store may keep back.
    case committed(ticket: UInt64)
    /// The answer to a ``BacklogRequest``.
    case backlog(BacklogPage)
    /// A ``BacklogRequest`` cannot be answered for now. The store tries again by itself.
    case unreadable(BacklogRequest)
}

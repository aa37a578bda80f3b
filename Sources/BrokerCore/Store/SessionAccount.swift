//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization

/// What all shards know of a session that is kept: its number in the store, and how much waits for it.
///
/// The session itself lives on one shard; this goes with its subscriptions into the tree, so that whoever publishes
/// knows for whom a message has to be stored.
final class SessionAccount: Sendable {
    let number: StoreNumber
    private let messages = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    private let stored: Atomic<Bool>

    init(number: StoreNumber, isStored: Bool = false) {
        self.number = number
        self.stored = Atomic(isStored)
    }

    /// Whether the store is known to hold the session.
    var isStored: Bool { self.stored.load(ordering: .relaxed) }

    func noteStored() { self.stored.store(true, ordering: .relaxed) }

    /// Messages that wait for the client.
    var messageCount: Int { self.messages.load(ordering: .relaxed) }

    /// Bytes of these messages.
    var byteCount: Int { self.bytes.load(ordering: .relaxed) }

    /// Only the session's shard says how much it is.
    func set(messageCount: Int, byteCount: Int) {
        self.messages.store(messageCount, ordering: .relaxed)
        self.bytes.store(byteCount, ordering: .relaxed)
    }
}

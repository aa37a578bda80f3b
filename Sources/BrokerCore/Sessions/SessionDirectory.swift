//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization

/// Which shard has, or is about to have, the session of each client identifier.
///
/// The one place where two connections with the same client identifier on two loops meet: the later one to
/// ``claim(_:for:)`` wins, and learns whom to ask for the session.
final class SessionDirectory: Sendable {
    private let shards = Mutex<[UTF8String: UInt16]>([:])

    /// Makes `shard` the owner.
    ///
    /// - Returns: the owner so far; nil: there is no such session.
    func claim(_ client: UTF8String, for shard: UInt16) -> UInt16? {
        self.shards.withLock { $0.updateValue(shard, forKey: client) }
    }

    /// The session has ended; has no effect if another shard has claimed it meanwhile.
    func remove(_ client: UTF8String, ownedBy shard: UInt16) {
        self.shards.withLock {
            if $0[client] == shard { $0[client] = nil }
        }
    }

    /// Sessions there are.
    var count: Int { self.shards.withLock { $0.count } }
}

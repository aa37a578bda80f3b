//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization

/// A stretch of time in which one shard has, or is about to have, a client's session.
///
/// When clients change shards faster than sessions do, the same shard may have several at once: one whose session is
/// still here, and later ones that wait for it to come back. The number tells them apart.
package struct SessionTenure: Hashable, Sendable {
    /// The shard in the upper 16 bits, the number in the others: small, since every session has one.
    private let value: UInt64

    init(shard: UInt16, number: UInt64) {
        self.value = UInt64(shard) << 48 | number & (1 << 48 - 1)
    }

    var shard: UInt16 { UInt16(truncatingIfNeeded: self.value >> 48) }
}

/// Which shard has, or is about to have, the session of each client identifier.
///
/// The one place where two connections with the same client identifier on two loops meet: the later one to
/// ``claim(_:for:)`` wins, and learns whom to ask for the session.
final class SessionDirectory: Sendable {
    private struct State {
        var tenures: [UTF8String: SessionTenure] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Makes `shard` the owner; if it is already, its tenure goes on.
    ///
    /// - Returns: the tenure that this client's session has now, and the one before; nil: there is no such session.
    func claim(_ client: UTF8String, for shard: UInt16) -> (now: SessionTenure, before: SessionTenure?) {
        self.state.withLock { state in
            let before = state.tenures[client]
            if let before, before.shard == shard { return (before, before) }
            state.lastNumber += 1
            let now = SessionTenure(shard: shard, number: state.lastNumber)
            state.tenures[client] = now
            return (now, before)
        }
    }

    /// The session has ended; has no effect if it has been claimed since this tenure began.
    func remove(_ client: UTF8String, endOf tenure: SessionTenure) {
        self.state.withLock {
            if $0.tenures[client] == tenure { $0.tenures[client] = nil }
        }
    }

    /// Sessions there are.
    var count: Int { self.state.withLock { $0.tenures.count } }
}

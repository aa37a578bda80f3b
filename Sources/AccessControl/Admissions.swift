//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore
import Synchronization

/// With which record of their password users were let in, where that could be in doubt.
///
/// As long as a user's record has never changed there is nothing to note, so this is empty as a rule. Who is not noted
/// here, and has a record that did change, is taken to have come with an older one and is sent away.
final class Admissions: Sendable {
    /// By a hash of user name and peer, whose port tells connections apart. Hashes are seeded anew in each process:
    /// nobody can make two equal ones.
    private let updates = Mutex<[Int: UInt64]>([:])
    private let capacity: Int

    init(capacity: Int = 65_536) {
        self.capacity = capacity
    }

    private static func hash(_ client: ClientInfo) -> Int {
        var hasher = Hasher()
        hasher.combine(client.userName.map { UTF8String($0) })
        hasher.combine(UTF8String(client.peer.host))
        hasher.combine(client.peer.port)
        return hasher.finalize()
    }

    /// A client has shown the password of a record.
    func note(_ client: ClientInfo, _ user: AccessSnapshot.User) {
        guard user.since > 0 else { return }
        let hash = Self.hash(client)
        self.updates.withLock { updates in
            // A connection that ends before it is accepted is not taken out again.
            if updates.count >= self.capacity { updates.removeAll() }
            updates[hash] = user.since
        }
    }

    /// Whether a client has come with the record that its user has now.
    func holds(_ client: ClientInfo, _ user: AccessSnapshot.User) -> Bool {
        guard user.since > 0 else { return true }
        let hash = Self.hash(client)
        return self.updates.withLock { $0[hash] } == user.since
    }

    func forget(_ client: ClientInfo) {
        let hash = Self.hash(client)
        self.updates.withLock { updates in
            guard !updates.isEmpty else { return }
            updates[hash] = nil
        }
    }

    /// Connections that are noted.
    var count: Int { self.updates.withLock { $0.count } }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore
import Synchronization

/// The ``ClientAccess`` of clients that have done something lately. It belongs to one set of rules and goes with it.
///
/// Split into parts with a lock each, so that event loops do not wait for each other.
final class ClientAccessCache: Sendable {
    private final class Part: Sendable {
        /// By a hash of what is compared; who comes with the same hash takes the other's place.
        let entries = Mutex<[Int: ClientAccess]>([:])
    }

    private let parts: [Part]
    private let capacity: Int

    /// - Parameter capacity: clients that are remembered; beyond it a part starts again from nothing
    init(capacity: Int = 65_536, parts: Int = 16) {
        self.parts = (0..<max(parts, 1)).map { _ in Part() }
        self.capacity = max(capacity / self.parts.count, 1)
    }

    private static func hash(_ client: ClientInfo) -> Int {
        var hasher = Hasher()
        client.clientIdentifier.utf8Span.span.withUnsafeBytes { hasher.combine(bytes: $0) }
        client.peer.host.utf8Span.span.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    private func part(_ hash: Int) -> Part {
        self.parts[Int(UInt(bitPattern: hash) % UInt(self.parts.count))]
    }

    /// What is known of a client, or else what `find` finds.
    func access(of client: ClientInfo, find: () -> ClientAccess) -> ClientAccess {
        let hash = Self.hash(client)
        let part = self.part(hash)
        let known = part.entries.withLock { $0[hash] }
        if let known, known.isAbout(client) { return known }
        let found = find()
        part.entries.withLock { entries in
            if entries.count >= self.capacity { entries.removeAll(keepingCapacity: true) }
            entries[hash] = found
        }
        return found
    }

    func forget(_ client: ClientInfo) {
        let hash = Self.hash(client)
        self.part(hash).entries.withLock { _ = $0.removeValue(forKey: hash) }
    }

    /// Clients that are remembered.
    var count: Int { self.parts.reduce(0) { $0 + $1.entries.withLock { $0.count } } }
}

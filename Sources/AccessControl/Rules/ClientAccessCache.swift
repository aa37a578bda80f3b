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
    /// A client identifier, by its bytes.
    private struct Key: Hashable {
        let identifier: String

        static func == (left: Self, right: Self) -> Bool { left.identifier.hasSameBytes(as: right.identifier) }

        func hash(into hasher: inout Hasher) {
            self.identifier.utf8Span.span.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }

    private final class Part: Sendable {
        /// Who comes with the same identifier and another user name or address takes the other's place.
        let entries = Mutex<[Key: ClientAccess]>([:])
    }

    private let parts: [Part]
    private let capacity: Int

    /// - Parameter capacity: clients that are remembered; beyond it a part starts again from nothing
    init(capacity: Int = 65_536, parts: Int = 16) {
        self.parts = (0..<max(parts, 1)).map { _ in Part() }
        self.capacity = max(capacity / self.parts.count, 1)
    }

    /// By the port, which costs nothing to look at.
    private func part(_ client: ClientInfo) -> Part { self.parts[Int(client.peer.port) % self.parts.count] }

    /// What is known of a client, or else what `find` finds.
    func access(of client: ClientInfo, find: () -> ClientAccess) -> ClientAccess {
        let part = self.part(client)
        let key = Key(identifier: client.clientIdentifier)
        if let known = part.entries.withLock({ $0[key] }), known.isAbout(client) { return known }
        let found = find()
        part.entries.withLock { entries in
            if entries.count >= self.capacity { entries.removeAll(keepingCapacity: true) }
            entries[key] = found
        }
        return found
    }

    func forget(_ client: ClientInfo) {
        self.part(client).entries.withLock { _ = $0.removeValue(forKey: Key(identifier: client.clientIdentifier)) }
    }

    /// Clients that are remembered.
    var count: Int { self.parts.reduce(0) { $0 + $1.entries.withLock { $0.count } } }
}

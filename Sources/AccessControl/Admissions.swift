//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore
import DequeModule
import Synchronization

/// What has let clients in, for when the settings change while they are connected.
///
/// It is noted provisionally when a client is let in, and firmly when it has connected: so this is bounded by the
/// connections, and by `capacity` for those that were let in and have not come. Only what a later change could put in
/// doubt is noted. Who is not noted has either come while all was open, or shown something that has been the same ever
/// since the first settings.
final class Admissions: Sendable {
    /// What has let a client in.
    enum Means: Sendable, Hashable {
        /// The password of its user; the number of the update that brought the record.
        case user(since: UInt64)
        /// One of the further authenticators, by its number.
        case way(UInt64)
        /// Nothing: anonymous clients were allowed, or anybody.
        case open
        /// What proves its connection's user name.
        case connection
        /// An authentication method of another extension.
        case method
    }

    /// What is known of a client that was let in.
    struct Note: Sendable, Hashable {
        let means: Means
        /// The number of the update that brought the settings which let it in.
        let generation: UInt64
    }

    private struct State {
        var firm: [Int: Note] = [:]
        var provisional: [Int: (note: Note, number: UInt64)] = [:]
        /// The keys of `provisional`, the oldest in front; some have gone from there.
        var order: Deque<(key: Int, number: UInt64)> = []
        var nextNumber: UInt64 = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// - Parameter capacity: clients that were let in and may not have come; beyond it the oldest are forgotten
    init(capacity: Int = 65_536) {
        self.capacity = max(capacity, 1)
    }

    /// A hash of what tells connections apart. Hashes are seeded anew in each process: nobody can make two equal ones.
    ///
    /// - Parameter identifier: counts only where peers have no port, as on Unix sockets
    private static func key(_ client: ClientInfo, identifier: String) -> Int {
        var hasher = Hasher()
        hasher.combine(client.userName.map { UTF8String($0) })
        hasher.combine(UTF8String(client.peer.host))
        hasher.combine(client.peer.port)
        hasher.combine(UTF8String(client.origin.listener))
        hasher.combine(client.origin.port)
        if client.peer.port == 0 { hasher.combine(UTF8String(identifier)) }
        return hasher.finalize()
    }

    private static func key(_ client: ClientInfo) -> Int { self.key(client, identifier: client.clientIdentifier) }

    /// A client is let in; it may still be refused by others, or go before it has connected.
    ///
    /// - Parameter note: nil if there is nothing to note; what is left of another client in its place is forgotten
    func admit(_ client: ClientInfo, _ note: Note?) {
        let key = Self.key(client)
        self.state.withLock { state in
            guard let note else {
                if !state.provisional.isEmpty { state.provisional[key] = nil }
                return
            }
            let number = state.nextNumber
            state.nextNumber &+= 1
            state.provisional[key] = (note, number)
            state.order.append((key, number))
            while state.order.count > self.capacity, let oldest = state.order.popFirst() {
                guard state.provisional[oldest.key]?.number == oldest.number else { continue }
                state.provisional[oldest.key] = nil
            }
        }
    }

    /// A client has connected, and has the identifier that it may have been without before.
    func connect(_ client: ClientInfo) {
        let key = Self.key(client)
        self.state.withLock { state in
            guard !state.provisional.isEmpty || !state.firm.isEmpty else { return }
            var known = state.provisional.removeValue(forKey: key)
            if known == nil, client.peer.port == 0 {
                known = state.provisional.removeValue(forKey: Self.key(client, identifier: ""))
            }
            state.firm[key] = known?.note
        }
    }

    /// What has let in a client that is connected; nil if that is not noted.
    func note(of client: ClientInfo) -> Note? {
        let key = Self.key(client)
        return self.state.withLock { $0.firm[key] ?? $0.provisional[key]?.note }
    }

    /// A client's connection has ended.
    func forget(_ client: ClientInfo) {
        let key = Self.key(client)
        self.state.withLock { state in
            guard !state.firm.isEmpty else { return }
            state.firm[key] = nil
        }
    }

    /// Clients that are noted.
    var count: Int { self.state.withLock { $0.firm.count + $0.provisional.count } }
}

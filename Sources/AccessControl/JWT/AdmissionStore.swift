//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import BrokerCore
    import DequeModule
    import Synchronization

    /// What the tokens said of the clients that came with one.
    ///
    /// An admission begins when a token has been accepted, before the broker has let the client in. It is live once the
    /// client is connected, and kept for a while after the connection has ended, because a will is judged only then.
    /// All of this is bounded: by the number of connections, by ``maximumPending`` and by ``maximumDepartedRules``.
    final class AdmissionStore: Sendable {
        /// One client that came with a token.
        struct Admission: Sendable {
            /// Seconds since 1970; infinite if the token does not expire.
            let expiry: Double
            let list: TokenAccessList?
            /// Which settings accepted the token.
            let epoch: UInt64
            fileprivate var number: UInt64 = 0
            fileprivate var isConnected = false
            /// The list for this client. Made here, off the event loops, unless the broker has yet to assign the
            /// client's identifier; then when it is first asked for.
            fileprivate var access: TokenAccess?

            init(expiry: Double, list: TokenAccessList?, epoch: UInt64, client: ClientInfo) {
                self.expiry = expiry
                self.list = list
                self.epoch = epoch
                self.access = client.clientIdentifier.isEmpty ? nil : list.map { TokenAccess($0, for: client) }
            }
        }

        /// One connection: the peer's address and port, the listener, and the client identifier, byte by byte.
        fileprivate struct Key: Hashable, Sendable {
            let bytes: [UInt8]

            init(_ client: ClientInfo, identifier: String) {
                var bytes = Array(client.peer.host.utf8)
                bytes.reserveCapacity(bytes.count + identifier.utf8.count + client.origin.listener.utf8.count + 8)
                bytes.append(0)
                withUnsafeBytes(of: client.peer.port) { bytes += $0 }
                withUnsafeBytes(of: client.origin.port) { bytes += $0 }
                bytes += client.origin.listener.utf8
                bytes.append(0)
                bytes += identifier.utf8
                self.bytes = bytes
            }
        }

        fileprivate struct Pending: Sendable {
            let key: Key
            let number: UInt64
            let since: Double
        }

        fileprivate struct State {
            /// The last is the newest. There are several only where peers have no port, as on Unix sockets.
            var live: [Key: [Admission]] = [:]
            /// Of clients that are gone, by client identifier: the broker has one session for each.
            var departed = BoundedMap<[UInt8], (key: Key, admission: Admission)>(limit: maximumDepartedRules)
            /// Accepted, in this order; some have been seen connected meanwhile, or are gone.
            var pending: Deque<Pending> = []
            /// How many of `live` have not been seen connected.
            var waiting = 0
            /// No token of a client that is connected expires earlier. Infinite: none expires.
            var nextExpiry = Double.infinity
            var nextNumber: UInt64 = 0
            var epoch: UInt64 = 0
            var newestEpoch: UInt64 = 0
        }

        /// Clients that have been accepted and not been seen connected yet.
        static let maximumPending = 65_536
        /// Rules of clients that are gone and whose access lists are still known, and for each client as many more as
        /// its own memory weighs.
        static let maximumDepartedRules = 262_144
        fileprivate static let costOfClient = 4
        /// Seconds after which a client that has been accepted and not come is forgotten.
        static let pendingTime = 300.0

        private let state = Mutex(State())

        /// The settings that accept tokens now; 0 at first.
        var epoch: UInt64 { self.state.withLock { $0.epoch } }

        /// A number for other settings. Nothing changes until they are given to ``use(_:)``.
        func makeEpoch() -> UInt64 {
            self.state.withLock { state in
                state.newestEpoch &+= 1
                return state.newestEpoch
            }
        }

        /// These settings accept tokens from now on.
        func use(_ epoch: UInt64) {
            self.state.withLock { $0.epoch = epoch }
        }

        /// A token has been accepted.
        /// - Returns: false if too many clients have been accepted and not come
        func begin(_ admission: Admission, for client: ClientInfo, now: Double) -> Bool {
            self.state.withLock { state in
                state.removeOverdue(now: now)
                state.removePending(of: client)
                guard state.waiting < Self.maximumPending else { return false }
                let key = Key(client, identifier: client.clientIdentifier)
                var admission = admission
                admission.number = state.nextNumber
                state.nextNumber &+= 1
                state.live[key, default: []].append(admission)
                state.waiting += 1
                state.pending.append(Pending(key: key, number: admission.number, since: now))
                return true
            }
        }

        /// A client has come without a token.
        func passBy(_ client: ClientInfo) {
            self.state.withLock { $0.removePending(of: client) }
        }

        /// The client is connected, and so is known by the identifier that it has now.
        func connect(_ client: ClientInfo) {
            self.state.withLock { state in
                guard let key = state.find(client) else { return }
                state.connectNewest(key)
            }
        }

        /// The client's connection has ended.
        func end(_ client: ClientInfo) {
            self.state.withLock { state in
                guard let key = state.find(client), var admissions = state.live[key], !admissions.isEmpty else {
                    return
                }
                var ended = admissions.remove(at: admissions.firstIndex(where: \.isConnected) ?? 0)
                state.live[key] = admissions.isEmpty ? nil : admissions
                if !ended.isConnected { state.waiting -= 1 }
                if state.live.isEmpty { state.nextExpiry = .infinity }
                guard ended.list != nil else { return }
                ended.access = nil
                state.departed.set((key, ended), for: Array(client.clientIdentifier.utf8), cost: ended.cost)
            }
        }

        /// What is known of a client that is connected.
        func live(_ client: ClientInfo) -> Admission? {
            self.state.withLock { state in
                guard let key = state.find(client) else { return nil }
                return state.live[key]?.last
            }
        }

        /// What the token of a client that is connected, or has just gone, says that it may do; nil: it says nothing of
        /// that, or the client did not come with one.
        func access(of client: ClientInfo) -> TokenAccess? {
            self.state.withLock { state in
                guard !state.live.isEmpty || state.departed.count > 0 else { return nil }
                if let key = state.find(client) {
                    var access: TokenAccess?
                    state.updateNewest(key) { access = $0.access(for: client) }
                    return access
                }
                let known = state.departed.value(for: Array(client.clientIdentifier.utf8)) { $0.admission.cost }
                guard var known, known.key == Key(client, identifier: client.clientIdentifier) else { return nil }
                return known.admission.access(for: client)
            }
        }

        /// No token of a connected client expires before this; nil: none expires. It may be too early, when clients
        /// have gone: ``updateNextExpiry()`` finds out.
        var nextExpiry: Double? {
            let earliest = self.state.withLock { $0.nextExpiry }
            return earliest.isFinite ? earliest : nil
        }

        /// Looks at all clients for the one whose token expires next.
        func updateNextExpiry() {
            self.state.withLock { state in
                state.nextExpiry = .infinity
                for case let admission? in state.live.values.lazy.map(\.last) where admission.isConnected {
                    state.nextExpiry = min(state.nextExpiry, admission.expiry)
                }
            }
        }

        /// Clients that came with a token and are connected or about to be.
        var count: Int { self.state.withLock { $0.live.count } }

        /// Whether anything is known of anybody.
        var knowsClients: Bool { self.state.withLock { !$0.live.isEmpty || $0.departed.count > 0 } }

        /// How long the queue is of those who have been accepted.
        var placesInQueue: Int { self.state.withLock { $0.pending.count } }
    }

    // MARK: Tables

    extension AdmissionStore.State {
        /// The key of a live client. One that was accepted without an identifier gets the one the broker has assigned.
        fileprivate mutating func find(_ client: ClientInfo) -> AdmissionStore.Key? {
            let key = AdmissionStore.Key(client, identifier: client.clientIdentifier)
            if self.live[key] != nil { return key }
            // Where peers have no port, several connections would share the key without an identifier.
            let nameless = AdmissionStore.Key(client, identifier: "")
            guard client.peer.port != 0, let admissions = self.live.removeValue(forKey: nameless) else { return nil }
            self.live[key] = admissions
            self.connectNewest(key)
            return key
        }

        /// The client is connected now.
        fileprivate mutating func connectNewest(_ key: AdmissionStore.Key) {
            guard let newest = self.live[key]?.last, !newest.isConnected else { return }
            self.updateNewest(key) { $0.isConnected = true }
            self.waiting -= 1
            self.nextExpiry = min(self.nextExpiry, newest.expiry)
        }

        fileprivate mutating func updateNewest(
            _ key: AdmissionStore.Key,
            _ update: (inout AdmissionStore.Admission) -> Void
        ) {
            guard var admissions = self.live.removeValue(forKey: key), var newest = admissions.popLast() else { return }
            update(&newest)
            admissions.append(newest)
            self.live[key] = admissions
        }

        /// Whoever had this peer's address and port before, and was accepted, has not come: there is another client
        /// now.
        fileprivate mutating func removePending(of client: ClientInfo) {
            guard client.peer.port != 0, self.waiting > 0 else { return }
            for identifier in [client.clientIdentifier, ""] {
                self.removePending(AdmissionStore.Key(client, identifier: identifier)) { _ in true }
            }
        }

        /// Forgets whom it has waited for too long, and the places in the queue of those who have come.
        fileprivate mutating func removeOverdue(now: Double) {
            while let first = self.pending.first {
                let isOverdue = first.since + AdmissionStore.pendingTime < now
                guard isOverdue || !self.isPending(first) else { break }
                self.pending.removeFirst()
                if isOverdue { self.removePending(first.key) { $0.number == first.number } }
            }
            // One that does not come holds up those behind it. Each look at all of them removes at least half.
            if self.pending.count > 2 * self.waiting + 64 {
                self.pending = self.pending.filter { self.isPending($0) }
            }
        }

        private func isPending(_ place: AdmissionStore.Pending) -> Bool {
            self.live[place.key]?.contains { !$0.isConnected && $0.number == place.number } ?? false
        }

        /// Removes those under a key that have not been seen connected and are meant.
        private mutating func removePending(
            _ key: AdmissionStore.Key,
            where isMeant: (AdmissionStore.Admission) -> Bool
        ) {
            guard var admissions = self.live[key] else { return }
            let count = admissions.count
            admissions.removeAll { !$0.isConnected && isMeant($0) }
            self.waiting -= count - admissions.count
            self.live[key] = admissions.isEmpty ? nil : admissions
        }
    }

    extension AdmissionStore.Admission {
        fileprivate var cost: Int { AdmissionStore.costOfClient + (self.list?.rules.count ?? 0) }

        fileprivate mutating func access(for client: ClientInfo) -> TokenAccess? {
            guard let list = self.list else { return nil }
            if let access = self.access { return access }
            let made = TokenAccess(list, for: client)
            self.access = made
            return made
        }
    }
#endif

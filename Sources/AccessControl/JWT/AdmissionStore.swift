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
        private struct Key: Hashable, Sendable {
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

        private struct Pending: Sendable {
            let key: Key
            let number: UInt64
            let since: Double
        }

        private struct State {
            /// The last is the newest. There are several only where peers have no port, as on Unix sockets.
            var live: [Key: [Admission]] = [:]
            /// Of clients that are gone, by client identifier: the broker has one session for each.
            var departed = BoundedMap<[UInt8], (key: Key, admission: Admission)>(limit: maximumDepartedRules)
            /// Accepted, and not seen connected yet.
            var pending: Deque<Pending> = []
            var nextNumber: UInt64 = 0
            var epoch: UInt64 = 0
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

        /// The settings that accept tokens now.
        var epoch: UInt64 { self.state.withLock { $0.epoch } }

        /// Other settings accept tokens from now on.
        func beginEpoch() -> UInt64 {
            self.state.withLock { state in
                state.epoch &+= 1
                return state.epoch
            }
        }

        /// A token has been accepted.
        /// - Returns: false if too many clients have been accepted and not come
        func begin(_ admission: Admission, for client: ClientInfo, now: Double) -> Bool {
            self.state.withLock { state in
                while let first = state.pending.first, first.since + Self.pendingTime < now {
                    state.pending.removeFirst()
                    Self.remove(first.key, in: &state.live) { !$0.isConnected && $0.number == first.number }
                }
                guard state.pending.count < Self.maximumPending else { return false }
                let key = Key(client, identifier: client.clientIdentifier)
                Self.removePending(of: client, in: &state.live)
                var admission = admission
                admission.number = state.nextNumber
                state.nextNumber &+= 1
                state.live[key, default: []].append(admission)
                state.pending.append(Pending(key: key, number: admission.number, since: now))
                return true
            }
        }

        /// A client has come without a token.
        func passBy(_ client: ClientInfo) {
            self.state.withLock { Self.removePending(of: client, in: &$0.live) }
        }

        /// The client is connected, and so is known by the identifier that it has now.
        func connect(_ client: ClientInfo) {
            self.state.withLock { state in
                guard let key = Self.find(client, in: &state.live) else { return }
                Self.updateNewest(key, in: &state.live) { $0.isConnected = true }
            }
        }

        /// The client's connection has ended.
        func end(_ client: ClientInfo) {
            self.state.withLock { state in
                guard let key = Self.find(client, in: &state.live), var admissions = state.live[key],
                    !admissions.isEmpty
                else { return }
                var ended = admissions.remove(at: admissions.firstIndex(where: \.isConnected) ?? 0)
                state.live[key] = admissions.isEmpty ? nil : admissions
                guard ended.list != nil else { return }
                ended.access = nil
                state.departed.set((key, ended), for: Array(client.clientIdentifier.utf8), cost: ended.cost)
            }
        }

        /// What is known of a client that is connected.
        func live(_ client: ClientInfo) -> Admission? {
            self.state.withLock { state in
                guard let key = Self.find(client, in: &state.live) else { return nil }
                return state.live[key]?.last
            }
        }

        /// Whether the client may do something; nil: its token does not say, or it did not come with one.
        func isAllowed(_ request: AuthorizationRequest) -> Bool? {
            let client = request.client
            let access: TokenAccess? = self.state.withLock { state in
                guard !state.live.isEmpty || state.departed.count > 0 else { return nil }
                if let key = Self.find(client, in: &state.live) {
                    var access: TokenAccess?
                    Self.updateNewest(key, in: &state.live) { access = $0.access(for: client) }
                    return access
                }
                let known = state.departed.value(for: Array(client.clientIdentifier.utf8)) { $0.admission.cost }
                guard var known, known.key == Key(client, identifier: client.clientIdentifier) else { return nil }
                return known.admission.access(for: client)
            }
            return access?.allows(request.action)
        }

        /// When the next token of a connected client expires; nil: none does.
        var nextExpiry: Double? {
            let earliest = self.state.withLock { state in
                state.live.values.lazy.compactMap(\.last?.expiry).min()
            }
            return earliest.flatMap { $0.isFinite ? $0 : nil }
        }

        /// Clients that came with a token and are connected or about to be.
        var count: Int { self.state.withLock { $0.live.count } }

        // MARK: Tables

        /// The key of a live client. One that was accepted without an identifier gets the one the broker has assigned.
        private static func find(_ client: ClientInfo, in live: inout [Key: [Admission]]) -> Key? {
            let key = Key(client, identifier: client.clientIdentifier)
            if live[key] != nil { return key }
            // Where peers have no port, several connections would share the key without an identifier.
            guard client.peer.port != 0, let admissions = live.removeValue(forKey: Key(client, identifier: "")) else {
                return nil
            }
            live[key] = admissions
            Self.updateNewest(key, in: &live) { $0.isConnected = true }
            return key
        }

        /// Whoever had this peer's address and port before, and was accepted, has not come: there is another client
        /// now.
        private static func removePending(of client: ClientInfo, in live: inout [Key: [Admission]]) {
            guard client.peer.port != 0, !live.isEmpty else { return }
            Self.remove(Key(client, identifier: client.clientIdentifier), in: &live) { !$0.isConnected }
            Self.remove(Key(client, identifier: ""), in: &live) { !$0.isConnected }
        }

        private static func updateNewest(
            _ key: Key,
            in live: inout [Key: [Admission]],
            _ update: (inout Admission) -> Void
        ) {
            guard var admissions = live.removeValue(forKey: key), var newest = admissions.popLast() else { return }
            update(&newest)
            admissions.append(newest)
            live[key] = admissions
        }

        private static func remove(
            _ key: Key,
            in live: inout [Key: [Admission]],
            where isGone: (Admission) -> Bool
        ) {
            guard var admissions = live[key] else { return }
            admissions.removeAll(where: isGone)
            live[key] = admissions.isEmpty ? nil : admissions
        }
    }

    extension AdmissionStore.Admission {
        fileprivate var cost: Int { AdmissionStore.costOfClient + (self.list?.rules.count ?? 0) }

        fileprivate mutating func access(for client: ClientInfo) -> TokenAccess? {
            guard let list = self.list else { return nil }
            // Who is asked about has connected.
            self.isConnected = true
            if let access = self.access { return access }
            let made = TokenAccess(list, for: client)
            self.access = made
            return made
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    public import BrokerCore
    import FoundationEssentials
    public import MQTTCodec
    import NIOCore
    import Synchronization

    /// Accepts JSON Web Tokens (RFC 7519) as passwords, and lets their `acl` claim decide what a client may do.
    ///
    /// A password that is no token is somebody else's business; one that is a token and is not accepted is refused with
    /// 0x86, or with 0x87 if its signature is right and only its time is wrong. Whoever owns it tells it of
    /// ``connected(_:)`` and ``forget(_:)``: what a token said is kept as long as the connection lives.
    public final class JWTAccess: Authenticator, Authorizer, Sendable {
        private let settings: JWTSettings
        private let keys: TokenKeys
        private let store: AdmissionStore
        private let epoch: UInt64
        private let now: @Sendable () -> Double
        private let onEvent: @Sendable (JWTEvent) -> Void
        private let underWay = Atomic<Int>(0)

        /// Reads the keys.
        ///
        /// - Parameters:
        ///   - settings: which tokens are accepted.
        ///   - previous: what it is to stand in for after the configuration has changed. It shares what is known of the
        ///     clients, and nothing changes for them until ``takeOver()``.
        ///   - now: seconds since 1970.
        ///   - onEvent: told of each refusal; called on any thread, may not block.
        public init(
            _ settings: JWTSettings,
            replacing previous: JWTAccess? = nil,
            now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 },
            onEvent: @escaping @Sendable (JWTEvent) -> Void = { _ in }
        ) async throws(JWTSettingsError) {
            self.settings = settings
            self.keys = try await TokenKeys(settings)
            self.now = now
            self.onEvent = onEvent
            let store = previous?.store ?? AdmissionStore()
            self.store = store
            let current = store.epoch
            // One that has been revoked is not gone on with.
            self.epoch =
                if let previous, previous.settings != settings || previous.epoch != current { store.makeEpoch() } else {
                    current
                }
        }

        /// Stands in for the previous one from now on. If the settings differ, the clients that came with a token have
        /// to go at the next ``mayStay(_:)`` and come again.
        public func takeOver() {
            self.store.use(self.epoch)
        }

        /// All clients that came with a token have to go at the next ``mayStay(_:)``: for when tokens are no longer
        /// accepted. It has to be asked for that long.
        public func revoke() {
            self.store.use(self.store.makeEpoch())
        }

        // MARK: Who

        /// Accepts or refuses a client whose password is a token.
        public func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> {
            guard case .connect = request.stage, request.method == nil, let password = request.password,
                TokenText.isLike(password.readableBytesView)
            else {
                if case .connect = request.stage { self.store.passBy(request.client) }
                return .now(.pass)
            }
            let client = request.client
            guard password.readableBytes <= self.settings.maximumTokenSize else {
                return .now(self.refuse(client, .tooLarge))
            }
            guard self.underWay.add(1, ordering: .relaxed).newValue <= self.settings.maximumConcurrency else {
                self.underWay.subtract(1, ordering: .relaxed)
                return .now(self.refuse(client, .busy))
            }
            let bytes = Array(password.readableBytesView)
            return .later {
                defer { self.underWay.subtract(1, ordering: .relaxed) }
                return self.verdict(bytes, client)
            }
        }

        private func verdict(_ bytes: [UInt8], _ client: ClientInfo) -> AuthenticationVerdict {
            guard let encoded = TokenText.header(of: bytes), Self.isObject(encoded) else {
                self.store.passBy(client)
                return .pass
            }
            do throws(JWTFault) {
                guard let token = TokenText(bytes),
                    let header = try? JSONDecoder().decode(TokenHeader.self, from: encoded)
                else { throw .malformed }
                guard !header.isCritical else { throw .critical }
                try self.keys.check(token, header)
                let claims = try self.claims(token)
                let now = self.now()
                try claims.check(
                    self.settings,
                    now: now,
                    userName: client.userName,
                    clientIdentifier: client.clientIdentifier
                )
                // On a Unix socket, a client without an identifier could not be told from the others.
                guard client.peer.port != 0 || !client.clientIdentifier.isEmpty else { throw .clientIdentifier }
                let expiry = claims.expiry.map { $0 + Double(self.settings.leeway) } ?? .infinity
                let admission = AdmissionStore.Admission(
                    expiry: expiry,
                    list: claims.access,
                    epoch: self.epoch,
                    client: client
                )
                guard self.store.begin(admission, for: client, now: now) else { throw .busy }
                return .accept()
            } catch {
                return self.refuse(client, error)
            }
        }

        private func claims(_ token: TokenText) throws(JWTFault) -> TokenClaims {
            do {
                return try JSONDecoder().decode(TokenClaims.self, from: token.payload, configuration: self.settings)
            } catch {
                throw error as? JWTFault ?? .malformed
            }
        }

        /// Whether it is JSON and an object: then it is a token's header, if perhaps a bad one.
        private static func isObject(_ data: Data) -> Bool {
            struct Anything: Decodable {
                private enum CodingKeys: CodingKey {}
                init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: CodingKeys.self) }
            }
            return (try? JSONDecoder().decode(Anything.self, from: data)) != nil
        }

        private func refuse(_ client: ClientInfo, _ fault: JWTFault) -> AuthenticationVerdict {
            self.onEvent(.refused(clientIdentifier: client.clientIdentifier, fault))
            return switch fault {
            case .busy: .refuse(.serverBusy)
            // Claims are looked at only when the signature is right: nobody has guessed.
            case .expired, .noExpiry, .notYetValid: .refuse(.notAuthorized)
            default: .refuse(.badUserNameOrPassword)
            }
        }

        /// 0x86 only: who is refused with 0x87 has shown a token of ours, whose time is wrong.
        public var guesses: Set<ReasonCode> { [.badUserNameOrPassword] }

        /// Whether the client's token would still be accepted: it has not expired, and the settings are the same. nil:
        /// it did not come with a token.
        public func mayStay(_ client: ClientInfo) -> Answer<Bool?> {
            guard let admission = self.store.live(client) else { return .now(nil) }
            return .now(admission.epoch == self.store.epoch && !self.hasExpired(admission))
        }

        private func hasExpired(_ admission: AdmissionStore.Admission) -> Bool {
            self.settings.disconnectsAtExpiry && self.now() >= admission.expiry
        }

        /// When to ask ``mayStay(_:)`` of the clients, because a token expires, in seconds since 1970; nil: none does.
        /// It costs nothing. It may be too early, when clients have gone: ``updateNextExpiry()`` makes it exact.
        public var nextExpiry: Double? {
            self.settings.disconnectsAtExpiry ? self.store.nextExpiry : nil
        }

        /// Whether ``nextExpiry`` has come.
        public var hasExpiry: Bool { self.nextExpiry.map { $0 <= self.now() } ?? false }

        /// Looks at all clients for the one whose token expires next.
        public func updateNextExpiry() {
            self.store.updateNextExpiry()
        }

        /// Whether there are clients that came with a token, or wills of such clients that it could still be asked about.
        public var knowsClients: Bool { self.store.knowsClients }

        // MARK: What

        /// True: what a token says does not change. That it expires is the business of ``mayStay(_:)``.
        public var isLasting: Bool { true }

        /// Obeys the token's access list, if the client came with a token that has one.
        public func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
            guard let access = self.store.access(of: request.client) else { return .now(.pass) }
            return .now(access.allows(request.action) ? .allow : .deny(.notAuthorized))
        }

        /// Obeys the token's access list: what waited in a session may have been subscribed to with another token.
        public func mayReceive(_ message: Message, client: ClientInfo) -> Bool? {
            self.store.access(of: client)?.allowsReceiving(message.topic)
        }

        // MARK: Clients

        /// The client is connected. To be called for each client, also those that came without a token.
        public func connected(_ client: ClientInfo) {
            self.store.connect(client)
        }

        /// The client's connection has ended. Its access list is still known for a while, for its will.
        public func forget(_ client: ClientInfo) {
            self.store.end(client)
        }
    }
#endif

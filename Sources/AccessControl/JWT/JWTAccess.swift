//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    public import BrokerCore
    import FoundationEssentials
    import MQTTCodec
    import NIOCore
    import Synchronization

    /// Accepts JSON Web Tokens (RFC 7519) as passwords, and lets their `acl` claim decide what a client may do.
    ///
    /// A password that is no token is somebody else's business; one that is a token and is not accepted is refused with
    /// 0x86. Whoever owns it tells it of ``connected(_:)`` and ``forget(_:)``: what a token said is kept as long as the
    /// connection lives.
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
        ///   - previous: what it stands in for after the configuration has changed. It takes over what is known of the
        ///     clients. If the settings differ, they have to go at the next ``mayStay(_:)`` and come again.
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
            self.store = previous?.store ?? AdmissionStore()
            self.epoch =
                if let previous, previous.settings == settings { previous.epoch } else { self.store.beginEpoch() }
        }

        /// All clients that came with a token have to go at the next ``mayStay(_:)``: for when tokens are no longer
        /// accepted. It has to be asked for that long.
        public func revoke() {
            _ = self.store.beginEpoch()
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
            return .refuse(fault == .busy ? .serverBusy : .badUserNameOrPassword)
        }

        /// Whether the client's token would still be accepted: it has not expired, and the settings are the same. nil:
        /// it did not come with a token.
        public func mayStay(_ client: ClientInfo) -> Answer<Bool?> {
            guard let admission = self.store.live(client) else { return .now(nil) }
            return .now(admission.epoch == self.store.epoch && !self.hasExpired(admission))
        }

        /// Whether the client came with a token that has expired, and has to go for it.
        public func hasExpired(_ client: ClientInfo) -> Bool {
            self.store.live(client).map(self.hasExpired) ?? false
        }

        private func hasExpired(_ admission: AdmissionStore.Admission) -> Bool {
            self.settings.disconnectsAtExpiry && self.now() >= admission.expiry
        }

        /// When the next token of a client expires that has to go for it, in seconds since 1970; nil: none does. Looks
        /// at all of them, so ask once for each timer and not for each client.
        public var nextExpiry: Double? {
            self.settings.disconnectsAtExpiry ? self.store.nextExpiry : nil
        }

        // MARK: What

        /// True: what a token says does not change. That it expires is the business of ``mayStay(_:)``.
        public var isLasting: Bool { true }

        /// Obeys the token's access list, if the client came with a token that has one.
        public func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
            switch self.store.isAllowed(request) {
            case nil: .now(.pass)
            case true?: .now(.allow)
            case false?: .now(.deny(.notAuthorized))
            }
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

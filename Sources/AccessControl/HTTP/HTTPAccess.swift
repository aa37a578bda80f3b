//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    import AsyncHTTPClient
    public import BrokerCore
    import MQTTCodec
    public import NIOCore
    public import NIOPosix
    import Synchronization

    /// Asks an HTTP server who a client is and what it may do.
    ///
    /// Status 200 allows. Another below 500 refuses, with 0x87. No answer in time, no connection and 5xx refuse too: at
    /// CONNECT with 0x88, since nobody has said that the client is wrong, and later with 0x87. It never blocks an event
    /// loop: whoever is asked about waits, and nobody else does.
    ///
    /// The server is protected by a limit on requests under way: whoever finds no place in the queue, or waits there
    /// for too long, is refused at CONNECT with 0x89. Clients are protected from a dead server by a circuit breaker:
    /// while it is open they are refused at once, at CONNECT with 0x88.
    public final class HTTPAccess: Authenticator, Authorizer, Sendable {
        /// One kind of request, and the breaker of the server it goes to.
        struct Endpoint: Sendable {
            let template: HTTPRequestTemplate
            let breaker: CircuitBreaker
            let isAboutTopic: Bool
        }

        enum Reply: Sendable {
            case allowed
            case denied
            case unanswered(HTTPFailure)
        }

        /// More of a response is not read; its connection is closed instead of being used again.
        static let maximumResponseSize = 16_384
        /// An idle connection is closed by us after this time, before most servers do it.
        private static let idleTimeout = TimeAmount.seconds(30)

        private let authentication: Endpoint?
        private let authenticationSettings: HTTPRequestSettings?
        private let superUser: Endpoint?
        private let access: Endpoint?
        private let cache: DecisionCache?
        let timeout: TimeAmount
        let gate: RequestGate
        let client: HTTPClient
        let now: @Sendable () -> NIODeadline
        let onEvent: @Sendable (HTTPAccessEvent) -> Void
        private let hasShutDown = Mutex(false)

        /// Opens no connection yet. ``shutdown()`` has to be called before it is released.
        ///
        /// - Parameters:
        ///   - settings: whom to ask, and how.
        ///   - eventLoopGroup: where the connections to the server live.
        ///   - now: the clock of cache, queue and breaker. A request's own time limit follows the real one.
        ///   - onEvent: told what an operator should know; called on any thread, may not block.
        public init(
            _ settings: HTTPAccessSettings,
            eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
            now: @escaping @Sendable () -> NIODeadline = { .now() },
            onEvent: @escaping @Sendable (HTTPAccessEvent) -> Void = { _ in }
        ) throws(HTTPAccessError) {
            try settings.check()
            var breakers: [String: CircuitBreaker] = [:]
            func endpoint(
                _ request: HTTPRequestSettings?,
                _ kind: HTTPRequestKind
            ) throws(HTTPAccessError) -> Endpoint? {
                guard let request else { return nil }
                let template = try HTTPRequestTemplate(request, kind: kind)
                let breaker =
                    breakers[template.server]
                    ?? CircuitBreaker(failures: settings.breakerFailures, pause: settings.breakerPause)
                breakers[template.server] = breaker
                return Endpoint(template: template, breaker: breaker, isAboutTopic: template.isAboutTopic)
            }
            self.authentication = try endpoint(settings.authentication, .authentication)
            self.authenticationSettings = settings.authentication
            self.superUser = try endpoint(settings.superUser, .superUser)
            self.access = try endpoint(settings.access, .access)
            self.cache = DecisionCache(lifetime: settings.cacheTime, maximumEntries: settings.maximumCachedAnswers)
            self.timeout = settings.timeout
            self.gate = RequestGate(
                limit: settings.maximumConcurrency ?? settings.poolSize,
                maximumWaiting: settings.maximumWaiting,
                now: now
            )
            self.now = now
            self.onEvent = onEvent
            self.client = HTTPClient(
                eventLoopGroup: eventLoopGroup,
                configuration: try settings.clientConfiguration(idleTimeout: Self.idleTimeout)
            )
        }

        /// Breaks off what is under way, refuses whoever waits, and closes all connections. From then on it refuses.
        public func shutdown() async {
            let isFirst = self.hasShutDown.withLock { hasShutDown in
                defer { hasShutDown = true }
                return !hasShutDown
            }
            guard isFirst else { return }
            self.gate.close()
            // It only fails if it has been shut down before, and nobody else has the client.
            try? await self.client.shutdown()
        }

        var isShutDown: Bool { self.hasShutDown.withLock { $0 } }

        // MARK: Who

        /// Asks `auth_req`, if there is one, about a client that connects. Has no opinion on enhanced authentication: a
        /// method that the server has not heard of may not be accepted by it [MQTT-4.12.0-1].
        public func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> {
            guard let endpoint = self.authentication, case .connect = request.stage, request.method == nil else {
                return .now(.pass)
            }
            let subject = HTTPSubject(
                client: request.client,
                password: request.password.map { Array($0.readableBytesView) }
            )
            let key = self.cache?.key(.authenticated, subject, isAboutTopic: false)
            if self.remembers(key) { return .now(.accept()) }
            return .later {
                switch await self.ask(endpoint, subject) {
                case .allowed:
                    self.remember(key)
                    return .accept()
                case .denied: return .refuse(.notAuthorized)
                case .unanswered(.busy): return .refuse(.serverBusy)
                case .unanswered(.unrepresentable): return .refuse(.notAuthorized)
                // Not 0x87: nobody has said that the client gave wrong credentials, so it has not guessed either.
                case .unanswered: return .refuse(.serverUnavailable)
                }
            }
        }

        /// Has no opinion: an answer holds for `cacheTime`, and a connection that was let in stays.
        public func mayStay(_ client: ClientInfo) -> Answer<Bool?> { .now(nil) }

        /// True with `auth_req`: its server is asked about every client.
        public var judgesEverybody: Bool { self.authentication != nil }

        /// Whether the other asks the same: then who was let in by that one may stay.
        public func isSame(as earlier: any Authenticator) -> Bool {
            (earlier as? HTTPAccess)?.authenticationSettings == self.authenticationSettings && earlier is HTTPAccess
        }

        // MARK: What

        /// False: the server may answer differently each time. True if there is nothing to ask it about.
        public var isLasting: Bool { self.superUser == nil && self.access == nil }

        /// Asks `super_req`, then `acl_req`, as far as there are such. A server that does not answer the first has not
        /// said that the client is a super user; the second decides then.
        public func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
            guard self.superUser != nil || self.access != nil else { return .now(.pass) }
            var subject = HTTPSubject(client: request.client)
            switch request.action {
            case .publish(let topic, _, _), .will(let topic, _, _):
                subject.access = .publish
                subject.topic = topic
            case .subscribe(let filter, _):
                subject.access = .subscribe
                subject.topic = filter.text
            }
            let allowedKey = self.cache?.key(.allowed, subject, isAboutTopic: true)
            if self.access != nil, self.remembers(allowedKey) { return .now(.allow) }
            var superUser = self.superUser
            let isAboutTopic = superUser?.isAboutTopic ?? false
            let superKey = superUser.flatMap { _ in self.cache?.key(.superUser, subject, isAboutTopic: isAboutTopic) }
            let ordinaryKey = superUser.flatMap { _ in
                self.cache?.key(.ordinaryUser, subject, isAboutTopic: isAboutTopic)
            }
            if self.remembers(superKey) { return .now(.allow) }
            if self.remembers(ordinaryKey) { superUser = nil }
            guard superUser != nil || self.access != nil else { return .now(.pass) }
            return .later { [superUser, subject] in
                if let superUser {
                    switch await self.ask(superUser, subject) {
                    case .allowed:
                        self.remember(superKey)
                        return .allow
                    case .denied: self.remember(ordinaryKey)
                    case .unanswered: break
                    }
                }
                guard let access = self.access else { return .pass }
                switch await self.ask(access, subject) {
                case .allowed:
                    self.remember(allowedKey)
                    return .allow
                case .denied, .unanswered(.unrepresentable): return .deny(.notAuthorized)
                case .unanswered: return .unanswered
                }
            }
        }

        // MARK: Memory

        private func remembers(_ key: DecisionCache.Key?) -> Bool {
            guard let cache = self.cache, let key, !self.isShutDown else { return false }
            return cache.contains(key, at: self.now())
        }

        private func remember(_ key: DecisionCache.Key?) {
            guard let key else { return }
            self.cache?.insert(key, at: self.now())
        }
    }
#endif

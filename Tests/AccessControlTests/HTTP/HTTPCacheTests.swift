//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    @testable import AccessControl
    import BrokerCore
    import MQTTCodec
    import NIOCore
    import NIOPosix
    import Testing

    /// What is asked again, and what is not.
    @Suite struct HTTPCacheTests {
        let clock = TestClock()

        private func settings(_ server: TestHTTPServer) -> HTTPAccessSettings {
            var settings = HTTPAccessSettings()
            let base = "http://127.0.0.1:\(server.port)"
            settings.authentication = .init(url: base + "/auth", parameters: [.init("c", "%c")])
            settings.superUser = .init(url: base + "/super", parameters: [.init("c", "%c")])
            settings.access = .init(url: base + "/acl", parameters: [.init("t", "%t")])
            settings.cacheTime = .seconds(30)
            return settings
        }

        /// Runs one question against a server that answers so; gives the verdict and the paths that were asked.
        private func ask(
            _ access: HTTPAccess,
            _ server: TestHTTPServer,
            _ question: AuthorizationRequest,
            answers: [(String, Int)]
        ) async throws -> String {
            async let verdict = access.authorize(question).value
            for (path, status) in answers {
                let request = try await server.next()
                #expect(request.raw.hasPrefix("POST \(path) "))
                request.answer(status)
            }
            return await verdict.text
        }

        @Test func whatWasAllowedIsRememberedForItsTime() async throws {
            let server = try await TestHTTPServer()
            let access = try HTTPAccess(self.settings(server), now: { self.clock.now })
            async let verdict = access.authenticate(Guest().authentication()).value
            try await server.next().answer(200)
            #expect(await verdict.text == "accept")
            #expect(access.authenticate(Guest().authentication()).known?.text == "accept")
            // Anything that is different makes it another question.
            for other in [
                Guest(clientIdentifier: "sensor-8"), Guest(userName: "bert"), Guest(userName: nil),
                Guest(password: ByteBuffer(string: "guess")), Guest(password: nil),
                Guest(peer: PeerAddress(host: "192.0.2.8", port: 40_001)), Guest(version: .v3_1),
                Guest(clientIdentifier: "sensor-7anna", userName: ""),
            ] {
                #expect(access.authenticate(other.authentication()).known == nil)
            }
            // The port of the client changes with each connection.
            let again = Guest(peer: PeerAddress(host: "192.0.2.7", port: 50_000))
            #expect(access.authenticate(again.authentication()).known?.text == "accept")
            self.clock.advance(.seconds(30))
            #expect(access.authenticate(Guest().authentication()).known == nil)
            await access.shutdown()
            try await server.stop()
        }

        @Test func stringsThatOnlyLookEqualAreDifferent() async throws {
            let server = try await TestHTTPServer()
            let access = try HTTPAccess(self.settings(server), now: { self.clock.now })
            async let verdict = access.authenticate(Guest(userName: "\u{E9}").authentication()).value
            try await server.next().answer(200)
            #expect(await verdict.text == "accept")
            #expect("\u{E9}" == "e\u{301}")
            #expect(access.authenticate(Guest(userName: "e\u{301}").authentication()).known == nil)
            await access.shutdown()
            try await server.stop()
        }

        @Test func refusalsAreAskedAgain() async throws {
            let server = try await TestHTTPServer()
            let access = try HTTPAccess(self.settings(server), now: { self.clock.now })
            for status in [403, 200] {
                async let verdict = access.authenticate(Guest().authentication()).value
                try await server.next().answer(status)
                #expect(await verdict.text == (status == 200 ? "accept" : "refuse 0x87"))
            }
            await access.shutdown()
            try await server.stop()
        }

        @Test func superUserFirstThenTheTopic() async throws {
            let server = try await TestHTTPServer()
            let access = try HTTPAccess(self.settings(server), now: { self.clock.now })
            let guest = Guest()
            #expect(
                try await self.ask(
                    access,
                    server,
                    guest.publishing("a"),
                    answers: [("/super", 403), ("/acl", 200)]
                ) == "allow"
            )
            // Known: it is no super user, and may publish to this topic; not that it may subscribe.
            #expect(access.authorize(guest.publishing("a")).known?.text == "allow")
            #expect(
                try await self.ask(access, server, guest.publishing("b"), answers: [("/acl", 403)]) == "deny 0x87"
            )
            #expect(
                try await self.ask(access, server, guest.subscribing("a"), answers: [("/acl", 403)]) == "deny 0x87"
            )
            let root = Guest(clientIdentifier: "root")
            #expect(try await self.ask(access, server, root.publishing("a"), answers: [("/super", 200)]) == "allow")
            #expect(access.authorize(root.publishing("b")).known?.text == "allow")
            #expect(try access.authorize(root.subscribing("#")).known?.text == "allow")
            self.clock.advance(.seconds(30))
            #expect(access.authorize(root.publishing("b")).known == nil)
            await access.shutdown()
            try await server.stop()
        }

        @Test func superUserOfATopicIsRememberedForTheTopicOnly() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            settings.superUser?.parameters.append(.init("t", "%t"))
            let access = try HTTPAccess(settings, now: { self.clock.now })
            #expect(try await self.ask(access, server, Guest().publishing("a"), answers: [("/super", 200)]) == "allow")
            #expect(access.authorize(Guest().publishing("a")).known?.text == "allow")
            #expect(access.authorize(Guest().publishing("b")).known == nil)
            await access.shutdown()
            try await server.stop()
        }

        @Test func superUserWithoutAnswerLeavesItToTheTopic() async throws {
            let server = try await TestHTTPServer()
            let access = try HTTPAccess(self.settings(server), now: { self.clock.now })
            let answers = [("/super", 500), ("/acl", 200)]
            #expect(try await self.ask(access, server, Guest().publishing("a"), answers: answers) == "allow")
            // It is not known to be an ordinary user.
            #expect(
                try await self.ask(access, server, Guest().publishing("b"), answers: [("/super", 200)]) == "allow"
            )
            await access.shutdown()
            try await server.stop()
        }

        @Test func withoutACacheEachIsAsked() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            settings.cacheTime = .zero
            let access = try HTTPAccess(settings, now: { self.clock.now })
            for _ in 0..<2 {
                #expect(
                    try await self.ask(
                        access,
                        server,
                        Guest().publishing("a"),
                        answers: [("/super", 403), ("/acl", 200)]
                    ) == "allow"
                )
            }
            await access.shutdown()
            try await server.stop()
        }

        @Test func onlySuperUserConfiguredPassesTheOthers() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            settings.access = nil
            let access = try HTTPAccess(settings, now: { self.clock.now })
            #expect(try await self.ask(access, server, Guest().publishing("a"), answers: [("/super", 403)]) == "pass")
            #expect(access.authorize(Guest().publishing("b")).known?.text == "pass")
            await access.shutdown()
            try await server.stop()
        }

        @Test func memoryIsBounded() throws {
            let cache = try #require(DecisionCache(lifetime: .seconds(1), maximumEntries: 100))
            let now = self.clock.now
            for number in 0..<10_000 {
                let subject = HTTPSubject(client: Guest().info, access: .publish, topic: "t/\(number)")
                cache.insert(try #require(cache.key(.allowed, subject, isAboutTopic: true)), at: now)
                #expect(cache.count <= 100)
            }
            let long = HTTPSubject(client: Guest().info, access: .publish, topic: String(repeating: "x", count: 2000))
            #expect(cache.key(.allowed, long, isAboutTopic: true) == nil)
        }

        @Test func whatIsUsedIsKept() {
            var map = BoundedMap<Int, Int>(limit: 10)
            map.set(0, for: 0)
            for number in 1..<1000 {
                map.set(number, for: number)
                #expect(map.value(for: 0) == 0)
                #expect(map.count <= 10)
            }
            map.remove(0)
            #expect(map.value(for: 0) == nil)
            // What costs more makes more be forgotten.
            for number in 1...3 { map.set(number, for: number, cost: 5) }
            #expect(map.count <= 2)
        }
    }
#endif

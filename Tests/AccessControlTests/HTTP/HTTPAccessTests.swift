//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    @testable import AccessControl
    import BrokerCore
    import NIOCore
    import NIOPosix
    import Synchronization
    import Testing

    /// A clock that the test moves.
    final class TestClock: Sendable {
        private let time = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000_000))

        var now: NIODeadline { self.time.withLock { $0 } }
        func advance(_ amount: TimeAmount) { self.time.withLock { $0 = $0 + amount } }
    }

    /// What was told to the log.
    final class HTTPEvents: Sendable {
        private let list = Mutex<[HTTPAccessEvent]>([])

        var all: [HTTPAccessEvent] { self.list.withLock { $0 } }
        func append(_ event: HTTPAccessEvent) { self.list.withLock { $0.append(event) } }
    }

    @Suite struct HTTPAccessTests {
        let clock = TestClock()
        let events = HTTPEvents()

        private func settings(_ server: TestHTTPServer) -> HTTPAccessSettings {
            var settings = HTTPAccessSettings()
            settings.authentication = .init(
                url: "http://127.0.0.1:\(server.port)/auth?secret=1",
                parameters: [.init("c", "%c"), .init("P", "%P")]
            )
            return settings
        }

        private func access(_ settings: HTTPAccessSettings) throws -> HTTPAccess {
            try HTTPAccess(settings, now: { self.clock.now }, onEvent: { self.events.append($0) })
        }

        private func name(_ server: TestHTTPServer) -> String { "http://127.0.0.1:\(server.port)" }

        @Test(arguments: [
            (200, "accept"), (201, "refuse 0x87"), (204, "refuse 0x87"), (302, "refuse 0x87"), (401, "refuse 0x87"),
            (403, "refuse 0x87"), (500, "refuse 0x88"), (503, "refuse 0x88"),
        ])
        func onlyStatus200LetsIn(_ status: Int, _ text: String) async throws {
            let server = try await TestHTTPServer()
            let access = try self.access(self.settings(server))
            async let verdict = access.authenticate(Guest().authentication()).value
            // Were the redirection followed, there would be no verdict.
            try await server.next().answer(
                "HTTP/1.1 \(status) X\r\nlocation: http://127.0.0.1:\(server.port)/\r\n"
                    + (status == 204 ? "\r\n" : "content-length: 2\r\n\r\nok")
            )
            #expect(await verdict.text == text)
            let failed = HTTPAccessEvent.requestFailed(.authentication, server: self.name(server), .status(status))
            #expect(self.events.all == (status >= 500 ? [failed] : []))
            await access.shutdown()
            try await server.stop()
        }

        @Test func nothingConfiguredHasNoOpinion() async throws {
            let access = try self.access(HTTPAccessSettings())
            #expect(access.authenticate(Guest().authentication()).known?.text == "pass")
            #expect(access.authorize(Guest().publishing("a")).known?.text == "pass")
            #expect(access.isLasting)
            await access.shutdown()
        }

        @Test func answersLastWhereNobodyIsAsked() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            let connectsOnly = try self.access(settings)
            #expect(connectsOnly.isLasting)
            settings.access = settings.authentication
            let access = try self.access(settings)
            #expect(!access.isLasting)
            settings.superUser = settings.authentication
            settings.access = nil
            let superUser = try self.access(settings)
            #expect(!superUser.isLasting)
            for way in [connectsOnly, access, superUser] { await way.shutdown() }
            try await server.stop()
        }

        @Test func enhancedAuthenticationIsNotItsBusiness() async throws {
            let server = try await TestHTTPServer()
            let access = try self.access(self.settings(server))
            #expect(access.authenticate(Guest(method: "SCRAM").authentication()).known?.text == "pass")
            #expect(access.authenticate(Guest().authentication(.reauthentication)).known?.text == "pass")
            await access.shutdown()
            try await server.stop()
        }

        @Test func serverThatNeverAnswersRefuses() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            settings.timeout = .milliseconds(50)
            let access = try self.access(settings)
            #expect(await access.authenticate(Guest().authentication()).value.text == "refuse 0x88")
            #expect(self.events.all == [.requestFailed(.authentication, server: self.name(server), .timeout)])
            await access.shutdown()
            try await server.stop()
        }

        @Test func answerIsInTheHead() async throws {
            let server = try await TestHTTPServer()
            let access = try self.access(self.settings(server))
            async let verdict = access.authenticate(Guest().authentication()).value
            let request = try await server.next()
            request.answer("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
            request.close()
            #expect(await verdict.text == "accept")
            await access.shutdown()
            try await server.stop()
        }

        @Test func longBodyIsNotRead() async throws {
            let server = try await TestHTTPServer()
            let access = try self.access(self.settings(server))
            async let verdict = access.authenticate(Guest().authentication()).value
            let request = try await server.next()
            request.answer("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            #expect(await verdict.text == "accept")
            // The connection is of no more use and is closed.
            try await request.channel.closeFuture.get()
            await access.shutdown()
            try await server.stop()
        }

        @Test(.timeLimit(.minutes(1))) func bodyThatDripsIsNotWaitedFor() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            settings.timeout = .seconds(2)
            let access = try self.access(settings)
            async let verdict = access.authenticate(Guest().authentication()).value
            let request = try await server.next()
            request.answer("HTTP/1.1 200 OK\r\ncontent-length: 16000\r\n\r\n")
            let drip = request.channel.eventLoop.scheduleRepeatedTask(
                initialDelay: .milliseconds(20),
                delay: .milliseconds(20)
            ) { _ in request.answer("x") }
            #expect(await verdict.text == "accept")
            #expect(request.channel.isActive)
            // It is left when the time is over.
            try await request.channel.closeFuture.get()
            drip.cancel()
            await access.shutdown()
            try await server.stop()
        }

        @Test func connectionIsUsedAgain() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            // The next request goes out when the response to the one before has ended.
            settings.maximumConcurrency = 1
            let access = try self.access(settings)
            var channels: Set<ObjectIdentifier> = []
            for _ in 0..<3 {
                async let verdict = access.authenticate(Guest().authentication()).value
                let request = try await server.next()
                channels.insert(ObjectIdentifier(request.channel))
                request.answer("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
                #expect(await verdict.text == "accept")
            }
            #expect(channels.count == 1)
            await access.shutdown()
            try await server.stop()
        }

        @Test func brokenConnectionRefuses() async throws {
            let server = try await TestHTTPServer()
            let access = try self.access(self.settings(server))
            async let verdict = access.authenticate(Guest().authentication()).value
            try await server.next().close()
            #expect(await verdict.text == "refuse 0x88")
            try await server.stop()
            // And so does none at all.
            #expect(await access.authenticate(Guest().authentication()).value.text == "refuse 0x88")
            let failed = HTTPAccessEvent.requestFailed(.authentication, server: self.name(server), .connection)
            #expect(self.events.all == [failed, failed])
            await access.shutdown()
        }

        @Test func noMoreAtOnceThanAllowedAndTheQueueEnds() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            settings.maximumConcurrency = 2
            settings.maximumWaiting = 1
            let access = try self.access(settings)
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<2 { group.addTask { await access.authenticate(Guest().authentication()).value.text } }
                let first = try await server.next()
                let second = try await server.next()
                // One of these two waits, the other is turned away at once.
                for _ in 0..<2 { group.addTask { await access.authenticate(Guest().authentication()).value.text } }
                #expect(try await group.next() == "refuse 0x89")
                #expect(self.events.all == [.requestFailed(.authentication, server: self.name(server), .busy)])
                first.answer(200)
                #expect(try await group.next() == "accept")
                // Only now the one that waited has been sent.
                let third = try await server.next()
                third.answer(200)
                second.answer(200)
                #expect(try await group.next() == "accept")
                #expect(try await group.next() == "accept")
            }
            await access.shutdown()
            try await server.stop()
        }

        @Test func serverThatFailsIsLeftAlone() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            settings.breakerFailures = 2
            settings.breakerPause = .seconds(10)
            let access = try self.access(settings)
            func attempt(_ status: Int) async throws -> String {
                async let verdict = access.authenticate(Guest().authentication()).value
                try await server.next().answer(status)
                return await verdict.text
            }
            #expect(try await attempt(500) == "refuse 0x88")
            #expect(try await attempt(403) == "refuse 0x87")
            #expect(try await attempt(500) == "refuse 0x88")
            #expect(try await attempt(502) == "refuse 0x88")
            #expect(self.events.all.last == .requestFailed(.authentication, server: self.name(server), .status(502)))
            #expect(self.events.all.contains(.breakerOpened(server: self.name(server), failures: 2)))
            // Nothing is sent: nobody answers here, and still there is a verdict.
            #expect(await access.authenticate(Guest().authentication()).value.text == "refuse 0x88")
            self.clock.advance(.seconds(10))
            // One tries; meanwhile the others are still refused.
            async let probe = access.authenticate(Guest().authentication()).value
            let request = try await server.next()
            #expect(await access.authenticate(Guest().authentication()).value.text == "refuse 0x88")
            request.answer(200)
            #expect(await probe.text == "accept")
            #expect(self.events.all.last == .breakerClosed(server: self.name(server)))
            #expect(try await attempt(200) == "accept")
            await access.shutdown()
            try await server.stop()
        }

        @Test func shutdownRefusesWhoWaits() async throws {
            let server = try await TestHTTPServer()
            var settings = self.settings(server)
            settings.poolSize = 1
            let access = try self.access(settings)
            async let first = access.authenticate(Guest().authentication()).value
            _ = try await server.next()
            async let second = access.authenticate(Guest().authentication()).value
            await access.shutdown()
            #expect(await first.text == "refuse 0x88")
            #expect(await second.text.hasPrefix("refuse"))
            #expect(await access.authenticate(Guest().authentication()).value.text.hasPrefix("refuse"))
            await access.shutdown()
            try await server.stop()
        }

        @Test func eventsHoldNoSecrets() async throws {
            let server = try await TestHTTPServer()
            let access = try self.access(self.settings(server))
            async let verdict = access.authenticate(Guest().authentication()).value
            try await server.next().answer(500)
            _ = await verdict
            let text = "\(self.events.all)"
            #expect(!self.events.all.isEmpty && !text.contains("secret") && !text.contains("s3cret"))
            await access.shutdown()
            try await server.stop()
        }

        @Test func settingsThatMakeNoSense() {
            var settings = HTTPAccessSettings()
            settings.timeout = .zero
            #expect(throws: HTTPAccessError.number("timeout")) { _ = try HTTPAccess(settings) }
            settings = HTTPAccessSettings()
            settings.poolSize = 0
            #expect(throws: HTTPAccessError.number("pool_size")) { _ = try HTTPAccess(settings) }
            settings = HTTPAccessSettings()
            settings.cacheTime = .nanoseconds(.max)
            #expect(throws: HTTPAccessError.number("cache_ttl")) { _ = try HTTPAccess(settings) }
            settings = HTTPAccessSettings()
            settings.tls.authorityFile = "/nonexistent/ca.pem"
            #expect(throws: HTTPAccessError.file("/nonexistent/ca.pem")) { _ = try HTTPAccess(settings) }
            settings = HTTPAccessSettings()
            settings.tls.keyFile = "/nonexistent/key.pem"
            #expect(throws: HTTPAccessError.keyPair) { _ = try HTTPAccess(settings) }
        }
    }
#endif

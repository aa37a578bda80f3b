//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    @testable import AccessControl
    import BrokerCore
    import NIOCore
    import Synchronization
    import Testing

    /// What is known of a client from its token, and for how long.
    @Suite struct JWTConnectionTests {
        /// The time of a test, in seconds since 1970.
        final class Clock: Sendable {
            private let time = Mutex(TokenMint.now)
            var now: Double { self.time.withLock { $0 } }
            func advance(_ seconds: Double) { self.time.withLock { $0 += seconds } }
        }

        let clock = Clock()

        private func settings() -> JWTSettings {
            var settings = JWTSettings()
            settings.secret = TokenMint.secret
            return settings
        }

        private func access(replacing previous: JWTAccess? = nil, _ settings: JWTSettings) async throws -> JWTAccess {
            try await JWTAccess(settings, replacing: previous, now: { self.clock.now })
        }

        /// Lets a client in that may publish to one topic.
        private func admit(
            _ guest: Guest,
            _ access: JWTAccess,
            topic: String = "mine",
            others: String = ""
        ) async throws {
            var guest = guest
            let claims = TokenMint.claims(#""acl":{"pub":["\#(topic)"]}"# + others)
            guest.password = ByteBuffer(string: TokenMint.hs256(claims))
            try #require(await access.authenticate(guest.authentication()).value.text == "accept")
        }

        private func verdict(_ guest: Guest, _ topic: String, _ access: JWTAccess) -> String? {
            access.authorize(guest.publishing(topic)).known?.text
        }

        @Test func eachConnectionHasItsOwnClaims() async throws {
            let access = try await self.access(self.settings())
            let guests = (0..<3).map {
                Guest(clientIdentifier: "c\($0)", peer: PeerAddress(host: "192.0.2.1", port: UInt16(1 + $0)))
            }
            for (index, guest) in guests.dropLast().enumerated() {
                try await self.admit(guest, access, topic: "t\(index)")
                access.connected(guest.info)
            }
            #expect(self.verdict(guests[0], "t0", access) == "allow")
            #expect(self.verdict(guests[0], "t1", access) == "deny 0x87")
            #expect(self.verdict(guests[1], "t1", access) == "allow")
            #expect(self.verdict(guests[2], "t1", access) == "pass")
            // The same client from elsewhere has not shown this token.
            let elsewhere = Guest(clientIdentifier: "c0", peer: PeerAddress(host: "192.0.2.1", port: 99))
            #expect(self.verdict(elsewhere, "t1", access) == "pass")
            let throughOther = Guest(
                clientIdentifier: "c0",
                peer: guests[0].peer,
                origin: ConnectionOrigin(transport: .tcp, listener: "other", port: 1884)
            )
            #expect(self.verdict(throughOther, "t1", access) == "pass")
        }

        @Test func willIsJudgedAfterTheConnectionHasEnded() async throws {
            let access = try await self.access(self.settings())
            let guest = Guest()
            try await self.admit(guest, access)
            access.connected(guest.info)
            access.forget(guest.info)
            for (topic, text) in [("mine", "allow"), ("other", "deny 0x87")] {
                #expect(access.authorize(guest.willing(topic)).known?.text == text)
            }
            #expect(await access.mayStay(guest.info).value == nil)
            // A later connection of the same client without a token is another matter.
            let again = Guest(peer: PeerAddress(host: "192.0.2.7", port: 40_002))
            #expect(self.verdict(again, "other", access) == "pass")
        }

        @Test func identifierThatTheBrokerAssigns() async throws {
            let access = try await self.access(self.settings())
            var guest = Guest(clientIdentifier: "")
            try await self.admit(guest, access, topic: "c/${clientid}")
            guest.clientIdentifier = "nanomq-1"
            access.connected(guest.info)
            #expect(self.verdict(guest, "c/nanomq-1", access) == "allow")
            #expect(self.verdict(guest, "c/", access) == "deny 0x87")
            access.forget(guest.info)
            #expect(self.verdict(guest, "c/nanomq-1", access) == "allow")
        }

        @Test func clientsWithoutPortsAreToldApartByIdentifier() async throws {
            let access = try await self.access(self.settings())
            let socket: PeerAddress = "/run/mqtt.sock"
            var nameless = Guest(clientIdentifier: "", peer: socket)
            nameless.password = ByteBuffer(string: TokenMint.hs256(TokenMint.claims()))
            #expect(await access.authenticate(nameless.authentication()).value.text == "refuse 0x86")
            // One client takes its own place: the token of the new connection holds when the old one has ended.
            let guest = Guest(peer: socket)
            try await self.admit(guest, access, topic: "old")
            access.connected(guest.info)
            try await self.admit(guest, access, topic: "new")
            access.forget(guest.info)
            access.connected(guest.info)
            #expect(self.verdict(guest, "new", access) == "allow")
            #expect(self.verdict(guest, "old", access) == "deny 0x87")
            access.forget(guest.info)
            #expect(await access.mayStay(guest.info).value == nil)
        }

        @Test func clientThatGoesWhenItsTokenExpires() async throws {
            let access = try await self.access(self.settings())
            let guest = Guest()
            #expect(access.nextExpiry == nil)
            try await self.admit(guest, access)
            access.connected(guest.info)
            #expect(access.nextExpiry == TokenMint.now + 3600)
            #expect(await access.mayStay(guest.info).value == true)
            #expect(!access.hasExpiry)
            self.clock.advance(3600)
            #expect(await access.mayStay(guest.info).value == false)
            #expect(access.hasExpiry)
            #expect(await access.mayStay(Guest(clientIdentifier: "other").info).value == nil)
            access.forget(guest.info)
            #expect(access.nextExpiry == nil)
            #expect(!access.hasExpiry)
        }

        @Test func nextExpiryIsThatOfThoseWhoAreLeft() async throws {
            let access = try await self.access(self.settings())
            let first = Guest(clientIdentifier: "first", peer: PeerAddress(host: "192.0.2.1", port: 1))
            let second = Guest(clientIdentifier: "second", peer: PeerAddress(host: "192.0.2.1", port: 2))
            try await self.admit(first, access)
            // Who has not come cannot be sent away.
            #expect(access.nextExpiry == nil)
            access.connected(first.info)
            self.clock.advance(60)
            let token = TokenMint.hs256(#"{"exp":\#(Int(TokenMint.now) + 7200)}"#)
            let guest = Guest(clientIdentifier: "second", password: ByteBuffer(string: token), peer: second.peer)
            #expect(await access.authenticate(guest.authentication()).value.text == "accept")
            access.connected(second.info)
            #expect(access.nextExpiry == TokenMint.now + 3600)
            access.forget(first.info)
            access.updateNextExpiry()
            #expect(access.nextExpiry == TokenMint.now + 7200)
        }

        @Test func clientThatMayStayBeyondItsToken() async throws {
            var settings = self.settings()
            settings.disconnectsAtExpiry = false
            let access = try await self.access(settings)
            try await self.admit(Guest(), access)
            self.clock.advance(7200)
            #expect(await access.mayStay(Guest().info).value == true)
            #expect(access.nextExpiry == nil)
        }

        @Test func otherSettingsSendClientsAway() async throws {
            let first = try await self.access(self.settings())
            let guest = Guest()
            try await self.admit(guest, first)
            first.connected(guest.info)
            let same = try await self.access(replacing: first, self.settings())
            #expect(await same.mayStay(guest.info).value == true)
            #expect(self.verdict(guest, "mine", same) == "allow")
            var changed = self.settings()
            changed.issuer = "somebody"
            let second = try await self.access(replacing: same, changed)
            second.takeOver()
            #expect(await second.mayStay(guest.info).value == false)
            // Until it has gone, what its token said still holds.
            #expect(self.verdict(guest, "other", second) == "deny 0x87")
            second.forget(guest.info)
            // Who was let in by the old settings while the new ones came has to go too.
            try await self.admit(guest, first)
            #expect(await second.mayStay(guest.info).value == false)
        }

        @Test func settingsThatAreNotTakenOverChangeNothing() async throws {
            let access = try await self.access(self.settings())
            try await self.admit(Guest(), access)
            access.connected(Guest().info)
            var changed = self.settings()
            changed.issuer = "somebody"
            // A reload that is given up when it has come as far as this.
            _ = try await self.access(replacing: access, changed)
            #expect(await access.mayStay(Guest().info).value == true)
            let later = Guest(clientIdentifier: "later", peer: PeerAddress(host: "192.0.2.1", port: 1))
            try await self.admit(later, access)
            access.connected(later.info)
            #expect(await access.mayStay(later.info).value == true)
            // And the next reload, which changes nothing, sends nobody away.
            let same = try await self.access(replacing: access, self.settings())
            same.takeOver()
            #expect(await same.mayStay(Guest().info).value == true)
        }

        @Test func revokedTokensSendAllAway() async throws {
            let access = try await self.access(self.settings())
            try await self.admit(Guest(), access)
            access.connected(Guest().info)
            access.revoke()
            #expect(await access.mayStay(Guest().info).value == false)
            // Accepted again, they have to be shown again.
            let again = try await self.access(replacing: access, self.settings())
            again.takeOver()
            #expect(await again.mayStay(Guest().info).value == false)
        }

        @Test func clientThatNeverCameIsForgotten() async throws {
            let access = try await self.access(self.settings())
            let store = AdmissionStore()
            let guests = (0..<3).map { Guest(peer: PeerAddress(host: "192.0.2.1", port: UInt16(1 + $0))) }
            func begin(_ guest: Guest, at now: Double) {
                let admission = AdmissionStore.Admission(expiry: .infinity, list: nil, epoch: 0, client: Guest().info)
                #expect(store.begin(admission, for: guest.info, now: now))
            }
            begin(guests[0], at: 0)
            begin(guests[1], at: 0)
            store.connect(guests[1].info)
            begin(guests[2], at: AdmissionStore.pendingTime + 1)
            #expect(store.live(guests[0].info) == nil)
            #expect(store.live(guests[1].info) != nil)
            #expect(store.count == 2)
            // Another client with its address and port, who shows no token, does not inherit it.
            try await self.admit(Guest(), access)
            #expect(access.authenticate(Guest(password: nil).authentication()).known?.text == "pass")
            #expect(self.verdict(Guest(), "mine", access) == "pass")
        }

        @Test func clientsThatNeverCameAreLimited() {
            let store = AdmissionStore()
            let admission = AdmissionStore.Admission(expiry: .infinity, list: nil, epoch: 0, client: Guest().info)
            for number in 0..<AdmissionStore.maximumPending {
                let guest = Guest(clientIdentifier: "\(number)")
                guard store.begin(admission, for: guest.info, now: 0) else {
                    Issue.record("refused at \(number)")
                    return
                }
            }
            #expect(!store.begin(admission, for: Guest().info, now: 1))
            #expect(store.begin(admission, for: Guest().info, now: AdmissionStore.pendingTime + 1))
            #expect(store.count == 1)
        }

        @Test func clientsThatComeAndGoAreNotLimited() {
            let store = AdmissionStore()
            let admission = AdmissionStore.Admission(expiry: .infinity, list: nil, epoch: 0, client: Guest().info)
            // One never comes, and is before all others.
            #expect(store.begin(admission, for: Guest(clientIdentifier: "first").info, now: 0))
            for number in 0...AdmissionStore.maximumPending {
                let guest = Guest(clientIdentifier: "\(number)")
                guard store.begin(admission, for: guest.info, now: 0) else {
                    Issue.record("refused at \(number)")
                    return
                }
                // Every third connection ends before it is connected.
                if number % 3 > 0 { store.connect(guest.info) }
                if number % 3 < 2 { store.end(guest.info) } else { store.passBy(guest.info) }
            }
            #expect(store.placesInQueue < 100)
        }
    }
#endif

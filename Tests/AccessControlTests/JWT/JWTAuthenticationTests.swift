//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import AccessControl
    import BrokerCore
    import MQTTCodec
    import NIOCore
    import Synchronization
    import Testing

    @Suite struct JWTAuthenticationTests {
        /// Why tokens were refused.
        final class Faults: Sendable {
            private let list = Mutex<[JWTFault]>([])
            var all: [JWTFault] { self.list.withLock { $0 } }
            func append(_ event: JWTEvent) {
                guard case .refused(_, let fault) = event else { return }
                self.list.withLock { $0.append(fault) }
            }
        }

        let faults = Faults()

        /// A broker's view of tokens with all kinds of keys.
        private func access(_ change: (inout JWTSettings) throws -> Void = { _ in }) async throws -> JWTAccess {
            var settings = JWTSettings()
            settings.secret = TokenMint.secret
            settings.publicKeys = [TokenMint.rsaPublicKey, TokenMint.ecPublicKey]
            try change(&settings)
            return try await JWTAccess(settings, now: { TokenMint.now }, onEvent: { self.faults.append($0) })
        }

        private func verdict(_ access: JWTAccess, _ token: String, _ guest: Guest = Guest()) async -> String {
            var guest = guest
            guest.password = ByteBuffer(string: token)
            return await access.authenticate(guest.authentication()).value.text
        }

        @Test func allThreeAlgorithms() async throws {
            let access = try await self.access()
            #expect(await self.verdict(access, TokenMint.hs256(TokenMint.claims())) == "accept")
            #expect(await self.verdict(access, try TokenMint.rs256(TokenMint.claims())) == "accept")
            #expect(await self.verdict(access, try TokenMint.es256(TokenMint.claims())) == "accept")
            #expect(self.faults.all == [])
            #expect(
                await self.verdict(access, TokenMint.hs256(TokenMint.claims(), secret: Array(repeating: 7, count: 32)))
                    == "refuse 0x86"
            )
            #expect(await self.verdict(access, try TokenMint.rs256(TokenMint.claims(), key: 1)) == "refuse 0x86")
            #expect(await self.verdict(access, try TokenMint.es256(TokenMint.claims(), key: 1)) == "refuse 0x86")
            #expect(self.faults.all == [.signature, .signature, .signature])
        }

        @Test func aKeyIsUsedWithItsOwnAlgorithmOnly() async throws {
            let access = try await self.access { $0.secret = nil }
            let claims = TokenMint.claims()
            // The public key, which everybody knows, as a secret.
            let confused = TokenMint.hs256(claims, secret: Array(TokenMint.rsaPublicKey.utf8))
            #expect(await self.verdict(access, confused) == "refuse 0x86")
            for name in ["none", "None", "HS256", "RS384", "RS512", "PS256", "ES384", "EdDSA", "", "rs256"] {
                let header = #"{"alg":"\#(name)"}"#
                #expect(
                    await self.verdict(access, TokenMint.token(claims, header: header) { _ in [] }) == "refuse 0x86"
                )
                #expect(await self.verdict(access, try TokenMint.rs256(claims, header: header)) == "refuse 0x86")
            }
            #expect(self.faults.all == Array(repeating: .noKey, count: 21))
            // Signed with one key, announced for the other.
            let crossed = try TokenMint.es256(claims, header: #"{"alg":"RS256"}"#)
            #expect(await self.verdict(access, crossed) == "refuse 0x86")
            #expect(self.faults.all.last == .signature)
        }

        @Test func whatIsNoTokenIsSomebodyElsesBusiness() async throws {
            let access = try await self.access()
            for password in [
                "", "public", "a.b", "a.b.c.d", "..", ".b.c", "a b.c.d", "a=.b.c", "host.example.org", "MQ.Mg.Mw",
                "\u{E9}.b.c", "eyJhbGciOiJIUzI1NiJ9", "W10.e30.AAAA", "e30..AAAA",
            ] {
                #expect(await self.verdict(access, password) == "pass", "\(password)")
            }
            #expect(access.authenticate(Guest(password: nil).authentication()).known?.text == "pass")
            #expect(access.authenticate(Guest(method: "X").authentication()).known?.text == "pass")
            #expect(access.authenticate(Guest().authentication(.reauthentication)).known?.text == "pass")
            #expect(self.faults.all == [])
        }

        @Test func malformedTokens() async throws {
            let access = try await self.access()
            let good = TokenMint.hs256(TokenMint.claims()).split(separator: ".").map(String.init)
            let table: [(String, JWTFault)] = [
                ("\(good[0]).\(good[1]).", .signature), ("\(good[0]).\(good[1]).AAAA", .signature),
                ("\(good[0]).e30.\(good[2])", .signature), ("\(good[0]).A.\(good[2])", .malformed),
                ("\(good[0]).\(good[1]).A", .malformed), ("e30.\(good[1]).\(good[2])", .malformed),
                (TokenMint.hs256(TokenMint.claims(), header: #"{"alg":7}"#), .malformed),
                (TokenMint.hs256(TokenMint.claims(), header: #"{"alg":"HS256","kid":7}"#), .malformed),
                (
                    TokenMint.hs256(TokenMint.claims(), header: #"{"alg":"HS256","crit":["b64"],"b64":false}"#),
                    .critical
                ),
                (TokenMint.hs256("[]"), .malformed), (TokenMint.hs256("no json"), .malformed),
                (TokenMint.hs256(#"{"exp":"1"}"#), .malformed),
                (TokenMint.hs256(#"{"exp":1e999}"#), .malformed), (TokenMint.hs256(#"{"exp":null}"#), .noExpiry),
                (TokenMint.hs256(String(repeating: "[", count: 2000)), .malformed),
                (TokenMint.hs256(TokenMint.claims(), header: String(repeating: "{\"a\":", count: 600)), .malformed),
            ]
            for (index, (token, fault)) in table.dropLast().enumerated() {
                let refusal = fault == .noExpiry ? "refuse 0x87" : "refuse 0x86"
                #expect(await self.verdict(access, token) == refusal, "\(index)")
                #expect(self.faults.all.last == fault, "\(index)")
            }
            // A header that is no JSON at all makes it no token.
            #expect(await self.verdict(access, table[table.count - 1].0) == "pass")
        }

        @Test func hugeTokens() async throws {
            let access = try await self.access { $0.maximumTokenSize = 1000 }
            let large = TokenMint.hs256(TokenMint.claims(#""x":"\#(String(repeating: "y", count: 1000))""#))
            #expect(
                access.authenticate(Guest(password: ByteBuffer(string: large)).authentication()).known?.text
                    == "refuse 0x86"
            )
            #expect(self.faults.all == [.tooLarge])
            let password = String(repeating: "z", count: 65_535)
            #expect(
                access.authenticate(Guest(password: ByteBuffer(string: password)).authentication()).known?.text
                    == "pass"
            )
        }

        @Test func times() async throws {
            let access = try await self.access { $0.leeway = 10 }
            let now = Int(TokenMint.now)
            let table: [(String, JWTFault?)] = [
                (#"{"exp":\#(now + 1)}"#, nil), (#"{"exp":\#(now - 9)}"#, nil), (#"{"exp":\#(now - 10)}"#, .expired),
                (#"{"exp":\#(now - 9).5}"#, nil), (#"{"exp":0}"#, .expired), (#"{"exp":-1e300}"#, .expired),
                (#"{"exp":1e300}"#, nil), ("{}", .noExpiry),
                (TokenMint.claims(#""nbf":\#(now + 10)"#), nil),
                (TokenMint.claims(#""nbf":\#(now + 11)"#), .notYetValid),
                (TokenMint.claims(#""iat":\#(now + 10)"#), nil),
                (TokenMint.claims(#""iat":\#(now + 11)"#), .notYetValid),
            ]
            for (claims, fault) in table {
                let text = await self.verdict(access, TokenMint.hs256(claims))
                #expect(text == (fault == nil ? "accept" : "refuse 0x87"), "\(claims)")
                if let fault { #expect(self.faults.all.last == fault, "\(claims)") }
            }
            let lenient = try await self.access { $0.requiresExpiry = false }
            #expect(await self.verdict(lenient, TokenMint.hs256("{}")) == "accept")
            #expect(await self.verdict(lenient, TokenMint.hs256(#"{"exp":1}"#)) == "refuse 0x87")
            // Nobody has guessed who shows a token of ours too late; whose signature is wrong may have.
            #expect(access.guesses == [.badUserNameOrPassword])
            let forged = TokenMint.hs256(#"{"exp":1}"#, secret: Array(repeating: 7, count: 32))
            #expect(await self.verdict(access, forged) == "refuse 0x86")
        }

        @Test func issuerAndAudience() async throws {
            let access = try await self.access {
                $0.issuer = "https://issuer"
                $0.audience = "broker"
            }
            let table: [(String, JWTFault?)] = [
                (#""iss":"https://issuer","aud":"broker""#, nil),
                (#""iss":"https://issuer","aud":["a","broker"]"#, nil),
                (#""iss":"https://issuer/","aud":"broker""#, .issuer), (#""aud":"broker""#, .issuer),
                (#""iss":"https://issuer""#, .audience), (#""iss":"https://issuer","aud":[]"#, .audience),
                (#""iss":"https://issuer","aud":"brokers""#, .audience),
                (#""iss":"https://issuer","aud":7"#, .malformed), (#""iss":7,"aud":"broker""#, .malformed),
            ]
            for (claims, fault) in table {
                let text = await self.verdict(access, TokenMint.hs256(TokenMint.claims(claims)))
                #expect(text == (fault == nil ? "accept" : "refuse 0x86"), "\(claims)")
                if let fault { #expect(self.faults.all.last == fault, "\(claims)") }
            }
            // Who does not ask does not care.
            let other = try await self.access()
            #expect(await self.verdict(other, TokenMint.hs256(TokenMint.claims(#""iss":7,"aud":{}"#))) == "accept")
        }

        @Test func namesInTheTokenAreTheClients() async throws {
            let access = try await self.access {
                $0.userNameClaim = "sub"
                $0.clientIdentifierClaim = "device"
            }
            let token = TokenMint.hs256(TokenMint.claims(#""sub":"anna","device":"sensor-7""#))
            #expect(await self.verdict(access, token) == "accept")
            for guest in [Guest(userName: "Anna"), Guest(userName: nil), Guest(userName: "")] {
                #expect(await self.verdict(access, token, guest) == "refuse 0x86")
                #expect(self.faults.all.last == .userName)
            }
            for guest in [Guest(clientIdentifier: "sensor-8"), Guest(clientIdentifier: "")] {
                #expect(await self.verdict(access, token, guest) == "refuse 0x86")
                #expect(self.faults.all.last == .clientIdentifier)
            }
            for (claims, fault) in [
                (#""sub":"anna""#, JWTFault.clientIdentifier), (#""device":"sensor-7""#, .userName),
                (#""sub":"anna","device":7"#, .malformed),
            ] {
                #expect(await self.verdict(access, TokenMint.hs256(TokenMint.claims(claims))) == "refuse 0x86")
                #expect(self.faults.all.last == fault)
            }
            let accent = TokenMint.hs256(TokenMint.claims(#""sub":"e\u0301","device":"sensor-7""#))
            #expect(await self.verdict(access, accent, Guest(userName: "\u{E9}")) == "refuse 0x86")
        }

        @Test func noMoreAtOnceThanAllowed() async throws {
            let access = try await self.access { $0.maximumConcurrency = 1 }
            let guest = Guest(password: ByteBuffer(string: TokenMint.hs256(TokenMint.claims())))
            let first = access.authenticate(guest.authentication())
            #expect(access.authenticate(guest.authentication()).known?.text == "refuse 0x89")
            #expect(self.faults.all == [.busy])
            #expect(await first.value.text == "accept")
            #expect(await access.authenticate(guest.authentication()).value.text == "accept")
        }
    }
#endif

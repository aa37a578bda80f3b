//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import AccessControl
    import BrokerCore
    import Crypto
    import NIOCore
    import Testing

    /// Which keys are taken, and which of them is used for a token.
    @Suite struct JWTKeyTests {
        private func verdict(_ access: JWTAccess, _ token: String) async -> String {
            await access.authenticate(Guest(password: ByteBuffer(string: token)).authentication()).value.text
        }

        private func access(keySet: String) async throws -> JWTAccess {
            var settings = JWTSettings()
            settings.keySet = keySet
            return try await JWTAccess(settings, now: { TokenMint.now })
        }

        @Test func keyIdentifierSelects() async throws {
            let access = try await self.access(
                keySet: """
                    {"keys":[
                        \(try TokenMint.rsaEntry(0, extra: #","kid":"r0","alg":"RS256","use":"sig""#)),
                        \(try TokenMint.rsaEntry(1, extra: #","kid":"r1""#)),
                        \(TokenMint.ecEntry(0, extra: #","kid":"e0""#)),
                        \(TokenMint.ecEntry(1, extra: #","kid":"e1","alg":"ES256""#)),
                        {"kty":"oct","k":"c2VjcmV0","kid":"o"},
                        {"kty":"quantum"},
                        7
                    ]}
                    """
            )
            for key in 0...1 {
                for (named, accepted) in [(key, true), (1 - key, false)] {
                    let rsa = try TokenMint.rs256(
                        TokenMint.claims(),
                        header: #"{"alg":"RS256","kid":"r\#(named)"}"#,
                        key: key
                    )
                    #expect(await self.verdict(access, rsa) == (accepted ? "accept" : "refuse 0x86"))
                    let ec = try TokenMint.es256(
                        TokenMint.claims(),
                        header: #"{"alg":"ES256","kid":"e\#(named)"}"#,
                        key: key
                    )
                    #expect(await self.verdict(access, ec) == (accepted ? "accept" : "refuse 0x86"))
                }
                // Without an identifier, all keys of the algorithm are tried.
                #expect(await self.verdict(access, try TokenMint.rs256(TokenMint.claims(), key: key)) == "accept")
                #expect(await self.verdict(access, try TokenMint.es256(TokenMint.claims(), key: key)) == "accept")
            }
            for header in [
                #"{"alg":"RS256","kid":"e0"}"#, #"{"alg":"RS256","kid":"r2"}"#, #"{"alg":"HS256","kid":"o"}"#,
                #"{"alg":"RS512","kid":"r1"}"#,
            ] {
                #expect(
                    await self.verdict(access, try TokenMint.rs256(TokenMint.claims(), header: header))
                        == "refuse 0x86"
                )
            }
            let secret = TokenMint.hs256(
                TokenMint.claims(),
                header: #"{"alg":"HS256","kid":"o"}"#,
                secret: Array("secret".utf8)
            )
            #expect(await self.verdict(access, secret) == "refuse 0x86")
        }

        @Test func keysThatAreForSomethingElseAreLeftOut() async throws {
            let entries = [
                try TokenMint.rsaEntry(0, extra: #","use":"enc""#),
                try TokenMint.rsaEntry(0, extra: #","alg":"RS512""#),
                try TokenMint.rsaEntry(0, extra: #","alg":"RSA-OAEP""#),
            ]
            for entry in entries {
                await #expect(throws: JWTSettingsError.keySet) {
                    _ = try await self.access(keySet: #"{"keys":[\#(entry)]}"#)
                }
            }
        }

        @Test(arguments: [
            "", "{}", "[]", #"{"keys":[]}"#, #"{"keys":7}"#, #"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#,
        ])
        func keySetsThatAreNone(_ text: String) async {
            await #expect(throws: JWTSettingsError.keySet) { _ = try await self.access(keySet: text) }
        }

        @Test func tooManyKeys() async throws {
            let keys = (0..<33).map { TokenMint.ecEntry(0, extra: #","kid":"\#($0)""#) }.joined(separator: ",")
            await #expect(throws: JWTSettingsError.keySet) {
                _ = try await self.access(keySet: #"{"keys":[\#(keys)]}"#)
            }
        }

        @Test func settingsThatMakeNoSense() async {
            var settings = JWTSettings()
            await #expect(throws: JWTSettingsError.noKey) { _ = try await JWTAccess(settings) }
            settings.secret = Array(repeating: 1, count: 31)
            await #expect(throws: JWTSettingsError.shortSecret) { _ = try await JWTAccess(settings) }
            settings.secret = nil
            settings.publicKeys = [
                TokenMint.rsaPublicKey, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            ]
            await #expect(throws: JWTSettingsError.publicKey(index: 1)) { _ = try await JWTAccess(settings) }
            settings.publicKeys = [P384.Signing.PrivateKey().publicKey.pemRepresentation]
            await #expect(throws: JWTSettingsError.publicKey(index: 0)) { _ = try await JWTAccess(settings) }
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import AccessControl
    import Crypto
    import CryptoExtras
    import FoundationEssentials
    import JWTKit

    /// Makes tokens, good and bad, with keys made for the tests.
    struct TokenMint: Sendable {
        /// The time of the tests, in seconds since 1970.
        static let now = 1_800_000_000.0
        static let secret = [UInt8]("an example secret of 32 bytes 123".utf8)

        // Making an RSA key takes a while, so all tests share them. A failure here is a failure of the library.
        // swift-format-ignore
        private static let rsaKeys = (0..<2).map { _ in try! _RSA.Signing.PrivateKey(keySize: .bits2048) }
        private static let ecKeys = (0..<2).map { _ in P256.Signing.PrivateKey() }

        static var rsaPublicKey: String { rsaKeys[0].publicKey.pemRepresentation }
        static var ecPublicKey: String { ecKeys[0].publicKey.pemRepresentation }

        static func base64URL(_ bytes: some Sequence<UInt8>) -> String {
            Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
                "=",
                with: ""
            )
        }

        /// A token of any header and payload.
        static func token(
            _ payload: String,
            header: String,
            sign: (Data) throws -> [UInt8]
        ) rethrows -> String {
            let signed = base64URL(header.utf8) + "." + base64URL(payload.utf8)
            return signed + "." + base64URL(try sign(Data(signed.utf8)))
        }

        static func hs256(_ payload: String, header: String = #"{"alg":"HS256"}"#, secret: [UInt8] = secret) -> String {
            token(payload, header: header) {
                Array(HMAC<SHA256>.authenticationCode(for: $0, using: SymmetricKey(data: secret)))
            }
        }

        static func rs256(_ payload: String, header: String = #"{"alg":"RS256"}"#, key: Int = 0) throws -> String {
            try token(payload, header: header) {
                Array(
                    try rsaKeys[key].signature(for: SHA256.hash(data: $0), padding: .insecurePKCS1v1_5)
                        .rawRepresentation
                )
            }
        }

        static func es256(_ payload: String, header: String = #"{"alg":"ES256"}"#, key: Int = 0) throws -> String {
            try token(payload, header: header) {
                Array(try ecKeys[key].signature(for: SHA256.hash(data: $0)).rawRepresentation)
            }
        }

        /// The entry of an RSA key in a key set.
        static func rsaEntry(_ key: Int, extra: String) throws -> String {
            let primitives = try rsaKeys[key].publicKey.getKeyPrimitives()
            return
                #"{"kty":"RSA","n":"\#(base64URL(primitives.modulus))","e":"\#(base64URL(primitives.publicExponent))""#
                + "\(extra)}"
        }

        /// The entry of a P-256 key in a key set.
        static func ecEntry(_ key: Int, extra: String) -> String {
            let raw = ecKeys[key].publicKey.rawRepresentation
            return #"{"kty":"EC","crv":"P-256","x":"\#(base64URL(raw.prefix(32)))","y":"\#(base64URL(raw.suffix(32)))""#
                + "\(extra)}"
        }

        /// Claims that hold for another hour, and others beside.
        static func claims(_ others: String = "") -> String {
            #"{"exp":\#(Int(now) + 3600)\#(others.isEmpty ? "" : ",")\#(others)}"#
        }
    }
#endif

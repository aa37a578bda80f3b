//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import Crypto
    import FoundationEssentials
    import JWTKit

    /// The keys that tokens may be signed with, each for one algorithm.
    ///
    /// A key is only ever used with its own algorithm, so a public key cannot be taken for a secret (RFC 8725, section
    /// 3.1), and there is no `none`.
    struct TokenKeys: Sendable {
        enum Algorithm: String, Sendable {
            case hs256 = "HS256"
            case rs256 = "RS256"
            case es256 = "ES256"
        }

        private struct Key: Sendable {
            /// nil: it fits tokens with any key identifier.
            let identifier: String?
            let algorithm: Algorithm
            let verifier: any JWTAlgorithm
        }

        /// A token without a key identifier is tried with all keys, so their number is limited.
        static let maximumKeySetSize = 32
        static let minimumSecretSize = 32

        private let keys: [Key]

        init(_ settings: JWTSettings) async throws(JWTSettingsError) {
            var keys: [Key] = []
            if let secret = settings.secret {
                guard secret.count >= Self.minimumSecretSize else { throw .shortSecret }
                let verifier = await Self.verifier { collection in
                    await collection.add(hmac: HMACKey(key: SymmetricKey(data: secret)), digestAlgorithm: .sha256)
                }
                guard let verifier else { throw .shortSecret }
                keys.append(Key(identifier: nil, algorithm: .hs256, verifier: verifier))
            }
            for (index, pem) in settings.publicKeys.enumerated() {
                guard let key = await Self.key(pem: pem) else { throw .publicKey(index: index) }
                keys.append(key)
            }
            if let text = settings.keySet { keys += try await Self.keys(keySet: text) }
            guard !keys.isEmpty else { throw .noKey }
            self.keys = keys
        }

        /// Whether the signature is by one of the keys that the header points to.
        func check(_ token: TokenText, _ header: TokenHeader) throws(JWTFault) {
            guard let algorithm = Algorithm(rawValue: header.algorithm) else { throw .noKey }
            let candidates = self.keys.filter { key in
                guard key.algorithm == algorithm else { return false }
                guard let wanted = header.keyIdentifier, let identifier = key.identifier else { return true }
                return wanted.utf8.elementsEqual(identifier.utf8)
            }
            guard !candidates.isEmpty else { throw .noKey }
            let isSigned = candidates.contains { key in
                // It throws for a signature of the wrong length, for example: that is no signature of ours.
                (try? key.verifier.verify(token.signature, signs: token.signed)) ?? false
            }
            guard isSigned else { throw .signature }
        }

        private static func verifier(
            _ add: (JWTKeyCollection) async throws -> Void
        ) async -> (any JWTAlgorithm)? {
            let collection = JWTKeyCollection()
            do {
                try await add(collection)
                return try await collection.getKey()
            } catch {
                return nil
            }
        }

        private static func key(pem: String) async -> Key? {
            if let key = try? Insecure.RSA.PublicKey(pem: pem) {
                let verifier = await Self.verifier { await $0.add(rsa: key, digestAlgorithm: .sha256) }
                return verifier.map { Key(identifier: nil, algorithm: .rs256, verifier: $0) }
            }
            guard let key = try? ES256PublicKey(pem: pem) else { return nil }
            let verifier = await Self.verifier { await $0.add(ecdsa: key) }
            return verifier.map { Key(identifier: nil, algorithm: .es256, verifier: $0) }
        }

        // MARK: Key sets

        /// One key of a set, nil if it is of a kind we do not know: such keys are to be ignored (RFC 7517, section 5).
        private struct Entry: Decodable {
            private enum CodingKeys: String, CodingKey {
                case use
            }

            let key: JWK?

            init(from decoder: any Decoder) throws {
                let use = try? decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .use)
                self.key = use == nil || use == "sig" ? try? JWK(from: decoder) : nil
            }
        }

        private struct Entries: Decodable {
            let keys: [Entry]
        }

        private static func keys(keySet text: String) async throws(JWTSettingsError) -> [Key] {
            guard let entries = try? JSONDecoder().decode(Entries.self, from: Data(text.utf8)) else { throw .keySet }
            var keys: [Key] = []
            for var jwk in entries.keys.compactMap(\.key) {
                let algorithm: Algorithm
                switch (jwk.keyType, jwk.algorithm) {
                case (.rsa, nil), (.rsa, .rs256): algorithm = .rs256
                case (.ecdsa, nil) where jwk.curve?.rawValue == ECDSACurve.p256.rawValue: algorithm = .es256
                case (.ecdsa, .es256): algorithm = .es256
                default: continue
                }
                let identifier = jwk.keyIdentifier?.string
                jwk.algorithm = algorithm == .rs256 ? .rs256 : .es256
                // Only to check: a private key in the set is not needed.
                jwk.privateExponent = nil
                jwk.keyIdentifier = "key"
                let added = jwk
                guard let verifier = await Self.verifier({ try await $0.add(jwk: added) }) else { throw .keySet }
                keys.append(Key(identifier: identifier, algorithm: algorithm, verifier: verifier))
            }
            guard !keys.isEmpty, keys.count <= Self.maximumKeySetSize else { throw .keySet }
            return keys
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import FoundationEssentials

    /// What we need of a token's payload.
    ///
    /// Only the claims that are asked for are decoded, each as the type it has to have: nothing recurses into what the
    /// others may hold.
    struct TokenClaims: DecodableWithConfiguration, Sendable {
        private struct Name: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }

            init(_ name: String) { self.stringValue = name }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        let expiry: Double?
        let notBefore: Double?
        let issuedAt: Double?
        let issuer: String?
        let audiences: [String]
        let userName: String?
        let clientIdentifier: String?
        /// nil: the token says nothing of access.
        let access: TokenAccessList?

        init(from decoder: any Decoder, configuration: JWTSettings) throws {
            let container = try decoder.container(keyedBy: Name.self)
            self.expiry = try container.decodeIfPresent(Double.self, forKey: Name("exp"))
            self.notBefore = try container.decodeIfPresent(Double.self, forKey: Name("nbf"))
            self.issuedAt = try container.decodeIfPresent(Double.self, forKey: Name("iat"))
            // A claim that nobody asks for may be of any type.
            func string(_ name: String?) throws -> String? {
                guard let name else { return nil }
                return try container.decodeIfPresent(String.self, forKey: Name(name))
            }
            self.issuer = try string(configuration.issuer == nil ? nil : "iss")
            self.userName = try string(configuration.userNameClaim)
            self.clientIdentifier = try string(configuration.clientIdentifierClaim)
            if configuration.audience == nil {
                self.audiences = []
            } else if let one = try? container.decodeIfPresent(String.self, forKey: Name("aud")) {
                self.audiences = [one]
            } else {
                self.audiences = try container.decodeIfPresent([String].self, forKey: Name("aud")) ?? []
            }
            let accessName = Name(configuration.accessClaim)
            guard container.contains(accessName) else {
                self.access = nil
                return
            }
            do {
                self.access = try container.decode(TokenAccessList.self, forKey: accessName)
            } catch {
                throw JWTFault.access
            }
        }

        /// Whether the token holds now, and for this client.
        /// - Parameter now: seconds since 1970
        func check(
            _ settings: JWTSettings,
            now: Double,
            userName: String?,
            clientIdentifier: String
        ) throws(JWTFault) {
            let leeway = Double(settings.leeway)
            if let expiry = self.expiry {
                // "on or after which" it must not be accepted (RFC 7519, section 4.1.4).
                guard now < expiry + leeway else { throw .expired }
            } else if settings.requiresExpiry {
                throw .noExpiry
            }
            if let notBefore = self.notBefore, now + leeway < notBefore { throw .notYetValid }
            if let issuedAt = self.issuedAt, now + leeway < issuedAt { throw .notYetValid }
            if let issuer = settings.issuer, !Self.areEqual(self.issuer, issuer) { throw .issuer }
            if let audience = settings.audience, !self.audiences.contains(where: { Self.areEqual($0, audience) }) {
                throw .audience
            }
            if settings.userNameClaim != nil {
                guard let userName, Self.areEqual(self.userName, userName) else { throw .userName }
            }
            if settings.clientIdentifierClaim != nil {
                guard Self.areEqual(self.clientIdentifier, clientIdentifier), !clientIdentifier.isEmpty else {
                    throw .clientIdentifier
                }
            }
        }

        /// Byte by byte: strings are equal to Swift that are different users elsewhere.
        private static func areEqual(_ claim: String?, _ value: String) -> Bool {
            claim.map { $0.utf8.elementsEqual(value.utf8) } ?? false
        }
    }
#endif

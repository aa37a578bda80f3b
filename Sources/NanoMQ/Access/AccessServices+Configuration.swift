//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import AccessControl
import NIOCore
import NanoConfiguration

#if JWT
    extension JWTSettings {
        /// What a configuration says, with the keys in its files.
        static func load(_ tokens: NanoConfiguration.TokenAccess) throws(ConfigurationFileError) -> JWTSettings {
            var settings = JWTSettings()
            settings.secret = tokens.secret.map { Array($0.value.utf8) }
            if let file = tokens.publicKeyFile {
                settings.publicKeys = [try self.text(of: file, "auth.jwt.public_keyfile")]
            }
            if let file = tokens.keySetFile { settings.keySet = try self.text(of: file, "auth.jwt.jwks_file") }
            settings.issuer = tokens.issuer
            settings.audience = tokens.audience
            settings.userNameClaim = tokens.userNameClaim
            settings.clientIdentifierClaim = tokens.clientIDClaim
            settings.accessClaim = tokens.accessClaim
            settings.leeway = UInt32(clamping: tokens.leeway.components.seconds)
            settings.requiresExpiry = tokens.requiresExpiry
            settings.disconnectsAtExpiry = tokens.disconnectsAfterExpiry
            return settings
        }

        /// The text of a file that a key names; an error tells the key.
        private static func text(of file: String, _ key: String) throws(ConfigurationFileError) -> String {
            do throws(ConfigurationFileError) {
                return try FileTree.text(of: file)
            } catch {
                throw ConfigurationFileError(description: "\(key): \(error)")
            }
        }
    }

    extension JWTSettingsError {
        /// The error with the key of the configuration, and the file, that it is about.
        func description(of tokens: NanoConfiguration.TokenAccess) -> String {
            switch self {
            case .noKey: "auth.jwt: there is no key"
            case .shortSecret: "auth.jwt.secret: shorter than 32 bytes"
            case .publicKey:
                "auth.jwt.public_keyfile: \(tokens.publicKeyFile ?? ""): expected a public key in PEM, "
                    + "RSA of 2048 bits or more or P-256"
            case .keySet:
                "auth.jwt.jwks_file: \(tokens.keySetFile ?? ""): expected a key set in JSON, "
                    + "with keys for RS256 or ES256"
            }
        }
    }
#endif

#if HTTPAuthentication
    extension HTTPAccessSettings {
        /// What a configuration says.
        init(_ http: NanoConfiguration.HTTPAccess) {
            self.init()
            self.authentication = HTTPRequestSettings(http.authentication)
            self.superUser = HTTPRequestSettings(http.superuser)
            self.access = HTTPRequestSettings(http.access)
            self.timeout = TimeAmount(http.timeout)
            self.connectTimeout = TimeAmount(http.connectTimeout)
            self.poolSize = http.poolSize
            self.maximumConcurrency = http.maximumConcurrency
            self.cacheTime = TimeAmount(http.cacheTTL)
            self.breakerFailures = http.breaker.failures
            self.breakerPause = TimeAmount(http.breaker.pause)
            self.tls.authorityFile = http.tls.authorityFile
            self.tls.verifiesPeer = http.tls.verifyPeer
            self.tls.certificateFile = http.tls.certificateFile
            self.tls.keyFile = http.tls.keyFile
        }
    }

    extension HTTPRequestSettings {
        /// nil: the request is not made.
        fileprivate init?(_ request: NanoConfiguration.HTTPRequest) {
            guard let url = request.url else { return nil }
            self.init(
                url: url,
                method: request.method == .get ? .get : .post,
                headers: request.headers.map { Header($0.name, $0.text.value) },
                parameters: request.parameters.map { Parameter($0.name, $0.text.value) }
            )
        }
    }
#endif

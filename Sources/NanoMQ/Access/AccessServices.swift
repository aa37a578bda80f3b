//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import AccessControl
import NIOCore
import NanoConfiguration

/// The ways of access control beyond users and rules: a web service that is asked, and signed tokens.
struct AccessServices: Sendable {
    #if HTTPAuthentication
        private var http: (settings: HTTPAccessSettings, access: HTTPAccess)?
    #endif
    #if JWT
        private var tokens: (settings: JWTSettings, access: JWTAccess)?
        /// Tokens were accepted before the last change.
        private var revoked: RevokedTokens?
    #endif

    /// None.
    init() {}

    /// What a configuration wants; what `before` has and is still right is kept.
    init(
        _ access: NanoConfiguration.Access,
        replacing before: AccessServices,
        logger: AccessLogger
    ) async throws(ConfigurationFileError) {
        if access.tokens.isEnabled {
            #if JWT
                let settings = try JWTSettings.load(access.tokens)
                do throws(JWTSettingsError) {
                    // It takes over whom the one before has let in.
                    let made = try await JWTAccess(
                        settings,
                        replacing: before.tokens?.access,
                        onEvent: { logger.log($0) }
                    )
                    self.tokens = (settings, made)
                } catch {
                    throw ConfigurationFileError(description: error.description(of: access.tokens))
                }
            #else
                throw ConfigurationFileError(description: "auth.jwt: this build is without it (package trait JWT)")
            #endif
        }
        #if JWT
            if !access.tokens.isEnabled { self.revoked = before.tokens.map { RevokedTokens($0.access) } }
        #endif
        if access.http.isEnabled {
            #if HTTPAuthentication
                let settings = HTTPAccessSettings(access.http)
                // Certificates may have changed although their names have not.
                if let kept = before.http, kept.settings == settings, settings.tls == HTTPTLSSettings() {
                    self.http = kept
                } else {
                    do throws(HTTPAccessError) {
                        self.http = (settings, try HTTPAccess(settings, onEvent: { logger.log($0) }))
                    } catch {
                        throw ConfigurationFileError(description: "auth.http_auth: \(error)")
                    }
                }
            #else
                throw ConfigurationFileError(
                    description: "auth.http_auth: this build is without it (package trait HTTPAuthentication)"
                )
            #endif
        }
    }

    /// Tokens first: they need no request.
    var authenticators: [any Authenticator] {
        var all: [any Authenticator] = []
        #if JWT
            if let tokens { all.append(tokens.access) }
            if let revoked { all.append(revoked) }
        #endif
        #if HTTPAuthentication
            if let http { all.append(http.access) }
        #endif
        return all
    }

    var authorizers: [any Authorizer] {
        var all: [any Authorizer] = []
        #if JWT
            if let tokens { all.append(tokens.access) }
        #endif
        #if HTTPAuthentication
            if let http { all.append(http.access) }
        #endif
        return all
    }

    /// Whether what lets a client in may end.
    var isTemporary: Bool {
        #if JWT
            self.tokens?.settings.disconnectsAtExpiry ?? false
        #else
            false
        #endif
    }

    /// Gives back what is not in `others` as well.
    func shutDown(keeping others: AccessServices) async {
        #if HTTPAuthentication
            if let http, http.access !== others.http?.access { await http.access.shutdown() }
        #endif
    }
}

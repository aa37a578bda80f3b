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
        private var tokens: JWTAccess?
        /// Tokens were accepted before, and are not now.
        private var revoked: RevokedTokens?
    #endif

    /// None.
    init() {}

    /// What a configuration wants; what `before` has and is still right is kept. `before` goes on as it was, until
    /// ``takeOver()``.
    init(
        _ access: NanoConfiguration.Access,
        replacing before: AccessServices,
        logger: AccessLogger
    ) async throws(ConfigurationFileError) {
        if access.tokens.isEnabled {
            #if JWT
                let settings = try JWTSettings.load(access.tokens)
                do throws(JWTSettingsError) {
                    // It knows whom the one before has let in.
                    self.tokens = try await JWTAccess(
                        settings,
                        replacing: before.tokens ?? before.revoked?.access,
                        onEvent: { logger.log($0) }
                    )
                } catch {
                    throw ConfigurationFileError(description: error.description(of: access.tokens))
                }
            #else
                throw ConfigurationFileError(description: "auth.jwt: this build is without it (package trait JWT)")
            #endif
        }
        #if JWT
            // A will may come long after its client has gone, and several changes may come before it.
            if !access.tokens.isEnabled {
                let earlier = before.revoked.flatMap { $0.access.knowsClients ? $0 : nil }
                self.revoked = before.tokens.map { RevokedTokens($0) } ?? earlier
            }
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

    /// The clients of `before` are judged by these from now on.
    func takeOver() {
        #if JWT
            self.tokens?.takeOver()
            self.revoked?.takeOver()
        #endif
    }

    /// Tokens first: they need no request.
    var authenticators: [any Authenticator] {
        var all: [any Authenticator] = []
        #if JWT
            if let tokens { all.append(tokens) }
        #endif
        #if HTTPAuthentication
            if let http { all.append(http.access) }
        #endif
        return all
    }

    /// Tokens first here too. A web service that is asked only who a client is has no part in it.
    var authorizers: [any Authorizer] {
        var all: [any Authorizer] = []
        #if JWT
            if let tokens { all.append(tokens) }
        #endif
        #if HTTPAuthentication
            if let http, http.settings.superUser != nil || http.settings.access != nil { all.append(http.access) }
        #endif
        return all
    }

    /// Ways that are not taken any more, and know whom they have let in.
    var departures: [any Authenticator & Authorizer] {
        #if JWT
            if let revoked { return [revoked] }
        #endif
        return []
    }

    /// Whether what has let a client in may have ended, so that clients have to be looked at. It costs nothing.
    var hasExpiry: Bool {
        #if JWT
            self.tokens?.hasExpiry ?? false
        #else
            false
        #endif
    }

    /// Makes ``hasExpiry`` exact, by looking at all clients.
    func updateNextExpiry() {
        #if JWT
            self.tokens?.updateNextExpiry()
        #endif
    }

    /// Gives back what is not in `others` as well.
    func shutDown(keeping others: AccessServices) async {
        #if HTTPAuthentication
            if let http, http.access !== others.http?.access { await http.access.shutdown() }
        #endif
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import AccessControl
    import BrokerCore

    /// Knows which clients came with a token in the time when tokens were accepted: they have to go. Until they have
    /// gone, and for their wills, what their tokens said still holds.
    struct RevokedTokens: Authenticator, Authorizer {
        let access: JWTAccess

        /// Nothing changes until ``takeOver()``.
        init(_ access: JWTAccess) {
            self.access = access
        }

        /// Tokens are accepted no longer.
        func takeOver() { self.access.revoke() }

        func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> { .now(.pass) }

        func mayStay(_ client: ClientInfo) -> Answer<Bool?> { self.access.mayStay(client) }

        func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
            self.access.authorize(request)
        }

        var isLasting: Bool { self.access.isLasting }

        func mayReceive(_ message: Message, client: ClientInfo) -> Bool? {
            self.access.mayReceive(message, client: client)
        }

        func connected(_ client: ClientInfo) { self.access.connected(client) }

        func forget(_ client: ClientInfo) { self.access.forget(client) }
    }
#endif

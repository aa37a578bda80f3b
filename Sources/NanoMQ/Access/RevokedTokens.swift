//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import AccessControl
    import BrokerCore

    /// Knows which clients came with a token in the time when tokens were accepted: they have to go.
    struct RevokedTokens: Authenticator {
        private let access: JWTAccess

        init(_ access: JWTAccess) {
            access.revoke()
            self.access = access
        }

        func authenticate(_ request: AuthenticationRequest) -> Answer<AuthenticationVerdict> { .now(.pass) }

        func mayStay(_ client: ClientInfo) -> Answer<Bool?> { self.access.mayStay(client) }

        func forget(_ client: ClientInfo) { self.access.forget(client) }
    }
#endif

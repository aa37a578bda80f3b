//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Definitions {
    static let tokens: [Definition<NanoConfiguration>] = [
        .boolean(
            "auth.jwt.enable",
            \.auth.tokens.isEnabled,
            "Whether signed tokens are taken as passwords. If the block is there, the default is `true`."
        ),
        .secret("auth.jwt.secret", \.auth.tokens.secret, "The common secret of HS256."),
        .file("auth.jwt.public_keyfile", \.auth.tokens.publicKeyFile, "The public key of RS256 or ES256, PEM."),
        .file("auth.jwt.jwks_file", \.auth.tokens.keySetFile, "Public keys as a JSON Web Key Set, RFC 7517."),
        .text("auth.jwt.issuer", \.auth.tokens.issuer, "What the claim `iss` must be."),
        .text("auth.jwt.audience", \.auth.tokens.audience, "What the claim `aud` must hold."),
        .text("auth.jwt.username_claim", \.auth.tokens.userNameClaim, "The claim that must be the user name."),
        .text("auth.jwt.clientid_claim", \.auth.tokens.clientIDClaim, "The claim that must be the client identifier."),
        .text("auth.jwt.acl_claim", \.auth.tokens.accessClaim, "The claim that says what the client may do."),
        .duration(
            "auth.jwt.leeway",
            \.auth.tokens.leeway,
            .zero...(.seconds(3_600)),
            "How far the clocks of the broker and of who signs may be apart."
        ),
        .boolean("auth.jwt.require_exp", \.auth.tokens.requiresExpiry, "Whether a token must say when it expires."),
        .boolean(
            "auth.jwt.disconnect_after_expire",
            \.auth.tokens.disconnectsAfterExpiry,
            "Whether a client is disconnected when its token expires."
        ),
    ]
}

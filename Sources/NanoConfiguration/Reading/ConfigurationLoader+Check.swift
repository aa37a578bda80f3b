//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

extension ConfigurationLoader {
    /// Looks at what several keys make together.
    mutating func check(_ root: HOCONObject) throws(ConfigurationError) {
        let access = result.configuration.auth
        try check(access.http, root)
        try check(access.tokens, root)
        try checkFailures(access.failures, root)

        // What an include leaves behind whose file is not there.
        if let block = setting(["auth", "acl"], root), case .object(let rules) = block.value.content,
            rules.members.isEmpty
        {
            findings.warn(.noRules, block)
        }
        if let setting = setting(["auth", "allow_anonymous"], root), !canConnect(result.configuration) {
            findings.warn(.nobodyCanConnect, setting)
        }
    }

    private func check(_ http: NanoConfiguration.HTTPAccess, _ root: HOCONObject) throws(ConfigurationError) {
        guard http.isEnabled, let block = setting(["auth", "http_auth"], root) else { return }
        guard http.authentication.url != nil || http.access.url != nil else {
            throw block.error(.missing(expected: "auth_req.url or acl_req.url"))
        }
        guard (http.tls.certificateFile == nil) == (http.tls.keyFile == nil) else {
            throw block.error(.missing(expected: "tls.certfile and tls.keyfile, both or none"))
        }
    }

    private func check(_ tokens: NanoConfiguration.TokenAccess, _ root: HOCONObject) throws(ConfigurationError) {
        guard tokens.isEnabled, let block = setting(["auth", "jwt"], root) else { return }
        guard tokens.secret != nil || tokens.publicKeyFile != nil || tokens.keySetFile != nil else {
            throw block.error(.missing(expected: "secret, public_keyfile or jwks_file"))
        }
    }

    private func checkFailures(
        _ failures: NanoConfiguration.FailureLimit,
        _ root: HOCONObject
    ) throws(ConfigurationError) {
        guard failures.maximumBlock < failures.block, let block = setting(["auth", "failures"], root) else { return }
        throw block.error(.expected("max_block not below block"))
    }

    /// Whether there is a way for a client to come in.
    private func canConnect(_ configuration: NanoConfiguration) -> Bool {
        let access = configuration.auth
        return access.allowAnonymous || access.passwords != nil || access.passwordFile != nil
            || access.http.isEnabled || access.tokens.isEnabled
            || configuration.listeners.contains { listener in
                listener.tls.map { $0.identityAsUserName != .none || $0.preSharedKeyFile != nil } ?? false
            }
    }

    private func setting(_ path: [String], _ root: HOCONObject) -> Setting? {
        root.value(at: path).map { Setting(key: path.joined(separator: "."), value: $0, origins: origins) }
    }
}

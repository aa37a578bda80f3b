//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

extension Definitions {
    static let auth: [Definition<NanoConfiguration>] = users + rules + http + tokens + failures

    private static let users: [Definition<NanoConfiguration>] = [
        .boolean(
            "auth.allow_anonymous",
            \.auth.allowAnonymous,
            "Whether clients may connect without a user name. A user name that is given must be right all the same."
        ),
        .choice("auth.no_match", \.auth.noMatch, "What happens to a topic that no rule speaks of."),
        .choice(
            "auth.deny_action",
            \.auth.denyAction,
            "What happens to a client which is refused a topic: only its request is refused, or it is disconnected."
        ),
        .property(
            "auth.password",
            \.auth.passwords,
            accepted: "block of `user = password`, secret",
            meaning: """
                The users with their passwords, plain or as `nanomq passwd` hashes them. `enable = false` among them \
                switches the list off.
                """,
            text: { $0.map(Format.passwords) },
            summary: { $0.map { Format.count($0.count, "user") } },
            read: { setting, _ throws(ConfigurationError) in try setting.passwords() }
        ),
        .file(
            "auth.password_file",
            \.auth.passwordFile,
            "A file of users with their passwords, which `nanomq passwd` writes. It is asked after `auth.password`."
        ),
    ]

    private static let rules: [Definition<NanoConfiguration>] = [
        .boolean(
            "auth.acl.enable",
            \.auth.rules.isEnabled,
            "Whether the rules are asked. If the block is there, the default is `true`."
        ),
        .property(
            "auth.acl.rules",
            \.auth.rules.rules,
            accepted: "list of rules",
            meaning: """
                What clients may do with topics; the first rule that matches decides. See the section about rules below.
                """,
            text: { Format.rules($0) },
            summary: { Format.count($0.count, "rule") },
            read: { setting, _ throws(ConfigurationError) in try setting.accessRules() }
        ),
        .file(
            "auth.acl.file",
            \.auth.rules.file,
            "A file in HOCON whose `rules` come after those of `auth.acl.rules`. It must be there."
        ),
        .ignored("auth.cache", accepted: "block", "Decisions are always remembered, until the rules change."),
    ]

    private static let failures: [Definition<NanoConfiguration>] = [
        .integer(
            "auth.failures.limit",
            \.auth.failures.limit,
            1...1_000_000,
            "Wrong passwords from one address, within `auth.failures.window`, that block the address."
        ),
        .duration(
            "auth.failures.window",
            \.auth.failures.window,
            .seconds(1)...(.seconds(86_400)),
            "The time in which wrong passwords count together."
        ),
        .duration(
            "auth.failures.block",
            \.auth.failures.block,
            .seconds(1)...(.seconds(86_400)),
            "How long an address is blocked the first time; each time after that, twice as long."
        ),
        .duration(
            "auth.failures.max_block",
            \.auth.failures.maximumBlock,
            .seconds(1)...(.seconds(86_400 * 30)),
            "The longest time an address is blocked."
        ),
    ]
}

extension Setting {
    /// Reads the block `auth.password`; `nil` if it is switched off.
    fileprivate func passwords() throws(ConfigurationError) -> [String: Secret]? {
        var passwords: [String: Secret] = [:]
        var isEnabled = true
        for member in try block().members {
            let child = self.member(member)
            if member.key == "enable" {
                // A text, even "no", could be meant as a password: to guess would open the broker, or let a user in.
                guard case .boolean(let value) = member.value.content else {
                    throw child.error(.expected("true or false; a user of this name belongs into auth.password_file"))
                }
                isEnabled = value
            } else {
                guard !member.key.isEmpty else { throw child.error(.expected("the name of a user")) }
                passwords[member.key] = Secret(try child.password())
            }
        }
        return isEnabled ? passwords : nil
    }

    /// Reads a password: any text but an empty one. It may come as a number.
    private func password() throws(ConfigurationError) -> String {
        let expected = "a password of 1 to 65535 bytes"
        if case .boolean = value.content { throw error(.expected(expected + ", in quotes")) }
        let password = try read(expected) { value throws(HOCONError) in try value.string() }
        guard (1...65_535).contains(password.utf8.count) else { throw error(.expected(expected)) }
        return password
    }
}

extension Format {
    fileprivate static func passwords(_ passwords: [String: Secret]) -> String {
        let users = passwords.keys.sorted().map { "\(string($0)) = \(string(Secret.mask))" }
        return users.isEmpty ? "{}" : "{ " + users.joined(separator: ", ") + " }"
    }

    /// `1 user`, `2 users`.
    static func count(_ count: Int, _ what: String) -> String {
        "\(count) \(what)\(count == 1 ? "" : "s")"
    }
}

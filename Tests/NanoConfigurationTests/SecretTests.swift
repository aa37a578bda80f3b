//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import NanoConfiguration
import Testing

@Suite("Secrets")
struct SecretTests {
    private static let secret = "open-sesame"

    /// A configuration with the secret wherever there can be one.
    private static func text(_ secret: String = secret) -> String {
        """
        auth {
          password { alice = "\(secret)" }
          http_auth {
            auth_req {
              url = "http://u:\(secret)@host/x?key=\(secret)"
              headers { authorization = "\(secret)", accept = "text/plain" }, params { k = "\(secret)", c = "%c" }
            }
          }
          jwt { secret = "\(secret)" }
        }
        listeners.ssl { keyfile = k, certfile = c, key_password = "\(secret)" }
        """
    }

    @Test("A secret is not printed")
    func printing() {
        let secret = Secret(Self.secret)
        var dumped = ""
        dump(["x": secret], to: &dumped)
        var access = NanoConfiguration.Access()
        access.passwords = ["alice": secret]
        for text in ["\(secret)", "\(String(reflecting: secret))", dumped, "\(access)", String(reflecting: access)] {
            #expect(!text.contains(Self.secret), "\(text)")
        }
    }

    @Test("The effective configuration masks secrets, and shows the rest")
    func effective() throws {
        let text = try loadAll(Self.text()).effective()
        #expect(!text.contains(Self.secret))
        for part in [
            #"auth.password = { alice = "******" }  # test.conf:2:12"#, #"url = "http://******@host/x?******""#,
            #"headers = { authorization = "******", accept = "text/plain" }"#, #"params = { k = "******", c = "%c" }"#,
            #"auth.jwt.secret = "******"  # test.conf:"#, #"listeners.ssl.key_password = "******""#,
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test("A change of a secret is told without it")
    func changes() throws {
        let old = try load(Self.text("first-secret")).0
        let changes = old.changes(to: try load(Self.text("other-secret")).0)
        #expect(
            changes.map(\.key) == [
                "listeners.ssl", "auth.password", "auth.http_auth.auth_req.url", "auth.http_auth.auth_req.headers",
                "auth.http_auth.auth_req.params", "auth.jwt.secret",
            ]
        )
        #expect(changes.allSatisfy { !"\($0)".contains("-secret") && "\($0)".contains("(changed)") })
    }

    @Test(
        "No error quotes a value",
        arguments: [
            "auth.password { a = [open-sesame] }", "auth.password { a { b = open-sesame } }",
            "auth.password = open-sesame", "auth.jwt { secret = [open-sesame] }",
            "auth.http_auth.auth_req.url = open-sesame", "auth.http_auth.auth_req.headers = open-sesame",
            "auth.http_auth.auth_req.headers { \"a b\" = open-sesame }", "auth.acl.rules = [\"open-sesame\"]",
            "auth.acl.rules = [{ permit = open-sesame }]",
            "auth.acl.rules = [{ permit = deny, topics = [\"#open-sesame\"] }]",
            "listeners.ssl { key_password = [open-sesame] }", "listeners.ssl { bind = open-sesame }",
            "mqtt.max_qos = open-sesame", "log.level = open-sesame", "auth.allow_anonymous = open-sesame",
        ]
    )
    func errors(text: String) {
        let message = failure(text)
        #expect(message != nil)
        #expect(message?.contains(Self.secret) == false, "\(message ?? "")")
    }

    @Test("Nor do errors of the environment and of the flat form")
    func otherErrors() {
        for name in ["NANOMQ_ALLOW_ANONYMOUS", "NANOMQ_TLS_URL", "NANOMQ_LOG_LEVEL", "NANOMQ_MSQ_LEN"] {
            let error = #expect(throws: ConfigurationError.self) {
                try loadAll("", environment: [name: Self.secret])
            }
            #expect(error?.description.hasPrefix(name + ": ") == true)
            #expect(error?.description.contains(Self.secret) == false)
        }
        for line in ["auth.1.password=open-sesame", "open-sesame", "url=open-sesame", "auth_enable=open-sesame"] {
            let error = #expect(throws: ConfigurationError.self) { try OldConfiguration.parse(line, file: "old.conf") }
            #expect(error?.description.contains(Self.secret) == false)
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import NanoConfiguration
import Testing

@Suite("Access")
struct AccessTests {
    @Test("Users with passwords")
    func passwords() throws {
        let access = try load("auth.password { admin = sesame, \"a.b\" = \"p w\", n = 017 }").0.auth
        #expect(
            access.passwords == ["admin": Secret("sesame"), "a.b": Secret("p w"), "n": Secret("017")]
        )
        #expect(try load("auth.password { }").0.auth.passwords == [:])
        #expect(try load("auth.password { enable = true, a = b }").0.auth.passwords?.count == 1)
        #expect(try load("auth.password { enable = false, a = b }").0.auth.passwords == nil)
        #expect(try load("").0.auth.passwords == nil)
    }

    @Test(
        "What is no password",
        arguments: [
            "{ a = \"\" }", "{ a = true }", "{ a = null }", "{ a.b = c }", "{ a = [b] }", "{ \"\" = b }", "[a]", "x",
            "{ enable = \"false\" }", "{ enable = no }", "{ enable = 5 }",
        ]
    )
    func noPasswords(value: String) {
        #expect(failure("auth.password = \(value)")?.contains("auth.password") == true)
    }

    @Test("Rules, as objects and as JSON in a text")
    func rules() throws {
        let text = #"""
            auth.acl.rules = [
              { "permit": "allow", "username": "dashboard", "action": "subscribe", "topics": ["$SYS/#"] }
              { permit = deny, clientid = c, action = publish, topics = "a/${clientid}" }
              { permit = allow, ipaddrs = ["192.0.2.0/24", "2001:db8::/32", "::1"] }
              { permit = deny, and = [{ username = u }, { or = [{ clientid = x }, { ipaddr = "10.0.0.1" }] }] }
              "{\"permit\": \"deny\", \"username\": \"#\", \"topics\": [\"@#\"]}"
              { permit = allow }
            ]
            """#
        let access = try load(text).0.auth
        #expect(access.rules.isEnabled)
        #expect(
            access.rules.rules == [
                AccessRule(permit: .allow, action: .subscribe, topics: ["$SYS/#"], subject: .userName("dashboard")),
                AccessRule(permit: .deny, action: .publish, topics: ["a/${clientid}"], subject: .clientID("c")),
                AccessRule(
                    permit: .allow,
                    subject: .any([.address("192.0.2.0/24"), .address("2001:db8::/32"), .address("::1")])
                ),
                AccessRule(
                    permit: .deny,
                    subject: .all([.userName("u"), .any([.clientID("x"), .address("10.0.0.1")])])
                ),
                AccessRule(permit: .deny, topics: ["@#"], subject: .userName("#")),
                AccessRule(permit: .allow),
            ]
        )
    }

    @Test("A block of rules is on unless it says otherwise")
    func rulesEnabled() throws {
        #expect(try !load("").0.auth.rules.isEnabled)
        #expect(try load("auth.acl { rules = [] }").0.auth.rules.isEnabled)
        #expect(try load("auth.acl { rules = [] }").warnings.isEmpty)
        #expect(try !load("auth.acl { rules = [{ permit = deny }], enable = false }").0.auth.rules.isEnabled)
        #expect(try load("auth.acl { }").warnings.map(\.kind) == [.noRules])
    }

    @Test(
        "What is no rule is an error with its place, and never dropped",
        arguments: [
            ("{ }", "permit = allow"), ("{ permit = alow }", "allow or deny"), ("{ permit = true }", "allow or deny"),
            ("{ permit = deny, action = read }", "publish, subscribe or pubsub"),
            ("{ permit = deny, usrname = x }", "did you mean auth.acl.rules.username"),
            ("{ permit = deny, topics = [] }", "at least one"), ("{ permit = deny, topics = [\"\"] }", "topic filter"),
            ("{ permit = deny, topics = [\"a#\"] }", "topic filter"),
            ("{ permit = deny, topics = [\"#/a\"] }", "topic filter"),
            ("{ permit = deny, topics = [\"a+/b\"] }", "topic filter"),
            ("{ permit = deny, topics = [[]] }", "topic filter"),
            ("{ permit = deny, ipaddr = \"10.0.0\" }", "an address"),
            ("{ permit = deny, ipaddr = \"10.0.0.0/33\" }", "an address"),
            ("{ permit = deny, ipaddr = \"::1/129\" }", "an address"),
            ("{ permit = deny, ipaddr = \"::1/\" }", "an address"),
            ("{ permit = deny, ipaddrs = [] }", "at least one"), ("{ permit = deny, and = [] }", "at least one"),
            ("{ permit = deny, or = [{ }] }", "objects with one"),
            ("{ permit = deny, or = [{ username = a, clientid = b }] }", "objects with one"),
            ("{ permit = deny, or = [{ user = a }] }", "unknown key in auth"),
            ("{ permit = deny, username = a, clientid = b }", "one of"), ("\"{\"", "expected"), ("\"x\"", "expected"),
            ("5", "found a number"), ("{ permit = deny, username = \"\" }", "a text"),
        ]
    )
    func noRules(rule: String, expected: String) {
        let message = failure("auth.acl.rules = [\n{ permit = allow }\n\(rule)]")
        #expect(message?.hasPrefix("test.conf:3:") == true)
        #expect(message?.contains("auth.acl.rules") == true)
        #expect(message?.contains(expected) == true, "\(message ?? "")")
    }

    @Test("Rules of a file come last, with their own places")
    func rulesFile() throws {
        func load(_ file: String) throws -> LoadedConfiguration {
            let root = try HOCON.parse(
                "auth.acl { rules = [{ permit = allow }], file = \"x.conf\" }",
                file: "test.conf"
            )
            return try NanoConfiguration.load(hocon: root) { path, _, _ throws(ConfigurationError) in
                do throws(HOCONError) {
                    return try HOCON.parse(file, file: path)
                } catch {
                    throw ConfigurationError(.syntax(error.problem), key: "x", source: .file(error.location))
                }
            }
        }
        let rules = try load("rules = [{ permit = deny }]").configuration.auth.rules
        #expect(rules.rules == [AccessRule(permit: .allow), AccessRule(permit: .deny)])
        #expect(rules.file == "x.conf")
        for (file, place) in [("rules = [{ permit = x }]", "x.conf:1:"), ("rule = []", "x.conf:1:1: auth.acl.rule:")] {
            let error = #expect(throws: ConfigurationError.self) { try load(file) }
            #expect(error?.description.hasPrefix(place) == true)
        }
        // Without somebody to read it, a file is an error.
        #expect(failure("auth.acl.file = \"x.conf\"")?.contains("cannot be read") == true)
    }

    @Test("The web service")
    func http() throws {
        let http = try load(
            """
            auth.http_auth {
              auth_req {
                url = "http://127.0.0.1:80/mqtt/auth", method = POST
                headers.content-type = "application/json", params = { clientid = "%c", username = "%u" }
              }
              super_req { url = "https://[::1]/super", method = get }
              timeout = 3s, connect_timeout = 1s, pool_size = 4, max_concurrency = 8, cache_ttl = 30s
              tls { cacertfile = "/ca", verify_peer = false, certfile = "/c", keyfile = "/k" }
              breaker { failures = 2, pause = 500ms }
            }
            """
        ).0.auth.http
        #expect(http.isEnabled)
        #expect(http.authentication.url == "http://127.0.0.1:80/mqtt/auth")
        #expect(http.authentication.method == .post)
        #expect(http.authentication.headers == [.init("content-type", "application/json")])
        #expect(http.authentication.parameters == [.init("clientid", "%c"), .init("username", "%u")])
        #expect(http.superuser.method == .get)
        #expect(http.access.url == nil)
        #expect(http.timeout == .seconds(3) && http.connectTimeout == .seconds(1))
        #expect(http.poolSize == 4 && http.maximumConcurrency == 8 && http.cacheTTL == .seconds(30))
        #expect(http.tls.authorityFile == "/ca" && !http.tls.verifyPeer && http.tls.keyFile == "/k")
        #expect(http.breaker.failures == 2 && http.breaker.pause == .milliseconds(500))
        #expect(try !load("auth.http_auth { enable = false }").0.auth.http.isEnabled)
    }

    @Test("Tokens")
    func tokens() throws {
        let tokens = try load(
            """
            auth.jwt { secret = s, public_keyfile = "/p", jwks_file = "/j", issuer = i, audience = a
              username_claim = u, clientid_claim = c, acl_claim = x, leeway = 5, require_exp = false
              disconnect_after_expire = false }
            """
        ).0.auth.tokens
        #expect(tokens.isEnabled)
        #expect(tokens.secret == Secret("s") && tokens.publicKeyFile == "/p" && tokens.keySetFile == "/j")
        #expect(tokens.issuer == "i" && tokens.audience == "a" && tokens.accessClaim == "x")
        #expect(tokens.userNameClaim == "u" && tokens.clientIDClaim == "c" && tokens.leeway == .seconds(5))
        #expect(!tokens.requiresExpiry && !tokens.disconnectsAfterExpiry)
    }

    @Test(
        "A broker that was told to be closed does not start open",
        arguments: [
            ("auth.http_auth { }", "auth.http_auth: missing; expected auth_req.url or acl_req.url"),
            ("auth.http_auth.super_req.url = \"http://x\"", "expected auth_req.url or acl_req.url"),
            ("auth.http_auth = null", "auth.http_auth: expected a block"),
            ("auth.http_auth.auth_req.url = \"ftp://x\"", "expected a URL"),
            ("auth.http_auth.auth_req.url = \"http:///x\"", "expected a URL"),
            ("auth.http_auth { auth_req.url = \"http://x\", tls.certfile = \"/x\" }", "both or none"),
            ("auth.jwt { }", "auth.jwt: missing; expected secret, public_keyfile or jwks_file"),
            ("auth.failures { block = 2h, max_block = 1h }", "auth.failures: expected max_block not below block"),
            ("auth { allow_anonymus = false }", "unknown key in auth"),
            ("auth.acls { }", "did you mean auth.acl?"),
            ("auth.jwt { secret = s, isuer = x }", "did you mean auth.jwt.issuer?"),
            ("\"auth.no_match\" = deny", "did you mean auth.no_match?"),
            ("auth = off", "auth: expected a block { ... }, found a string"),
        ]
    )
    func failClosed(text: String, expected: String) {
        let message = failure(text)
        #expect(message?.contains(expected) == true, "\(message ?? "")")
    }

    @Test("A broker which nobody can enter says so")
    func nobody() throws {
        #expect(try load("auth.allow_anonymous = false").warnings.map(\.kind) == [.nobodyCanConnect])
        #expect(try load("auth { allow_anonymous = false, password { a = b } }").warnings.isEmpty)
        #expect(try load("auth { allow_anonymous = false, password_file = \"/p\" }").warnings.isEmpty)
    }

    @Test("Wrong passwords")
    func failures() throws {
        let failures = try load("auth.failures { limit = 3, window = 5m, block = 2m, max_block = 1d }").0.auth.failures
        #expect(failures.limit == 3 && failures.window == .seconds(300))
        #expect(failures.block == .seconds(120) && failures.maximumBlock == .seconds(86_400))
        #expect(try load("auth.failures.limit = unlimited").0.auth.failures.limit == nil)
    }
}

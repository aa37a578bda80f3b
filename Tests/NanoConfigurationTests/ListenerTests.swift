//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import Testing

@Suite("Listeners")
struct ListenerTests {
    @Test(
        "Addresses",
        arguments: [
            ("127.0.0.1:1884", "127.0.0.1", 1884), ("localhost:0", "localhost", 0), ("[::1]:1883", "::1", 1883),
            ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535), (":1884", "0.0.0.0", 1884), ("1884", "0.0.0.0", 1884),
        ]
    )
    func addresses(address: String, host: String, port: Int) {
        #expect(Listener(name: "a", address: address) == Listener(name: "a", host: host, port: port))
    }

    @Test(
        "What is no address",
        arguments: [
            "", ":", "localhost", "host:", "host:65536", "host:-1", "host:+1", "host:99999999999999999999", "::1:1883",
            "[::1]", "[]:1883", "[::1:1883", "[host]:1883", "a b:1883", "tcp://a:1883", "host:1883/mqtt", "[::1] :1883",
        ]
    )
    func noAddresses(address: String) {
        #expect(Listener(name: "a", address: address) == nil)
    }

    @Test(
        "Blocks",
        arguments: [
            ("listeners.tcp.bind = 1884", ["default 0.0.0.0 1884"]),
            ("listeners.tcp { }", ["default 0.0.0.0 1883"]),
            ("listeners.tcp { enable = true }", ["default 0.0.0.0 1883"]),
            ("listeners.tcp.a.bind = \":1\"", ["a 0.0.0.0 1"]),
            (
                "listeners.tcp { b { bind = \"[::]:2\" }, bind = 1, a.bind = 3 }",
                ["default 0.0.0.0 1", "b :: 2", "a 0.0.0.0 3"]
            ),
            ("listeners.tcp { bind = 1, a { bind = 2, enable = false }, b { enable = false } }", ["default 0.0.0.0 1"]),
            ("listeners.tcp { a.bind = 0, b.bind = 0 }", ["a 0.0.0.0 0", "b 0.0.0.0 0"]),
        ]
    )
    func blocks(text: String, expected: [String]) throws {
        let (configuration, warnings) = try load(text)
        #expect(configuration.listeners.map { "\($0.name) \($0.host) \($0.port)" } == expected)
        #expect(warnings.isEmpty)
    }

    @Test(
        "A block in which nothing listens",
        arguments: ["listeners { }", "listeners.tcp.enable = false", "listeners.tcp { enable = false, a.bind = 1 }"]
    )
    func none(text: String) throws {
        let (configuration, warnings) = try load(text)
        #expect(configuration.listeners.isEmpty)
        #expect(warnings.map(\.kind) == [.noListener])
    }

    @Test("Every kind, with its own address")
    func kinds() throws {
        let keys = "keyfile = k, certfile = c"
        let (configuration, warnings) = try load("listeners { wss { }, ws { }, tcp { }, ssl { \(keys) } }")
        #expect(warnings.isEmpty)
        #expect(
            configuration.listeners.map { "\($0.kind) \($0.address)" } == [
                "tcp 0.0.0.0:1883", "ssl 0.0.0.0:8883", "ws 0.0.0.0:8083/mqtt", "wss 0.0.0.0:8086/mqtt",
            ]
        )
        #expect(configuration.listeners.map { $0.tls != nil } == [false, true, false, true])
    }

    @Test(
        "Paths of WebSockets",
        arguments: [
            ("\"h:1/a/b\"", "/a/b"), ("\"[::1]:1/\"", "/"), ("\":1\"", "/mqtt"), ("1", "/mqtt"), ("\"1/x\"", "/x"),
        ]
    )
    func paths(address: String, path: String) throws {
        #expect(try load("listeners.ws.bind = \(address)").0.listeners.first?.path == path)
    }

    @Test(
        "What is no address of a WebSocket",
        arguments: ["h/mqtt", "h:1/a b", "h:1/a?b", "h:1/a#b", "h:x/mqtt", "/mqtt"]
    )
    func noPaths(address: String) {
        #expect(Listener(kind: .ws, name: "a", address: address) == nil)
    }

    @Test("All keys of a listener")
    func keys() throws {
        let (configuration, warnings) = try load(
            """
            listeners.wss.a {
              bind = "127.0.0.1:1/x", max_connections = 5, max_connect_rate = 6, proxy_protocol = true
              origins = ["https://a", "https://b"]
              keyfile = "/k", certfile = "/c", key_password = p, cacertfile = "/ca", cacertdir = "/cas", crlfile = "/crl"
              verify_peer = true, fail_if_no_peer_cert = true, tls_version_min = 1.3, tls_version_max = "1.3"
              ciphers = "ECDHE+AESGCM", psk_file = "/psk", psk_hint = h, identity_as_username = cn
              handshake_timeout = 3s
            }
            """
        )
        #expect(warnings.isEmpty)
        var expected = Listener(kind: .wss, name: "a", host: "127.0.0.1", port: 1, path: "/x")
        (expected.maximumConnections, expected.maximumConnectRate, expected.proxyProtocol) = (5, 6, true)
        expected.origins = ["https://a", "https://b"]
        var tls = ListenerTLS()
        (tls.keyFile, tls.certificateFile, tls.keyPassword) = ("/k", "/c", Secret("p"))
        (tls.authorityFile, tls.authorityDirectory, tls.revocationFile) = ("/ca", "/cas", "/crl")
        (tls.verifyPeer, tls.requirePeerCertificate) = (true, true)
        (tls.minimumVersion, tls.maximumVersion) = (.tls13, .tls13)
        (tls.ciphers, tls.preSharedKeyFile, tls.preSharedKeyHint) = ("ECDHE+AESGCM", "/psk", "h")
        (tls.identityAsUserName, tls.handshakeTimeout) = (.commonName, .seconds(3))
        expected.tls = tls
        #expect(configuration.listeners == [expected])
    }

    @Test("A secure WebSocket without certificates takes those of ssl, also if that is off")
    func borrowedCertificates() throws {
        let ssl = "ssl { enable = false, keyfile = \"/k\", certfile = \"/c\", a { enable = no } }"
        let loaded = try loadAll("listeners { wss { bind = 1 }, \(ssl) }")
        #expect(loaded.configuration.listeners.map(\.kind) == [.wss])
        #expect(loaded.configuration.listeners.first?.tls?.certificateFile == "/c")
        #expect(loaded.effective().contains("listeners.wss.keyfile = \"/k\"  # test.conf:1:"))
        let own = try load("listeners { wss { bind = 1, psk_file = \"/p\" }, \(ssl) }").0.listeners
        #expect(own.first?.tls?.certificateFile == nil)
        #expect(
            failure("listeners { wss { }, ssl.a { bind = 1, keyfile = k, certfile = c } }")?.contains("wss: missing")
                == true
        )
    }

    @Test(
        "enable = false works everywhere",
        arguments: [
            "ssl { enable = false }", "ssl { enable = false, bind = 1 }", "ws { enable = no, a.bind = 1 }",
            "wss { enable = off }", "ws { a { enable = false } }", "ssl { a { bind = 1, enable = false } }",
        ]
    )
    func disabled(block: String) throws {
        let (configuration, warnings) = try load("listeners { tcp { }, \(block) }")
        #expect(configuration.listeners == [.standard])
        #expect(warnings.isEmpty)
    }

    @Test(
        "What does not go together in TLS",
        arguments: [
            ("", "missing; expected certfile and keyfile, or psk_file"), ("certfile = c", "missing; expected certfile"),
            ("psk_file = p, keyfile = k", "missing; expected certfile"),
            ("keyfile = k, certfile = c, tls_version_min = 1.3, tls_version_max = 1.2", "tls_version_min not above"),
            ("keyfile = k, certfile = c, tls_version_min = 1.1", "tls_version_min: expected 1.2 or 1.3"),
            ("keyfile = k, certfile = c, verify_peer = true", "missing; expected cacertfile or cacertdir"),
            ("keyfile = k, certfile = c, fail_if_no_peer_cert = true", "fail_if_no_peer_cert: has no effect without"),
            ("keyfile = k, certfile = c, crlfile = x", "crlfile: has no effect without verify_peer = true"),
            ("keyfile = k, certfile = c, identity_as_username = cn", "identity_as_username: has no effect without"),
        ]
    )
    func tls(keys: String, expected: String) {
        let message = failure("listeners.ssl { \(keys) }")
        #expect(message?.contains(expected) == true, "\(message ?? "")")
    }

    @Test("Pre-shared keys alone are enough, and may give the name")
    func preSharedKeys() throws {
        let listener = try load("listeners.ssl { psk_file = \"/p\", identity_as_username = cn }").0.listeners.first
        #expect(listener?.tls?.preSharedKeyFile == "/p")
    }

    @Test(
        "Errors",
        arguments: [
            (
                "listeners.tcp.bind = \"localhost\"",
                #"1:22: listeners.tcp.bind: expected an address, "host:port", "[IPv6]:port" or a port"#
            ),
            (
                "listeners.tcp.bind = []",
                #"1:22: listeners.tcp.bind: expected an address, "host:port", "[IPv6]:port" or a port, found a list"#
            ),
            (
                "listeners.tcp.a { }",
                #"1:17: listeners.tcp.a: missing; expected bind = "host:port", "[IPv6]:port" or a port"#
            ),
            ("listeners.tcp.enable = 5", "1:24: listeners.tcp.enable: expected true or false, found a number"),
            (
                "listeners.tcp { bind = 1\n a.bind = 1 }",
                "2:11: listeners.tcp.a.bind: the listener tcp has the same address"
            ),
            (
                "listeners { tcp.bind = 1, ws.bind = 1 }",
                "1:37: listeners.ws.bind: the listener tcp has the same address"
            ),
            (
                "listeners.tcp { bind = 1, default.bind = 2 }",
                "1:27: listeners.tcp.default: the listener without a name is called so"
            ),
            (
                "listeners.ws.bind = \"h/x\"",
                #"1:21: listeners.ws.bind: expected an address, "host:port/path", "[IPv6]:port/path" or a port"#
            ),
            (
                "listeners.tcp.max_connections = x",
                "1:33: listeners.tcp.max_connections: expected a number, 0 to 2147483647, or unlimited, found a string"
            ),
            (
                "listeners.ws.origins = 5",
                "1:24: listeners.ws.origins: expected a list of origins, or any, found a number"
            ),
            ("listeners.tcp = 5", "1:17: listeners.tcp: expected a block { ... }, found a number"),
        ]
    )
    func errors(text: String, expected: String) {
        #expect(failure(text) == "test.conf:" + expected)
    }

    @Test(
        "Unknown keys",
        arguments: [
            ("listeners { tcp { }, tpc { } }", "listeners.tpc", "listeners.tcp"),
            ("listeners.tcp { bind = 1, bnid = 2 }", "listeners.tcp.bnid", "listeners.tcp.bind"),
            ("listeners.tcp { bind = 1, quickly = 2 }", "listeners.tcp.quickly", nil),
            ("listeners.tcp { bind = 1, enabled = no }", "listeners.tcp.enabled", "listeners.tcp.enable"),
            ("listeners { tcp { }, udp { } }", "listeners.udp", "listeners.tcp"),
            ("listeners.tcp { keyfile = x }", "listeners.tcp.keyfile", nil),
            ("listeners.tcp { a { bind = 1, binds = 2 } }", "listeners.tcp.a.binds", "listeners.tcp.a.bind"),
        ]
    )
    func unknown(text: String, key: String, nearest: String?) throws {
        let warnings = try load(text).warnings
        #expect(warnings.map(\.key) == [key])
        #expect(warnings.map(\.kind) == [.unknownKey(nearest: nearest)])
    }
}

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

    @Test(
        "Kinds still to come are errors unless they are switched off",
        arguments: [("ssl", "bind = \"0.0.0.0:8883\""), ("ws", "bind = \"0.0.0.0:8083/mqtt\""), ("wss", "")]
    )
    func kinds(kind: String, content: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try load("listeners { tcp { }, \(kind) { \(content) } }")
        }
        #expect(error?.problem == .listenerUnavailable(kind: kind))
        #expect(error?.key == "listeners.\(kind)")

        let (configuration, warnings) = try load("listeners { tcp { }, \(kind) { enable = false, \(content) } }")
        #expect(configuration.listeners == [.standard])
        #expect(warnings.map(\.kind) == [.notSupportedYet])
    }

    @Test("Named listeners of a kind still to come")
    func namedKinds() throws {
        #expect(try load("listeners { tcp { }, ssl { a.enable = false, b.enable = false } }").warnings.count == 1)
        #expect(throws: ConfigurationError.self) { try load("listeners { ssl { a.enable = false, b.bind = 1 } }") }
        #expect(throws: ConfigurationError.self) { try load("listeners { ssl { bind = 1, a.enable = false } }") }
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
                "2:11: listeners.tcp.a.bind: the listener default has the same address"
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
            ("listeners.tcp { a { bind = 1, binds = 2 } }", "listeners.tcp.a.binds", "listeners.tcp.a.bind"),
        ]
    )
    func unknown(text: String, key: String, nearest: String?) throws {
        let warnings = try load(text).warnings
        #expect(warnings.map(\.key) == [key])
        #expect(warnings.map(\.kind) == [.unknownKey(nearest: nearest)])
    }
}

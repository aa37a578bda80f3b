//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import NanoConfiguration
import Testing

@Suite("Loading")
struct LoadingTests {
    @Test("An empty file is the defaults")
    func empty() throws {
        let (configuration, warnings) = try load("")
        #expect(configuration == NanoConfiguration())
        #expect(warnings.isEmpty)
        #expect(configuration.listeners == [Listener(name: "default", host: "0.0.0.0", port: 1883)])
    }

    @Test("The file of the benchmarks loads without a warning")
    func benchmark() throws {
        let (configuration, warnings) = try load(
            """
            listeners.tcp { bind = "127.0.0.1:28834" }
            mqtt { max_mqueue_len = 65535 }
            log { to = [console], level = error }
            auth { allow_anonymous = true, no_match = allow }
            """
        )
        #expect(warnings.isEmpty)
        var expected = NanoConfiguration()
        expected.listeners = [Listener(name: "default", host: "127.0.0.1", port: 28834)]
        expected.mqtt.maximumQueueLength = 65_535
        expected.log.level = .error
        #expect(configuration == expected)
    }

    @Test("Each type of value lands in its property")
    func values() throws {
        let (configuration, warnings) = try load(
            """
            system.threads = 3
            mqtt {
              max_packet_size = 256MB, keepalive_multiplier = 1.25, mqueue_drop = oldest, shared_strategy = hash_topic
              retry_interval = 5, server_keepalive = 2m, max_session_expiry = 1d, max_qos = 1, max_subscriptions = unlimited
              batch_resend = true, retain_available = false, overlapping = each
            }
            limits {
              max_connections = 10, connect_rate = 0, stuck_reader_timeout = unlimited, connect_timeout = 500ms
              max_retained_bytes = unlimited, max_connect_size = 1KB
            }
            sys { interval = 0, node = "a b", presence = off }
            log {
              level = trace, to = [], format = json, dir = "/var/log", file = x.log
              rotation { size = unlimited, count = 3, interval = 1d, max_age = 30d }
              syslog { facility = local3, identifier = gateway }
            }
            system { daemon = true, pid_file = none, control_socket = "/run/x.sock" }
            auth { deny_action = disconnect, allow_anonymous = off, no_match = deny, password_file = "/etc/passwords" }
            """
        )
        #expect(warnings.isEmpty)
        var expected = NanoConfiguration()
        expected.system.threads = 3
        expected.mqtt.maximumPacketSize = 268_435_456
        expected.mqtt.keepAliveMultiplier = 1.25
        expected.mqtt.queueDrop = .oldest
        expected.mqtt.sharedStrategy = .hashTopic
        expected.mqtt.retryInterval = .seconds(5)
        expected.mqtt.serverKeepAlive = .seconds(120)
        expected.mqtt.maximumSessionExpiry = .seconds(86_400)
        expected.mqtt.maximumQoS = 1
        expected.mqtt.maximumSubscriptions = nil
        expected.mqtt.batchResend = true
        expected.mqtt.retainAvailable = false
        expected.mqtt.overlapping = .each
        expected.limits.maximumConnections = 10
        expected.limits.connectRate = 0
        expected.limits.stuckReaderTimeout = nil
        expected.limits.connectTimeout = .milliseconds(500)
        expected.limits.maximumRetainedBytes = nil
        expected.limits.maximumConnectSize = 1_024
        expected.sys.interval = .zero
        expected.sys.node = "a b"
        expected.sys.presence = false
        expected.log.level = .trace
        expected.log.destinations = []
        expected.log.format = .json
        expected.log.directory = "/var/log"
        expected.log.file = "x.log"
        expected.log.rotation.size = nil
        expected.log.rotation.count = 3
        expected.log.rotation.interval = .seconds(86_400)
        expected.log.rotation.maximumAge = .seconds(86_400 * 30)
        expected.log.syslog.facility = .local3
        expected.log.syslog.identifier = "gateway"
        expected.system.daemon = true
        expected.system.pidFile = nil
        expected.system.controlSocket = .path("/run/x.sock")
        expected.auth.denyAction = .disconnect
        expected.auth.allowAnonymous = false
        expected.auth.noMatch = .deny
        expected.auth.passwordFile = "/etc/passwords"
        #expect(configuration == expected)
    }

    @Test("Every definition writes to a property of its own")
    func properties() throws {
        // Values which differ from every default, one file for each key: each must give another configuration.
        let candidates = [
            "true", "false", "0.75", "77", "77s", "77KB", "oldest", "each", "random", "debug", "disconnect", "0", "get",
            "json", "local7", "deny", "periodic", "refuse", "text77", "[file]", "{ a = b }", "[{ permit = deny }]",
            "\"http://x\"",
        ]
        var seen: [NanoConfiguration] = [NanoConfiguration()]
        for key in ConfigurationKey.all where !key.path.hasPrefix("listeners") && key.hasEffect {
            if key.path == "auth.acl.file" { continue }
            let changed = candidates.compactMap { try? load(Self.text(key, $0)).0 }.filter { !seen.contains($0) }
            #expect(!changed.isEmpty, "\(key.path)")
            seen += changed.prefix(1)
        }
    }

    @Test("Every default renders as a text that is read back as the same")
    func defaults() throws {
        for key in ConfigurationKey.all where !key.path.hasPrefix("listeners") && key.standard != "–" {
            let loaded = try loadAll(Self.text(key, key.standard))
            var expected = NanoConfiguration()
            if Self.isOfStore(key) { expected.sqlite = NanoConfiguration.SQLite() }
            #expect(loaded.configuration == expected, "\(key.path) = \(key.standard)")
            #expect(loaded.source(of: key.path) == .file(.init(file: "test.conf", line: 2, column: key.path.count + 4)))
        }
    }

    /// A key which sets something only where there is a store.
    private static func isOfStore(_ key: ConfigurationKey) -> Bool {
        key.path.hasPrefix("sqlite.") && key.path != "sqlite.enable" && key.hasEffect
    }

    /// A file with one key. What must not be on alone is switched off.
    private static func text(_ key: ConfigurationKey, _ value: String) -> String {
        if Self.isOfStore(key) { return "sqlite.enable = true\n\(key.path) = \(value)" }
        for block in ["auth.acl", "auth.http_auth", "auth.jwt"] where key.path.hasPrefix(block + ".") {
            if key.path != block + ".enable" { return "\(block).enable = false\n\(key.path) = \(value)" }
            let rest = ["auth.http_auth": ".auth_req.url = \"http://x\"", "auth.jwt": ".secret = x"][block]
            return (value == "true" ? rest.map { block + $0 } ?? "" : "") + "\n\(key.path) = \(value)"
        }
        return "\n\(key.path) = \(value)"
    }

    @Test("The effective configuration loads as the same, and says who said what")
    func effective() throws {
        let text = """
            listeners { tcp { bind = "[::1]:1", "a b".bind = 2 }, ws { bind = 3, origins = ["https://a"] } }
            mqtt.max_qos = 1, system.threads = 2, log { to = [file], syslog.identifier = "a \\"b\\"" }
            auth.acl.rules = [{ permit = deny, or = [{ username = "a b" }, { ipaddr = "::1" }], topics = ["@#"] }]
            """
        let loaded = try loadAll(text)
        let effective = loaded.effective()
        let again = try loadAll(effective)
        #expect(again.configuration == loaded.configuration)
        #expect(again.warnings.isEmpty)
        for line in [
            "listeners.tcp.bind = \"[::1]:1\"  # test.conf:1:",
            "listeners.tcp.\"a b\".max_connections = unlimited  # default",
            "mqtt.max_qos = 1  # test.conf:2:", "limits.max_connections = unlimited  # default",
        ] {
            #expect(effective.contains(line), "\(line)")
        }
    }

    @Test("The control socket is beside the PID file")
    func controlSocket() throws {
        func path(_ text: String) throws -> String? { try load(text).0.system.controlSocketPath }
        #expect(try path("") == "/tmp/nanomq/nanomq.sock")
        #expect(try path("system.pid_file = \"/run/a.b/x\"") == "/run/a.b/x.sock")
        #expect(try path("system.pid_file = \"/run/.pid\"") == "/run/.pid.sock")
        #expect(try path("system.pid_file = none") == nil)
        #expect(try path("system { pid_file = none, control_socket = \"/s\" }") == "/s")
        #expect(try path("system.control_socket = none") == nil)
    }

    @Test(
        "Errors name file, line, column, key and what was expected",
        arguments: [
            ("mqtt.max_qos = 3", "test.conf:1:16: mqtt.max_qos: expected a number, 0 to 2"),
            ("mqtt.max_qos = -1", "test.conf:1:16: mqtt.max_qos: expected a number, 0 to 2"),
            ("mqtt.max_qos = 1.5", "test.conf:1:16: mqtt.max_qos: expected a number, 0 to 2"),
            ("mqtt.max_qos = 1e400", "test.conf:1:16: mqtt.max_qos: expected a number, 0 to 2"),
            ("mqtt.max_qos = null", "test.conf:1:16: mqtt.max_qos: expected a number, 0 to 2, found null"),
            ("mqtt {\n  max_qos = two }", "test.conf:2:13: mqtt.max_qos: expected a number, 0 to 2, found a string"),
            (
                "mqtt.max_packet_size = 0",
                "test.conf:1:24: mqtt.max_packet_size: expected a size, 1 to 268435460"
            ),
            (
                "mqtt.max_packet_size = 257MB",
                "test.conf:1:24: mqtt.max_packet_size: expected a size, 1 to 268435460"
            ),
            (
                "mqtt.max_packet_size = unlimited",
                "test.conf:1:24: mqtt.max_packet_size: expected a size, 1 to 268435460"
            ),
            (
                "limits.max_connections = many",
                "test.conf:1:26: limits.max_connections: "
                    + "expected a number, 0 to 2147483647, or unlimited, found a string"
            ),
            (
                "limits.connect_timeout = 0",
                "test.conf:1:26: limits.connect_timeout: expected a duration, 100ms to 3600s"
            ),
            (
                "limits.connect_timeout = true",
                "test.conf:1:26: limits.connect_timeout: expected a duration, 100ms to 3600s, found a boolean"
            ),
            (
                "mqtt.keepalive_multiplier = 0.4",
                "test.conf:1:29: mqtt.keepalive_multiplier: expected a number, 0.5 to 10"
            ),
            ("mqtt.batch_resend = 1", "test.conf:1:21: mqtt.batch_resend: expected true or false, found a number"),
            (
                "log.level = loud",
                "test.conf:1:13: log.level: expected trace, debug, info, warn, error or fatal"
            ),
            ("log.to = [consol]", "test.conf:1:11: log.to: expected a list of console, file or syslog"),
            ("log.to = [[]]", "test.conf:1:11: log.to: expected a list of console, file or syslog, found a list"),
            ("log.to = 5", "test.conf:1:10: log.to: expected a list of console, file or syslog, found a number"),
            (
                "log.file = \"a/b\"",
                "test.conf:1:12: log.file: expected the name of a file, without a directory (that is log.dir)"
            ),
            ("log.dir = \"\"", "test.conf:1:11: log.dir: expected a text without control characters"),
            ("log.rotation.size = 1", "test.conf:1:21: log.rotation.size: expected a size, 1KB to 1TB, or unlimited"),
            ("sys.interval = 10ms", "test.conf:1:16: sys.interval: expected 0, or a duration of at least 1s"),
            (
                "sys.node = a/b",
                "test.conf:1:12: sys.node: expected a name of 1 to 255 bytes without '/', '+', '#' and control characters"
            ),
            ("mqtt = 5", "test.conf:1:8: mqtt: expected a block { ... }, found a number"),
            ("listeners = []", "test.conf:1:13: listeners: expected a block { ... }, found a list"),
        ]
    )
    func errors(text: String, expected: String) {
        #expect(failure(text) == expected)
    }

    @Test(
        "Unknown keys are warnings which name the nearest known key",
        arguments: [
            ("mqtt.max_qoss = 1", "mqtt.max_qoss: unknown key: ignored; did you mean mqtt.max_qos?"),
            (
                "mqtt.max_connections = 1",
                "mqtt.max_connections: unknown key: ignored; did you mean limits.max_connections?"
            ),
            ("mqt { max_qos = 1 }", "mqt: unknown key: ignored; did you mean mqtt?"),
            ("mqtt.zzzzzzzzz = 1", "mqtt.zzzzzzzzz: unknown key: ignored"),
            ("htpp_server { }", "htpp_server: unknown key: ignored; did you mean http_server?"),
            (
                "\"mqtt.max_qos\" = 1",
                "mqtt.max_qos: unknown key: ignored; did you mean mqtt.max_qos?"
            ),
        ]
    )
    func unknown(text: String, expected: String) throws {
        let (configuration, warnings) = try load(text)
        #expect(configuration == NanoConfiguration())
        #expect(warnings.map(\.description) == ["test.conf:1:\(text.hasPrefix("mqtt {") ? 8 : 1): " + expected])
    }
}

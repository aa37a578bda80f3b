//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

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
            log { level = trace, to = [] }
            auth { deny_action = disconnect }
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
        expected.auth.denyAction = .disconnect
        #expect(configuration == expected)
    }

    @Test("Every definition writes to a property of its own")
    func properties() throws {
        // Values which differ from every default, one file for each key: each must give another configuration.
        var seen: [NanoConfiguration] = [NanoConfiguration()]
        for key in ConfigurationKey.all where !key.path.hasPrefix("listeners") && key.path != "log.to" {
            let candidates = [
                "true", "false", "0.75", "77", "77s", "77KB", "oldest", "each", "random", "debug", "disconnect", "0",
            ]
            let loaded = candidates.compactMap { try? load("\(key.path) = \($0)").0 }
            // Access control has no other value that loads.
            if key.path == "auth.allow_anonymous" || key.path == "auth.no_match" { continue }
            let changed = loaded.filter { !seen.contains($0) }
            #expect(!changed.isEmpty, "\(key.path)")
            seen += changed.prefix(1)
        }
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
            ("log.to = [consol]", "test.conf:1:11: log.to: expected a list of console"),
            ("log.to = [[]]", "test.conf:1:11: log.to: expected a list of console, found a list"),
            ("log.to = 5", "test.conf:1:10: log.to: expected a list of console, found a number"),
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

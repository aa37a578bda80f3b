//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import Testing

@Suite("Environment")
struct EnvironmentTests {
    /// A variable, a value of it, and a line of the effective configuration which only that makes.
    private static let variables: [(name: String, value: String, line: String)] = [
        ("BROKER_URL", "broker+tcp://127.0.0.1:1884", "listeners.tcp.bind = \"127.0.0.1:1884\""),
        ("TLS_CA_CERT_PATH", "/ca", "listeners.ssl.cacertfile = \"/ca\""),
        ("TLS_CERT_PATH", "/c", "listeners.ssl.certfile = \"/c\""),
        ("TLS_KEY_PATH", "/k", "listeners.ssl.keyfile = \"/k\""),
        ("TLS_KEY_PASSWORD", "p", "listeners.ssl.key_password = \"******\""),
        ("TLS_URL", "tls+nmq-tcp://[::1]:8884", "listeners.ssl.bind = \"[::1]:8884\""),
        ("TLS_VERIFY_PEER", "Yes", "listeners.ssl.verify_peer = true"),
        ("TLS_FAIL_IF_NO_PEER_CERT", "TRUE", "listeners.ssl.fail_if_no_peer_cert = true"),
        ("WEBSOCKET_URL", "nmq-ws://127.0.0.1:8084/x", "listeners.ws.bind = \"127.0.0.1:8084/x\""),
        ("WEBSOCKET_TLS_URL", "nmq+wss://127.0.0.1:8087", "listeners.wss.bind = \"127.0.0.1:8087/mqtt\""),
        ("DAEMON", "true", "system.daemon = true"), ("PID_FILE", "/run/x.pid", "system.pid_file = \"/run/x.pid\""),
        ("MAX_PACKET_SIZE", "2048", "mqtt.max_packet_size = 2KB"), ("MSQ_LEN", "7", "mqtt.max_mqueue_len = 7"),
        ("PROPERTY_SIZE", "7", "mqtt.property_size = 7"), ("QOS_DURATION", "7", "mqtt.retry_interval = 7s"),
        ("ALLOW_ANONYMOUS", "no", "auth.allow_anonymous = false"), ("LOG_LEVEL", "debug", "log.level = debug"),
        ("LOG_TO", "file,syslog", "log.to = [file, syslog]"), ("LOG_DIR", "/l", "log.dir = \"/l\""),
        ("LOG_FILE", "x.log", "log.file = \"x.log\""), ("LOG_ROTATION_SIZE", "1MB", "log.rotation.size = 1MB"),
        ("LOG_ROTATION_COUNT", "2", "log.rotation.count = 2"),
    ]

    @Test("Every variable sets its key, and wins over the file")
    func all() throws {
        let names = Dictionary(uniqueKeysWithValues: Self.variables.map { ("NANOMQ_" + $0.name, $0.value) })
        let file = """
            listeners { tcp.bind = 1, ssl { bind = 2, keyfile = f }, ws.bind = 3, wss.bind = 4 }
            mqtt.max_mqueue_len = 9, log { level = error, to = [] }, auth.allow_anonymous = true
            """
        let text = try loadAll(file, environment: names).effective()
        for (name, _, line) in Self.variables {
            #expect(text.contains("\(line)  # NANOMQ_\(name)\n"), "\(name)")
        }
    }

    @Test("Switches of listeners")
    func switches() throws {
        func kinds(_ variables: [String: String], _ file: String = "") throws -> [Listener.Kind] {
            let environment = Dictionary(uniqueKeysWithValues: variables.map { ("NANOMQ_" + $0.key, $0.value) })
            return try loadAll(file, environment: environment).configuration.listeners.map(\.kind)
        }
        let keys = ["TLS_CERT_PATH": "c", "TLS_KEY_PATH": "k"]
        #expect(try kinds([:]) == [.tcp])
        #expect(try kinds(["WEBSOCKET_ENABLE": "true"]) == [.tcp, .ws])
        #expect(try kinds(["WEBSOCKET_ENABLE": "no"]) == [.tcp])
        #expect(try kinds(["WEBSOCKET_ENABLE": "yes", "TCP_ENABLE": "FALSE"]) == [.ws])
        // Certificates alone start nothing, but do for a secure WebSocket.
        #expect(try kinds(keys) == [.tcp])
        #expect(try kinds(keys.merging(["TLS_ENABLE": "true"]) { $1 }) == [.tcp, .ssl])
        #expect(try kinds(keys.merging(["WEBSOCKET_TLS_ENABLE": "true"]) { $1 }) == [.tcp, .wss])
        #expect(try kinds(["TLS_ENABLE": "no"], "listeners.ssl { bind = 1, keyfile = k, certfile = c }") == [])
        #expect(throws: ConfigurationError.self) { try kinds(["TLS_ENABLE": "true"]) }
    }

    @Test("An empty variable counts as not set")
    func empty() throws {
        let loaded = try loadAll("", environment: ["NANOMQ_DAEMON": "", "NANOMQ_NEVER_HEARD_OF": ""])
        #expect(loaded.configuration == NanoConfiguration())
        #expect(loaded.warnings.isEmpty)
    }

    @Test(
        "What has no effect, is to come, or is read elsewhere",
        arguments: [
            ("NUM_TASKQ_THREAD", "4", 0, 1), ("MAX_TASKQ_THREAD", "4", 0, 1), ("PARALLEL", "4", 0, 1),
            ("CLIENT_MAX_PACKET_SIZE", "4", 0, 1), ("EXCHANGER_URL", "x", 0, 1), ("MSG_PERSISTENCE", "x", 0, 1),
            ("HTTP_SERVER_ENABLE", "true", 1, 0), ("HTTP_SERVER_PASSWORD", "x", 1, 0), ("LOG_UDS_ADDR", "x", 1, 0),
            ("CONF_PATH", "x", 0, 0), ("VIN", "x", 0, 0),
        ]
    )
    func others(name: String, value: String, warnings: Int, notes: Int) throws {
        let loaded = try loadAll("", environment: ["NANOMQ_" + name: value])
        #expect(loaded.configuration == NanoConfiguration())
        #expect(loaded.warnings.count == warnings && loaded.notes.count == notes)
        #expect((loaded.warnings + loaded.notes).allSatisfy { $0.source == .environment("NANOMQ_" + name) })
    }

    @Test("An unknown variable is a warning which names the nearest; others' variables are none of our business")
    func unknown() throws {
        let loaded = try loadAll("", environment: ["NANOMQ_LOG_LEVLE": "x", "NANO_X": "y", "PATH": "z"])
        #expect(
            loaded.warnings.map(\.description) == [
                "NANOMQ_LOG_LEVLE: unknown key: ignored; did you mean NANOMQ_LOG_LEVEL?"
            ]
        )
    }

    @Test(
        "Errors name the variable",
        arguments: [
            ("NANOMQ_DAEMON", "1", "NANOMQ_DAEMON: system.daemon: expected true, yes, false or no"),
            (
                "NANOMQ_BROKER_URL", "nmq-ws://x:1",
                "NANOMQ_BROKER_URL: listeners.tcp.bind: expected nmq-tcp://host:port"
            ),
            ("NANOMQ_MSQ_LEN", "-1", "NANOMQ_MSQ_LEN: mqtt.max_mqueue_len: expected a number, 0 to 2147483647"),
            ("NANOMQ_LOG_TO", "file,printer", "NANOMQ_LOG_TO: log.to: expected a list of console, file or syslog"),
            (
                "NANOMQ_WEBSOCKET_URL", "nmq-ws://0.0.0.0:1883",
                "NANOMQ_WEBSOCKET_URL: listeners.ws.bind: the listener tcp has the same address"
            ),
        ]
    )
    func errors(name: String, value: String, expected: String) {
        let error = #expect(throws: ConfigurationError.self) { try loadAll("", environment: [name: value]) }
        #expect(error?.description == expected)
    }

    @Test("A wrong file is not hidden")
    func wrongBlock() {
        #expect(throws: ConfigurationError.self) {
            try loadAll("listeners.ssl = 5", environment: ["NANOMQ_TLS_CERT_PATH": "c"])
        }
    }
}

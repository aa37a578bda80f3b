//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import Testing

@Suite("Command line")
struct CommandLineTests {
    private func load(
        _ text: String = "",
        environment: [String: String] = [:],
        _ change: (inout CommandLineOverrides) -> Void
    ) throws -> LoadedConfiguration {
        var overrides = CommandLineOverrides()
        change(&overrides)
        return try loadAll(text, environment: environment, overrides: overrides)
    }

    @Test(
        "URLs",
        arguments: [
            ("nmq-tcp://127.0.0.1:1", Listener.Kind.tcp, "127.0.0.1:1"), ("broker+tcp4://h:1", .tcp, "h:1"),
            ("nmq-tcp6://[::1]:1", .tcp, "[::1]:1"), ("tls+nmq-tcp://:8883", .ssl, "0.0.0.0:8883"),
            ("nmq-ws://h:1", .ws, "h:1/mqtt"), ("nmq+ws://h:1/a/b", .ws, "h:1/a/b"),
            ("nmq-wss://h:1/", .wss, "h:1/"), ("nmq+wss://h:1", .wss, "h:1/mqtt"),
        ]
    )
    func urls(text: String, kind: Listener.Kind, address: String) {
        let url = ListenerURL(text)
        #expect(url?.kind == kind)
        #expect(url?.address == address)
    }

    @Test(
        "What is no URL of a listener",
        arguments: [
            "", "h:1", "http://h:1", "nmq-tcp:/h:1", "nmq-tcp://", "nmq-tcp://h", "nmq-tcp://h:1/mqtt", "://h:1",
        ]
    )
    func noURLs(text: String) {
        #expect(ListenerURL(text) == nil)
    }

    @Test("A URL takes the place of the listeners of its kind, and leaves the others")
    func replacing() throws {
        let file = """
            listeners { tcp { bind = 1, max_connections = 5, a.bind = 2 }, ws.bind = 3
              ssl { enable = false, keyfile = k, certfile = c } }
            """
        func listeners(_ urls: String...) throws -> [String] {
            let loaded = try load(file) { $0.urls = urls.compactMap { ListenerURL($0) } }
            return loaded.configuration.listeners.map { "\($0.key) \($0.address)" }
        }
        let rest = "listeners.ws 0.0.0.0:3/mqtt"
        #expect(try listeners("nmq-tcp://h:9") == ["listeners.tcp h:9", rest])
        #expect(
            try listeners("nmq-tcp://h:9", "nmq-tcp://h:8") == ["listeners.tcp h:9", "listeners.tcp.url_2 h:8", rest]
        )
        #expect(
            try listeners("tls+nmq-tcp://h:9")
                == ["listeners.tcp 0.0.0.0:1", "listeners.tcp.a 0.0.0.0:2", "listeners.ssl h:9", rest]
        )
        #expect(try listeners("nmq-wss://h:9").last == "listeners.wss h:9/mqtt")
        // What else the file says of the listener stays, and stays the file's.
        let loaded = try load(file) { $0.urls = [ListenerURL("nmq-tcp://h:9")].compactMap(\.self) }
        #expect(loaded.configuration.listeners.first?.maximumConnections == 5)
        #expect(loaded.source(of: "listeners.tcp.bind") == .commandLine("--url"))
        #expect(loaded.source(of: "listeners.tcp.max_connections").description.hasPrefix("test.conf:1:") == true)
    }

    @Test("Without a file, a URL of another kind leaves the standard listener")
    func standard() throws {
        let loaded = try load { $0.urls = [ListenerURL("nmq-ws://h:9")].compactMap(\.self) }
        #expect(loaded.configuration.listeners.map(\.kind) == [.tcp, .ws])
        #expect(loaded.source(of: "listeners.tcp.bind") == .standard)
    }

    @Test("Every flag sets its key, and wins over the environment and the file")
    func flags() throws {
        let loaded = try load(
            "system.threads = 1, mqtt.max_mqueue_len = 1, log.level = fatal",
            environment: ["NANOMQ_MSQ_LEN": "2", "NANOMQ_PID_FILE": "/env", "NANOMQ_TLS_CERT_PATH": "/env"]
        ) {
            $0.urls = [ListenerURL("tls+nmq-tcp://h:9")].compactMap(\.self)
            ($0.threads, $0.daemon, $0.pidFile, $0.controlSocket) = (3, true, "/pid", "none")
            ($0.propertySize, $0.queueLength, $0.qosDuration, $0.logLevel) = (4, 5, 6, .debug)
            ($0.authorityFile, $0.certificateFile, $0.keyFile) = ("/ca", "/c", "/k")
            ($0.keyPassword, $0.verifyPeer, $0.requirePeerCertificate) = (Secret("p"), true, true)
        }
        let text = loaded.effective()
        for line in [
            "system.threads = 3  # --threads", "system.daemon = true  # --daemon",
            "system.pid_file = \"/pid\"  # --pid_file",
            "system.control_socket = none  # --control_socket", "mqtt.property_size = 4  # --property_size",
            "mqtt.max_mqueue_len = 5  # --msq_len", "mqtt.retry_interval = 6s  # --qos_duration",
            "log.level = debug  # --log_level", "listeners.ssl.cacertfile = \"/ca\"  # --cacert",
            "listeners.ssl.certfile = \"/c\"  # --cert", "listeners.ssl.keyfile = \"/k\"  # --key",
            "listeners.ssl.key_password = \"******\"  # --keypass", "listeners.ssl.verify_peer = true  # --verify",
            "listeners.ssl.fail_if_no_peer_cert = true  # --fail", "listeners.ssl.bind = \"h:9\"  # --url",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
    }

    @Test("Flags of the log add to it and take away from it")
    func log() throws {
        func log(_ file: String, _ change: (inout CommandLineOverrides) -> Void) throws -> NanoConfiguration.Log {
            try load(file, change).configuration.log
        }
        var settings = try log("") { $0.logFile = "/var/log/x.log" }
        #expect(settings.destinations == [.console, .file])
        #expect(settings.directory == "/var/log" && settings.file == "x.log")
        settings = try log("log { to = file, dir = \"/d\" }") {
            ($0.logFile, $0.logToConsole, $0.logToSyslog) = ("y.log", false, true)
        }
        #expect(settings.destinations == [.file, .syslog])
        #expect(settings.directory == "/d" && settings.file == "y.log")
        #expect(try log("") { $0.logFile = "/x.log" }.directory == "/")
        #expect(try log("") { $0.logToConsole = false }.destinations == [])
        #expect(throws: ConfigurationError.self) { try log("log.to = 5") { $0.logToConsole = true } }
    }

    @Test("Flags without effect, and of features still to come")
    func others() throws {
        let loaded = try load {
            ($0.taskThreads, $0.maximumTaskThreads, $0.parallel) = (1, 2, 3)
            ($0.http, $0.httpPort) = (true, 8081)
        }
        #expect(loaded.configuration == NanoConfiguration())
        #expect(loaded.notes.map(\.source.description) == ["--tq_thread", "--max_tq_thread", "--parallel"])
        #expect(loaded.warnings.map(\.source.description) == ["--http", "--port"])
    }

    @Test("Errors name the flag")
    func errors() {
        let error = #expect(throws: ConfigurationError.self) { try load { $0.threads = 0 } }
        #expect(error?.description == "--threads: system.threads: expected a number, 1 to 1024, or auto")
    }
}

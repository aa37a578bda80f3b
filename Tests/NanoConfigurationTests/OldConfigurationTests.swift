//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import Testing

@Suite("The flat form")
struct OldConfigurationTests {
    private func load(_ text: String) throws -> LoadedConfiguration {
        let (root, warnings, notes) = try OldConfiguration.parse(text, file: "old.conf")
        var loaded = try NanoConfiguration.load(hocon: root)
        loaded.warnings = warnings + loaded.warnings
        loaded.notes = notes + loaded.notes
        return loaded
    }

    @Test("A file in the original's style")
    func whole() throws {
        let loaded = try load(
            """
            # A comment
            ## Another one
            url=nmq-tcp://0.0.0.0:1884
            daemon=false
            num_taskq_thread=0
            max_packet_size=10240
            client_max_packet_size=10240
              msq_len = 2048
            keepalive_backoff=1250
            allow_anonymous=false
            auth_enable=true
            acl_enable=true
            acl_nomatch=deny
            acl_deny_action=disconnect
            enable_acl_cache=on
            tls.enable=true
            tls.url=tls+nmq-tcp://0.0.0.0:8883
            tls.keyfile=/etc/certs/key.pem
            tls.certfile=/etc/certs/cert.pem
            websocket.enable=true
            websocket.url=nmq-ws://0.0.0.0:8083/mqtt
            websocket.tls_url=nmq-wss://0.0.0.0:8084/mqtt
            log.to=file,console
            log.level=info
            log.rotation.size=1MB
            auth.2.login = client
            auth.2.password = public
            auth.1.login=admin
            auth.1.password=a=b#c
            acl.rule.2={"permit": "allow"}
            acl.rule.1={"permit": "deny", "username": "#", "topics": ["$SYS/#"]}
            auth.http.enable = true
            auth.http.auth_req.url = http://127.0.0.1:80/mqtt/auth
            auth.http.auth_req.headers.content-type = application/json
            auth.http.auth_req.params = clientid=%c,username=%u
            auth.http.timeout = 3s
            http_server.enable=false
            http_server.port=8081
            sqlite.enable=true
            sqlite.flush_mem_threshold=200
            sqlite.resend_interval=5000
            rule_option=ON
            """
        )
        let configuration = loaded.configuration
        #expect(
            configuration.listeners.map(\.address) == [
                "0.0.0.0:1884", "0.0.0.0:8883", "0.0.0.0:8083/mqtt", "0.0.0.0:8084/mqtt",
            ]
        )
        #expect(configuration.mqtt.maximumPacketSize == 10 << 20)
        #expect(configuration.mqtt.maximumQueueLength == 2_048)
        #expect(configuration.mqtt.keepAliveMultiplier == 1.25)
        #expect(!configuration.auth.allowAnonymous)
        #expect(configuration.auth.noMatch == .deny && configuration.auth.denyAction == .disconnect)
        #expect(configuration.auth.passwords == ["admin": Secret("a=b#c"), "client": Secret("public")])
        #expect(
            configuration.auth.rules.rules == [
                AccessRule(permit: .deny, topics: ["$SYS/#"], subject: .userName("#")), AccessRule(permit: .allow),
            ]
        )
        #expect(configuration.auth.http.isEnabled && configuration.auth.http.timeout == .seconds(3))
        #expect(
            configuration.auth.http.authentication.parameters == [.init("clientid", "%c"), .init("username", "%u")]
        )
        #expect(configuration.log.destinations == [.file, .console])
        #expect(configuration.sqlite?.messagesInMemory == 200)
        #expect(loaded.warnings.map(\.description) == ["old.conf:42:1: rules: not supported yet: ignored"])
        #expect(loaded.notes.count == 4)
    }

    @Test("Switches")
    func switches() throws {
        func kinds(_ text: String) throws -> [Listener.Kind] { try load(text).configuration.listeners.map(\.kind) }
        let tls = "tls.keyfile=k\ntls.certfile=c\n"
        let secure = "websocket.tls_url=nmq-wss://h:2\n"
        #expect(try kinds("url=nmq-tcp://h:1\nenable=false") == [])
        #expect(try kinds("url=nmq-tcp://h:1\n" + tls) == [.tcp])
        #expect(try kinds("url=nmq-tcp://h:1\n" + tls + secure + "websocket.tls_enable=true") == [.tcp, .wss])
        #expect(try kinds("url=nmq-tcp://h:1\n" + tls + secure + "tls.enable=true") == [.tcp, .ssl])
        #expect(try load("auth_enable=false\nauth.1.login=a\nauth.1.password=b").configuration.auth.passwords == nil)
        #expect(try load("auth_enable=true").configuration.auth.passwords == nil)
    }

    @Test("The keys of the database alone do not switch it on")
    func sqlite() throws {
        let keys = "sqlite.disk_cache_size=5\nsqlite.mounted_file_path=/tmp/\n"
        #expect(try load(keys).configuration.sqlite == nil)
        #expect(try load(keys + "sqlite.enable=false").configuration.sqlite == nil)
        let sqlite = try load(keys + "sqlite.enable=true").configuration.sqlite
        #expect(sqlite?.maximumMessages == 5 && sqlite?.directory == "/tmp/")
    }

    @Test("A listener of another kind leaves the standard one")
    func standard() throws {
        let listeners = try load("websocket.url=nmq-ws://h:1").configuration.listeners
        #expect(listeners.map(\.kind) == [.tcp, .ws])
    }

    @Test(
        "Errors name file and line",
        arguments: [
            ("msq_len=many", "old.conf:1:1: mqtt.max_mqueue_len: expected a number, 0 to 2147483647, found a string"),
            ("\n max_packet_size=1KB", "old.conf:2:2: max_packet_size: expected a number of kilobytes"),
            ("daemon=perhaps", "old.conf:1:1: daemon: expected true or false"),
            ("url=x", "old.conf:1:1: url: expected nmq-tcp://host:port"),
            ("nonsense", "old.conf:1:1: --old_conf: expected"),
            ("auth.3.login=x", "old.conf:1:1: auth.3: missing; expected auth.3.password"),
            ("acl.rule.1={\"permit\": \"alow\"}", "old.conf:1:1: auth.acl.rules.permit: expected allow or deny"),
            ("acl_nomach=deny", "old.conf:1:1: acl_nomach: unknown key in auth; the broker does not start"),
            ("acl.rule.one={\"permit\": \"deny\"}", "old.conf:1:1: acl.rule.one: unknown key in auth"),
            ("auth.one.login=x", "old.conf:1:1: auth.one.login: unknown key in auth"),
            (
                "acl.rule.1={\"permit\": \"deny\"}\nacl.rule.1={\"permit\": \"allow\"}",
                "old.conf:2:1: acl.rule.1: another line has the same number"
            ),
            ("auth.1.login=a\nauth.01.login=b", "old.conf:2:1: auth.01.login: another line has the same number"),
            ("auth.1.password=a\nauth.1.password=b", "old.conf:2:1: auth.1.password: another line has the same number"),
            ("keepalive_backoff=x", "old.conf:1:1: keepalive_backoff: expected a number of thousandths"),
        ]
    )
    func errors(text: String, expected: String) {
        let error = #expect(throws: ConfigurationError.self) { try load(text) }
        #expect(error?.description.hasPrefix(expected) == true, "\(error?.description ?? "")")
    }

    @Test("An unknown key is a warning which names the nearest")
    func unknown() throws {
        let warnings = try load("mqs_len=5").warnings
        #expect(warnings.map(\.description) == ["old.conf:1:1: mqs_len: unknown key: ignored; did you mean msq_len?"])
    }
}

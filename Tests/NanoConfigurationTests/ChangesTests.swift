//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import NanoConfiguration
import Testing

@Suite("Changes")
struct ChangesTests {
    private func changes(_ old: String, _ new: String) throws -> [String] {
        try load(old).0.changes(to: try load(new).0).map(\.description)
    }

    @Test("Nothing changed")
    func none() throws {
        #expect(try changes("mqtt.max_qos = 1", "mqtt { max_qos = 1 }").isEmpty)
        #expect(try changes("listeners.tcp.bind = 1883", "").isEmpty)
    }

    @Test("Values, with what they were and are, and whether they reload")
    func values() throws {
        #expect(
            try changes(
                "mqtt { max_qos = 1, overlapping = each }, system.threads = 2",
                "mqtt.max_packet_size = 1MB, log.level = warn, log.dir = \"/x\""
            ) == [
                "system.threads: 2 -> auto (takes a restart)", "mqtt.max_packet_size: 10MB -> 1MB",
                "mqtt.max_qos: 1 -> 2", "mqtt.overlapping: each -> merged (takes a restart)",
                "log.level: info -> warn", "log.dir: \".\" -> \"/x\"",
            ]
        )
    }

    @Test("What takes a restart, and nothing else, is kept")
    func restart() throws {
        let running = try load("mqtt { max_qos = 1, overlapping = each, shared_strategy = random }, system.threads = 2")
            .0
        var next = try load("mqtt.max_packet_size = 1MB, system { daemon = true, pid_file = \"/p\" }").0
        next.keepWhatTakesRestart(of: running)
        #expect(running.changes(to: next).allSatisfy { $0.reloads })
        #expect(next.system == running.system)
        #expect(next.mqtt.overlapping == running.mqtt.overlapping)
        #expect(next.mqtt.sharedStrategy == running.mqtt.sharedStrategy)
        #expect(next.mqtt.maximumPacketSize == 1 << 20 && next.mqtt.maximumQoS == 2)
    }

    @Test("Listeners, one by one")
    func listeners() throws {
        #expect(
            try changes(
                "listeners { tcp { bind = 1, a.bind = 2, b { bind = 3, max_connections = 5 } } }",
                "listeners { tcp { bind = 1, b { bind = 4 } }, ws.bind = 2 }"
            ) == [
                "listeners.tcp.a: removed, 0.0.0.0:2",
                "listeners.tcp.b: bind = \"0.0.0.0:3\", max_connections = 5 -> bind = \"0.0.0.0:4\", "
                    + "max_connections = unlimited", "listeners.ws: added, 0.0.0.0:2/mqtt",
            ]
        )
    }

    @Test("Users and rules are counted")
    func access() throws {
        #expect(
            try changes(
                "auth { password { a = b }, acl.rules = [{ permit = allow }] }",
                "auth { password { a = c }, acl.rules = [{ permit = allow }, { permit = deny }] }"
            ) == ["auth.password: 1 user -> 1 user (changed)", "auth.acl.rules: 1 rule -> 2 rules"]
        )
        #expect(
            try changes("", "auth { acl.rules = [], password_file = \"/p\", password { } }") == [
                "auth.password: added, 0 users", "auth.password_file: added, \"/p\"", "auth.acl.enable: false -> true",
            ]
        )
    }
}

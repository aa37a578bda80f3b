//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import Testing

@Suite("Keys of features still to come, and keys without effect")
struct FutureKeyTests {
    @Test(
        "What is still to come is ignored with one warning a block",
        arguments: [
            "http_server { port = 8081, username = admin, jwt.public.keyfile = x }", "webhook { enable = true }",
            "bridges { mqtt.x { server = y }, aws.c1 { server = z } }", "rules { }",
            "plugin { }", "preset { }", "exchange_client.mq1 { }", "parquet { }", "log.uds_addr = x",
        ]
    )
    func future(text: String) throws {
        let loaded = try loadAll(text)
        #expect(loaded.configuration == NanoConfiguration())
        #expect(loaded.warnings.map(\.kind) == [.notSupportedYet])
        #expect(loaded.warnings.first.map { text.hasPrefix($0.key.prefix(6)) } == true)
        #expect(loaded.notes.isEmpty)
    }

    @Test("A feature that is switched off is not missed")
    func switchedOff() throws {
        let loaded = try loadAll("http_server { enable = false, port = 8081 }, webhook.enable = no")
        #expect(loaded.warnings.isEmpty)
    }

    @Test(
        "What has no effect is a note",
        arguments: [
            "system.num_taskq_thread = 4", "system.max_taskq_thread = 0", "system.parallel = 8",
            "system.enable_ipc_internal = true", "system.hook_ipc_url = \"ipc:///tmp/x\"",
            "system.cmd_ipc_url = \"ipc:///tmp/x\"", "mqtt.property_size = 32", "mqtt.retry_interval = 10s",
            "mqtt.batch_resend = false", "mqtt.max_awaiting_rel = 10s", "mqtt.await_rel_timeout = 10s",
            "auth.cache { ttl = 1m }", "sqlite { enable = false, resend_interval = 5000 }",
        ]
    )
    func withoutEffect(text: String) throws {
        let loaded = try loadAll(text)
        #expect(loaded.configuration == NanoConfiguration())
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.notes.map(\.kind) == [.noEffect])
    }

    @Test("What has no effect is still checked")
    func withoutEffectChecked() {
        #expect(failure("system.parallel = many")?.contains("system.parallel: expected a number") == true)
        #expect(failure("system.enable_ipc_internal = 5") != nil)
    }

    @Test("Log destinations still to come are ignored, and the messages are not lost")
    func logDestinations() throws {
        let (configuration, warnings) = try load("log.to = [uds]")
        #expect(configuration.log.destinations == [.console])
        #expect(warnings.map(\.kind) == [.valueNotSupportedYet("uds")])
        #expect(try load("log.to = [file, syslog, uds]").0.log.destinations == [.file, .syslog])
    }
}

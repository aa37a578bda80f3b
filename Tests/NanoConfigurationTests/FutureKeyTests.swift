//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import Testing

@Suite("Keys of features still to come")
struct FutureKeyTests {
    @Test(
        "What does no harm is ignored with a warning",
        arguments: [
            "http_server { port = 8081, username = admin }", "webhook { enable = true }",
            "bridges.mqtt.x { server = y }",
            "sqlite { disk_cache_size = 1 }", "rules { }", "plugin { }", "preset { }", "system.daemon = true",
            "system.num_taskq_thread = 4", "log.dir = \"/tmp\"", "log.file = x", "log.rotation { size = 10MB }",
            "log.uds_addr = x", "auth.cache { ttl = 1m }",
        ]
    )
    func ignored(text: String) throws {
        let (configuration, warnings) = try load(text)
        #expect(configuration == NanoConfiguration())
        #expect(warnings.map(\.kind) == [.notSupportedYet])
        #expect(warnings.first.map { text.hasPrefix($0.key.prefix(6)) } == true)
    }

    @Test(
        "Log destinations still to come are ignored, and the messages are not lost",
        arguments: [("[file, console]", 1), ("[file, syslog, uds]", 3), ("file", 1), ("console", 0)]
    )
    func logDestinations(list: String, count: Int) throws {
        let (configuration, warnings) = try load("log.to = \(list)")
        #expect(configuration.log.destinations == [.console])
        #expect(warnings.count == count)
        #expect(warnings.allSatisfy { $0.key == "log.to" })
    }

    @Test(
        "A broker that was told to be closed does not start open",
        arguments: [
            ("auth.allow_anonymous = false", "auth.allow_anonymous"),
            ("auth.allow_anonymous = off", "auth.allow_anonymous"),
            ("auth.no_match = deny", "auth.no_match"),
            ("auth.password { admin = sesame }", "auth.password"),
            ("auth.password { enable = \"false\" }", "auth.password"),
            ("auth { acl = { rules = [] } }", "auth.acl"),
            ("auth.http_auth { auth_req.url = \"http://x\" }", "auth.http_auth"),
            ("auth.http_auth = null", "auth.http_auth"),
        ]
    )
    func failClosed(text: String, key: String) {
        let error = #expect(throws: ConfigurationError.self) { try load(text) }
        #expect(error?.problem == .accessControlUnavailable)
        #expect(error?.key == key)
        #expect(error?.description.contains("sesame") == false)
    }

    @Test("Access control which is switched off is only warned of")
    func switchedOff() throws {
        let (_, warnings) = try load(
            "auth { password { enable = false, a = b }, acl.enable = false, http_auth.enable = false }"
        )
        #expect(warnings.map(\.kind) == [.notSupportedYet, .notSupportedYet, .notSupportedYet])
    }

    @Test(
        "A slip in the block auth is an error",
        arguments: [
            ("auth { allow_anonymus = false }", "auth.allow_anonymous"), ("auth.acls { }", "auth.acl"),
            ("\"auth.no_match\" = deny", "auth.no_match"),
        ]
    )
    func slips(text: String, nearest: String) {
        let error = #expect(throws: ConfigurationError.self) { try load(text) }
        #expect(error?.problem == .unknownAccessKey(nearest: nearest))
    }

    @Test("auth must be a block")
    func block() {
        #expect(failure("auth = off") == "test.conf:1:8: auth: expected a block { ... }, found a string")
    }
}

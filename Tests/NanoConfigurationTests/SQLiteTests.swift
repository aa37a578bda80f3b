//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NanoConfiguration
import NanoMQ
import Testing

@Suite("The block sqlite")
struct SQLiteTests {
    @Test("Nothing is kept unless there is a block, and it is not switched off")
    func presence() throws {
        #expect(try load("").0.sqlite == nil)
        #expect(try load("sqlite { }").0.sqlite == NanoConfiguration.SQLite())
        #expect(try load("sqlite.enable = true").0.sqlite == NanoConfiguration.SQLite())
        #expect(try load("sqlite { enable = false, disk_cache_size = 1 }").0.sqlite == nil)
        #expect(try load("sqlite { disk_cache_size = 1, enable = false }").0.sqlite == nil)
        #expect(try load("sqlite { disk_cache_size = 1, enable = true }").0.sqlite?.maximumMessages == 1)
    }

    @Test("Every key")
    func keys() throws {
        let (configuration, warnings) = try load(
            """
            sqlite {
              mounted_file_path = "/var/lib/x", durability = periodic, commit_interval = 50ms
              disk_cache_size = 7, max_bytes = 2GB, max_session_messages = 5, max_session_bytes = 1MB
              when_full = refuse, flush_mem_threshold = 3
            }
            """
        )
        let sqlite = try #require(configuration.sqlite)
        #expect(warnings.isEmpty)
        #expect(sqlite.directory == "/var/lib/x")
        #expect(sqlite.durability == .periodic && sqlite.commitInterval == .milliseconds(50))
        #expect(sqlite.maximumMessages == 7 && sqlite.maximumBytes == 2 << 30)
        #expect(sqlite.maximumSessionMessages == 5 && sqlite.maximumSessionBytes == 1 << 20)
        #expect(sqlite.whenFull == .refuse && sqlite.messagesInMemory == 3)

        let settings = BrokerSettings(configuration)
        #expect(settings.maximumStoredMessages == 7 && settings.maximumStoredBytes == 2 << 30)
        #expect(settings.maximumStoredMessagesPerSession == 5 && settings.maximumStoredBytesPerSession == 1 << 20)
        #expect(settings.fullStorePolicy == .refuse && settings.queuedMessagesInMemory == 3)
    }

    @Test("The defaults of the configuration are those of the broker")
    func defaults() throws {
        #expect(try BrokerSettings(load("sqlite { }").0) == BrokerSettings(NanoConfiguration()))
    }

    @Test("The block of the original's sample loads; only its resend_interval does nothing")
    func sample() throws {
        let loaded = try loadAll(
            """
            sqlite { disk_cache_size = 102400, mounted_file_path = "/tmp/", flush_mem_threshold = 100
              resend_interval = 5000 }
            """
        )
        var expected = NanoConfiguration.SQLite()
        expected.directory = "/tmp/"
        #expect(loaded.configuration.sqlite == expected)
        #expect(loaded.warnings.isEmpty)
        #expect(
            loaded.notes.map(\.description) == [
                "test.conf:2:21: sqlite.resend_interval: accepted, but has no effect here"
            ]
        )
    }

    @Test(
        "Values are checked, with place and key, also when the block is switched off",
        arguments: [
            ("sqlite = on", "1:10: sqlite: expected a block { ... }, found a string"),
            ("sqlite.durability = always", "1:21: sqlite.durability: expected acknowledged, periodic or none"),
            ("sqlite.when_full = wait", "1:20: sqlite.when_full: expected drop_oldest or refuse"),
            ("sqlite.flush_mem_threshold = 0", "1:30: sqlite.flush_mem_threshold: expected a number, 1 to 2147483647"),
            ("sqlite.disk_cache_size = -1", "1:26: sqlite.disk_cache_size: expected a number, 0 to 2147483647"),
            ("sqlite.commit_interval = 1ms", "1:26: sqlite.commit_interval: expected a duration, 10ms to 3600s"),
            ("sqlite.mounted_file_path = \"\"", "1:28: sqlite.mounted_file_path: expected a text"),
            ("sqlite.max_bytes = 2TB", "1:20: sqlite.max_bytes: expected a size, 0 to 1TB"),
            ("sqlite.max_session_bytes = many", "1:28: sqlite.max_session_bytes: expected a size, 0 to 1TB"),
            ("sqlite.max_session_messages = 1.5", "1:31: sqlite.max_session_messages: expected a number"),
            ("sqlite.resend_interval = soon", "1:26: sqlite.resend_interval: expected a duration, 0s to 86400s"),
            ("sqlite { enable = false, durability = x }", "1:39: sqlite.durability: expected acknowledged"),
        ]
    )
    func errors(text: String, expected: String) throws {
        let message = try #require(failure(text))
        #expect(message.hasPrefix("test.conf:" + expected), "\(message)")
    }

    @Test("An unknown key is a warning which names the nearest")
    func unknown() throws {
        let warnings = try load("sqlite.disk_cash_size = 1").warnings
        #expect(warnings.map(\.kind) == [.unknownKey(nearest: "sqlite.disk_cache_size")])
    }

    @Test("Limits reload; what the file is, and when it is written, takes a restart")
    func changes() throws {
        let running = try load("sqlite { mounted_file_path = \"/a\", disk_cache_size = 5 }").0
        let changed = try load("sqlite { mounted_file_path = \"/b\", durability = none, disk_cache_size = 6 }").0
        #expect(
            running.changes(to: changed).map(\.description) == [
                "sqlite.mounted_file_path: \"/a\" -> \"/b\" (takes a restart)",
                "sqlite.durability: acknowledged -> none (takes a restart)", "sqlite.disk_cache_size: 5 -> 6",
            ]
        )
        var next = changed
        next.keepWhatTakesRestart(of: running)
        #expect(next.sqlite?.directory == "/a" && next.sqlite?.durability == .acknowledged)
        #expect(next.sqlite?.maximumMessages == 6)
    }

    @Test("A broker that keeps nothing, or something, goes on so until it is restarted")
    func presenceTakesRestart() throws {
        let with = try load("sqlite { mounted_file_path = \"/a\", durability = none }").0
        var next = try load("").0
        next.keepWhatTakesRestart(of: with)
        #expect(next.sqlite == with.sqlite)
        next = with
        next.keepWhatTakesRestart(of: NanoConfiguration())
        #expect(next.sqlite == nil)
        #expect(
            try load("").0.changes(to: load("sqlite { }").0).map(\.description) == [
                "sqlite.enable: false -> true (takes a restart)"
            ]
        )
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import Persistence

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// `nanomq db stats`: what is in a database.
struct DatabaseStatistics: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Say what is in the database.",
        discussion: "Sizes are in bytes, and times in UTC. \(Database.opening)"
    )

    @OptionGroup
    var options: DatabaseOptions

    func run() throws {
        let database = try self.options.open()
        let statistics = try database.file.statistics()
        Console.print("file: \(database.path)")
        for (name, value) in statistics.lines { Console.print("\(name): \(value)") }
    }
}

extension StoreStatistics {
    /// Each figure with its name; the sessions with the most messages at the end.
    fileprivate var lines: [(name: String, value: String)] {
        [
            ("schema version", "\(self.schemaVersion)"),
            ("size", "\(self.fileBytes)"),
            ("free in it", "\(self.freeBytes)"),
            ("last written", self.lastWritten.map(Self.time) ?? "never"),
            ("sessions", "\(self.sessions)"),
            ("ended sessions", "\(self.ended)"),
            ("subscriptions", "\(self.subscriptions)"),
            ("messages", "\(self.messages)"),
            ("bytes of messages", "\(self.bytes)"),
            ("deliveries", "\(self.deliveries)"),
            ("retained", "\(self.retained)"),
            ("oldest message", self.oldestMessage.map(Self.time) ?? "none"),
        ] + self.biggestSessions.map { ("session \($0.client.quoted)", "\($0.messages) messages, \($0.bytes) bytes") }
    }

    /// Milliseconds since 1970, as RFC 3339 has it, to the second.
    private static func time(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        var text = [CChar](repeating: 0, count: 64)
        guard gmtime_r(&seconds, &parts) != nil, strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0 else {
            return "\(milliseconds) ms"
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension String {
    /// In quotes, with nothing in it that could end a line, move a cursor or turn the direction of writing: clients
    /// call themselves as they like.
    fileprivate var quoted: String {
        let unseen: [Unicode.GeneralCategory] = [
            .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned,
        ]
        let scalars = self.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case _ where unseen.contains(scalar.properties.generalCategory):
                "\\u{\(String(scalar.value, radix: 16))}"
            default: "\(scalar)"
            }
        }
        return "\"\(scalars.joined())\""
    }
}

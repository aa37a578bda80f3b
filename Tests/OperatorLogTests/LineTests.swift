//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Foundation
import Logging
import Testing

@testable import OperatorLog

/// How one message looks.
struct LineTests {
    private static func text(_ message: String, _ metadata: Logger.Metadata = [:], label: String = "nanomq") -> String {
        var timestamp = Timestamp()
        var bytes: [UInt8] = []
        TextForm.append(self.line(message, metadata, label: label), &timestamp, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func json(_ message: String, _ metadata: Logger.Metadata = [:]) throws -> [String: String] {
        var timestamp = Timestamp()
        var bytes: [UInt8] = []
        JSONForm.append(self.line(message, metadata), &timestamp, to: &bytes)
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 1)
        #expect(bytes.count <= SafeText.maximumLine)
        return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: String])
    }

    private static func line(_ message: String, _ metadata: Logger.Metadata, label: String = "nanomq") -> LogLine {
        LogLine(
            LogRecord(
                time: ManualClock.start,
                level: .info,
                label: label,
                message: message,
                metadata: ([:], nil, metadata)
            )
        )
    }

    @Test func text() {
        let line = Self.text(
            "connected",
            ["session": "new", "listener": "tcp", "peer": "192.0.2.1:5123", "client": "sensor-7"]
        )
        #expect(
            line
                == "2026-11-21T13:44:43.123Z INFO  connected client=sensor-7 peer=192.0.2.1:5123 listener=tcp session=new\n"
        )
    }

    @Test func otherLogger() {
        #expect(Self.text("up", label: "nanomq.bridge").hasSuffix(" up logger=nanomq.bridge\n"))
    }

    @Test func json() throws {
        let object = try Self.json("connected", ["client": "a\"\\\n\u{1b}é", "ts": "mine", "peer": ["host": "h"]])
        #expect(
            object == [
                "ts": "2026-11-21T13:44:43.123Z", "level": "info", "msg": "connected", "logger": "nanomq",
                "client": "a\"\\\n\u{1b}é", "ts_": "mine", "peer.host": "h",
            ]
        )
    }

    /// What a client may put into its identifier, and what becomes of it.
    private static let forgeries: [(String, String)] = [
        ("plain-1.2:3/4", "plain-1.2:3/4"),
        ("", "\"\""),
        ("a b", "\"a b\""),
        ("a=b", "\"a=b\""),
        ("a\"b", "\"a\\\"b\""),
        ("a\\n", "\"a\\\\n\""),
        ("x\n2026-11-21T13:44:43.123Z ERROR forged", "\"x\\n2026-11-21T13:44:43.123Z ERROR forged\""),
        ("x\r\ny", "\"x\\r\\ny\""),
        ("\t", "\"\\t\""),
        ("\u{1b}[2J", "\"\\u{1b}[2J\""),
        ("\u{7f}", "\"\\u{7f}\""),
        ("\u{85}next", "\"\\u{85}next\""),
        ("\u{9b}31m", "\"\\u{9b}31m\""),
        ("\u{2028}\u{2029}", "\"\\u{2028}\\u{2029}\""),
        ("\u{202e}gpj", "\"\\u{202e}gpj\""),
        ("\u{2066}i\u{2069}", "\"\\u{2066}i\\u{2069}\""),
        ("\u{feff}\u{200b}", "\"\\u{feff}\\u{200b}\""),
        ("\u{e0041}", "\"\\u{e0041}\""),
        ("\u{fffe}", "\"\\u{fffe}\""),
        ("a\u{a0}level=ERROR", "\"a\u{a0}level=ERROR\""),
        ("a\u{3000}b", "\"a\u{3000}b\""),
        ("Füße-漢字", "Füße-漢字"),
    ]

    @Test(arguments: forgeries.indices)
    func forgery(_ index: Int) throws {
        let (value, expected) = Self.forgeries[index]
        let line = Self.text("connected", ["client": .string(value)])
        #expect(line == "2026-11-21T13:44:43.123Z INFO  connected client=\(expected)\n")
        #expect(try Self.json("connected", ["client": .string(value)])["client"] == value)
    }

    @Test func forgedMessageAndKey() {
        let line = Self.text("a\nb\u{1b}\u{2028}", ["k y=\n": "v"])
        #expect(line == "2026-11-21T13:44:43.123Z INFO  a\\nb\\u{1b}\\u{2028} k_y__=v\n")
    }

    @Test func longValuesAreCut() throws {
        let long = String(repeating: "é", count: 70_000)
        let cut = String(repeating: "é", count: 256) + "…"
        #expect(Self.text("m", ["client": .string(long)]).hasSuffix(" m client=\(cut)\n"))
        #expect(try Self.json("m", ["client": .string(long)])["client"] == cut)
        let exact = String(repeating: "x", count: 256)
        #expect(Self.text("m", ["client": .string(exact)]).hasSuffix(" m client=\(exact)\n"))
    }

    @Test(arguments: ["x", "\u{1b}", "\u{e0041}", "漢", "\""])
    func longLinesAreCut(_ character: String) throws {
        let long = String(repeating: character, count: 5000)
        let metadata = Logger.Metadata(uniqueKeysWithValues: (0..<100).map { ("key\($0)", .string(long)) })
        let line = Self.text(long, metadata)
        #expect(line.utf8.count <= SafeText.maximumLine)
        #expect(line.hasSuffix(" …\n"))
        #expect(try Self.json(long, metadata)["truncated"] == "true")
    }

    @Test func timesBefore1970() {
        var timestamp = Timestamp()
        var bytes: [UInt8] = []
        timestamp.append(-1, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "1969-12-31T23:59:59.999Z")
    }

    @Test(
        arguments: zip(
            Logger.Level.allCases,
            [.trace, .debug, .info, .warn, .warn, .error, .fatal] as [LogSettings.Level]
        )
    )
    func levels(_ level: Logger.Level, _ expected: LogSettings.Level) {
        #expect(LogSettings.Level(level) == expected)
        #expect(expected.threshold <= level)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Logging
import Testing

@testable import OperatorLog

/// Lines that repeat.
struct LimitTests {
    let directory: TemporaryDirectory
    let clock = ManualClock()

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    private func log(_ limit: LogSettings.RateLimit) throws -> OperatorLog {
        try OperatorLog.inFile(of: self.directory, clock: self.clock.clock) { $0.rateLimit = limit }
    }

    /// Without the time.
    private func lines() throws -> [String] {
        try self.directory.lines("nanomq.log").map { String($0.dropFirst(25)) }
    }

    private var oneLine: LogSettings.RateLimit {
        var limit = LogSettings.RateLimit()
        limit.equalLines = 1
        return limit
    }

    @Test func equalLinesAreSummed() throws {
        let log = try self.log(self.oneLine)
        for port in 1000...1057 {
            log.logger().info("connected", metadata: ["client": "a", "peer": "192.0.2.1:\(port)"])
        }
        log.logger().info("connected", metadata: ["client": "b", "peer": "192.0.2.1:1"])
        log.logger().info("connected", metadata: ["client": "a", "peer": "192.0.2.2:1"])
        log.written()
        #expect(try self.lines().count == 3)
        self.clock.advance(.seconds(10))
        log.logger().info("connected", metadata: ["client": "a", "peer": "192.0.2.1:2000"])
        log.written()
        #expect(
            try self.lines() == [
                "INFO  connected client=a peer=192.0.2.1:1000",
                "INFO  connected client=b peer=192.0.2.1:1",
                "INFO  connected client=a peer=192.0.2.2:1",
                "INFO  connected: repeated 57 times in 10 s client=a peer=192.0.2.1:1000",
                "INFO  connected client=a peer=192.0.2.1:2000",
            ]
        )
    }

    @Test func firstLinesAreWritten() throws {
        var limit = LogSettings.RateLimit()
        limit.equalLines = 3
        let log = try self.log(limit)
        for _ in 1...4 { log.logger().error("failed") }
        #expect(log.shutdown(timeout: .seconds(30)))
        #expect(
            try self.lines() == ["ERROR failed", "ERROR failed", "ERROR failed", "ERROR failed: repeated once in 10 s"]
        )
    }

    /// A client that comes back under ever new names.
    @Test func floodIsSummed() throws {
        var limit = LogSettings.RateLimit()
        limit.linesPerSecond = 10
        let log = try self.log(limit)
        for number in 0..<1000 { log.logger().notice("protocol error", metadata: ["client": "evil-\(number)"]) }
        for number in 0..<20 { log.logger().error("failed", metadata: ["number": "\(number)"]) }
        for number in 0..<20 { log.logger().info("connected", metadata: ["client": "\(number)"]) }
        log.written()
        #expect(try self.lines().count == 10 + 20 + 10)
        self.clock.advance(.seconds(1))
        log.logger().info("tick")
        log.written()
        let lines = try self.lines()
        #expect(lines.contains("WARN  protocol error: 990 more in 1 s, not written one by one"))
        #expect(lines.contains("INFO  connected: 10 more in 1 s, not written one by one"))
        // A new second.
        log.logger().notice("protocol error", metadata: ["client": "evil"])
        log.written()
        #expect(try self.lines().last == "WARN  protocol error client=evil")
    }

    @Test func debugIsNotHeldBack() throws {
        var limit = self.oneLine
        limit.linesPerSecond = 1
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock) {
            $0.rateLimit = limit
            $0.level = .trace
        }
        for _ in 1...5 {
            log.logger().debug("step")
            log.logger().trace("step")
        }
        log.written()
        #expect(try self.lines().count == 10)
    }

    /// What is remembered has an end, and then the limits still hold.
    @Test func memoryIsBounded() throws {
        var limit = self.oneLine
        limit.linesPerSecond = 5
        var limiter = LineLimiter(limit)
        var written = 0
        for number in 0..<100_000 {
            let record = LogRecord(time: 0, level: .info, label: "nanomq", message: "message \(number)")
            if !limiter.isFlood(record), limiter.admits(LogLine(record), at: 0) { written += 1 }
        }
        #expect(written == LineLimiter.maximumKinds - 1 + 5)
        let summaries = limiter.allSummaries()
        #expect(
            summaries.map(\.message) == ["other messages: \(100_000 - written) more in 1 s, not written one by one"]
        )
        #expect(limiter.deadline == nil)
    }

    @Test func summaryComesByItself() throws {
        var limit = self.oneLine
        limit.window = .seconds(1)
        let log = try OperatorLog.inFile(of: self.directory) { $0.rateLimit = limit }
        for _ in 1...2 { log.logger().info("again") }
        log.written()
        // On the system's clock, and only the file tells of it: a test that hopes in vain ends at its limit.
        while try self.lines().count < 2 {}
        #expect(try self.lines().last == "INFO  again: repeated once in 1 s")
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Foundation
import Logging
import Synchronization
import SystemPackage
import Testing

@testable import OperatorLog

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// From loggers to targets: nothing lost unless said so, in order, and nobody waits.
struct DeliveryTests {
    let directory: TemporaryDirectory

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    /// A named pipe in place of the file, open for reading. Nobody reads yet.
    private func makePipe() throws -> FileDescriptor {
        try #require(mkfifo(self.directory.path("nanomq.log"), 0o600) == 0)
        return try FileDescriptor.open(self.directory.path("nanomq.log"), .readOnly, options: .nonBlocking)
    }

    /// Reads all that comes until the other side closes.
    private func drain(_ pipe: FileDescriptor) throws -> [Substring] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var entry = pollfd(fd: pipe.rawValue, events: Int16(POLLIN), revents: 0)
            try #require(poll(&entry, 1, 30_000) == 1)
            let count = try buffer.withUnsafeMutableBytes { try pipe.read(into: $0) }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    @Test func stalledWriterDropsAndTells() throws {
        let pipe = try self.makePipe()
        defer { try? pipe.close() }
        var capacity = LogCapacity()
        capacity.lines = 1000
        let log = try OperatorLog.inFile(of: self.directory, capacity: capacity)
        let text = String(repeating: "x", count: 100)
        for number in 0..<20_000 { log.logger().info("\(number) \(text)") }
        let dropped = log.droppedCount
        #expect(dropped > 0)
        #expect(!log.flush(timeout: .milliseconds(1)))
        // Level error has room of its own.
        log.logger().error("serious")
        #expect(log.droppedCount == dropped)
        let reading = Mutex<[Substring]>([])
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            let lines = (try? self.drain(pipe)) ?? []
            reading.withLock { $0 = lines }
            ended.signal()
        }
        #expect(log.shutdown(timeout: .seconds(30)))
        ended.wait()
        let lines = reading.withLock { $0 }
        #expect(lines.count { $0.hasSuffix(text) } == 20_000 - dropped)
        #expect(lines.contains { $0.hasSuffix("ERROR serious") })
        let told = lines.filter { $0.hasSuffix(" messages dropped: the log could not keep up") }
        #expect(told.compactMap { Int($0.split(separator: " ")[2]) }.reduce(0, +) == dropped)
        #expect(log.droppedCount == dropped)
    }

    @Test func console() throws {
        let own = try #require(ConsoleTarget.open(.standardError))
        defer { try? own.close() }
        #expect(own.rawValue > 2)
        #expect(fcntl(own.rawValue, F_GETFD) & FD_CLOEXEC != 0)

        let (reading, writing) = try FileDescriptor.pipe()
        defer { try? reading.close() }
        let target = ConsoleTarget(writing)
        let renderer = LineRenderer(format: .text)
        for number in 0..<10_000 {
            renderer.begin()
            target.add(
                LogLine(LogRecord(time: ManualClock.start, level: .info, label: "nanomq", message: "\(number)")),
                renderer
            )
        }
        // More than the pipe takes, and than is kept for it: nobody waits, and what is lost is counted.
        target.flush()
        #expect(target.waiting != nil)
        #expect(target.isFull)
        let loss = target.losses.tellOthers(at: 0)
        let lost = try #require(loss).lines
        let unwritten = target.close()
        let lines = try self.drain(reading)
        #expect(lines.first == "2026-11-21T13:44:43.123Z INFO  0")
        #expect(lost + unwritten + lines.count(where: { $0.count > 30 }) >= 10_000)
    }

    @Test func stalledWriterDoesNotKeepTheProcess() throws {
        let pipe = try self.makePipe()
        defer { try? pipe.close() }
        let log = try OperatorLog.inFile(of: self.directory)
        let text = String(repeating: "x", count: 200)
        for _ in 0..<1000 { log.logger().info("\(text)") }
        #expect(!log.shutdown(timeout: .milliseconds(50)))
        #expect(!log.flush(timeout: .seconds(30)))
    }

    @Test func stalledTargetDoesNotStopOthers() throws {
        let pipe = try self.makePipe()
        defer { try? pipe.close() }
        let syslog = try DatagramSocket(self.directory.path("socket"))
        let log = try OperatorLog.inFile(of: self.directory) {
            $0.syslog = LogSettings.Syslog()
            $0.syslog?.path = self.directory.path("socket")
        }
        let text = String(repeating: "x", count: 200)
        var told = false
        for number in 0..<5000 {
            log.logger().info("\(number) \(text)")
            var line = try syslog.receive()
            if line.contains("the log cannot be written") {
                told = true
                line = try syslog.receive()
            }
            #expect(line.hasSuffix("]: \(number) \(text)"))
        }
        #expect(told)
        #expect(log.droppedCount == 0)
    }

    @Test func stalledTargetIsReplaced() throws {
        let pipe = try self.makePipe()
        defer { try? pipe.close() }
        let log = try OperatorLog.inFile(of: self.directory)
        let text = String(repeating: "x", count: 200)
        for _ in 0..<4000 { log.logger().info("\(text)") }
        var settings = LogSettings.file(self.directory)
        settings.file?.name = "other.log"
        try log.update(settings)
        log.written()
        log.logger().info("on")
        log.written()
        let lines = try self.directory.lines("other.log")
        #expect(lines.contains { $0.contains("the log's former target did not take all lines") })
        #expect(lines.last?.hasSuffix("INFO  on") == true)
    }

    @Test func brokenPipeDoesNotEndTheProcess() throws {
        let pipe = try self.makePipe()
        let log = try OperatorLog.inFile(of: self.directory)
        try pipe.close()
        log.logger().info("to nobody")
        log.written()
        let again = try FileDescriptor.open(self.directory.path("nanomq.log"), .readOnly, options: .nonBlocking)
        defer { try? again.close() }
        log.logger().info("to somebody")
        log.shutdown()
        let lines = try self.drain(again)
        #expect(lines.first?.hasSuffix("INFO  to somebody") == true)
        #expect(lines.last?.hasSuffix("ERROR 1 lines are missing here cause=\"Broken pipe\"") == true)
    }

    @Test func orderOfEachThreadIsKept() throws {
        var capacity = LogCapacity()
        capacity.lines = 100_000
        capacity.bytes = 100 << 20
        let log = try OperatorLog.inFile(of: self.directory, capacity: capacity) { $0.file?.maximumSize = nil }
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            let logger = log.logger()
            for number in 0..<5000 { logger.info("line", metadata: ["thread": "\(thread)", "z": "\(number)"]) }
        }
        #expect(log.shutdown(timeout: .seconds(30)))
        let lines = try self.directory.lines("nanomq.log")
        #expect(lines.count == 20_000)
        for thread in 0..<4 {
            let own = lines.filter { $0.contains(" thread=\(thread) ") }
            #expect(own.compactMap { $0.split(separator: "=").last.flatMap { Int($0) } } == Array(0..<5000))
        }
    }

    @Test func nothingIsLostAtShutdown() throws {
        for _ in 0..<50 {
            let log = try OperatorLog.inFile(of: self.directory) { $0.file?.maximumSize = nil }
            let logger = log.logger()
            for number in 0..<100 { logger.info("line \(number)") }
            #expect(log.shutdown(timeout: .seconds(30)))
        }
        #expect(try self.directory.lines("nanomq.log").count == 5000)
    }

    @Test func afterShutdown() throws {
        let log = try OperatorLog.inFile(of: self.directory)
        log.logger().info("one")
        #expect(log.shutdown(timeout: .seconds(30)))
        #expect(log.shutdown(timeout: .seconds(30)))
        log.logger().info("two")
        #expect(log.droppedCount == 1)
        #expect(throws: LogError.isShutDown) { try log.update(.file(self.directory)) }
        log.reopen()
        #expect(try self.directory.lines("nanomq.log").count == 1)
    }

    // MARK: Changes

    @Test func levelChangesLive() throws {
        let log = try OperatorLog.inFile(of: self.directory)
        let logger = log.logger()
        var own = log.logger()
        own.logLevel = .trace
        logger.debug("no")
        var settings = LogSettings.file(self.directory)
        settings.level = .debug
        try log.update(settings)
        logger.debug("yes")
        settings.level = .fatal
        try log.update(settings)
        logger.error("no")
        own.trace("yes")
        settings.level = .warn
        try log.update(settings)
        logger.info("no")
        logger.notice("yes")
        log.written()
        #expect(
            try self.directory.lines("nanomq.log").map { String($0.suffix(9)) } == [
                "DEBUG yes", "TRACE yes", "WARN  yes",
            ]
        )
    }

    /// Nothing is made of a message that is not written.
    @Test func levelThatIsOffCostsNothing() throws {
        let log = try OperatorLog.inFile(of: self.directory)
        log.logger().debug("\(Issue.record("the message was made"))", metadata: ["a": "\(Issue.record("so was this"))"])
    }

    @Test func targetsAndFormChangeLive() throws {
        let log = try OperatorLog.inFile(of: self.directory)
        var settings = LogSettings.file(self.directory)
        settings.file?.name = "other.log"
        settings.format = .json
        for number in 0..<100 { log.logger().info("old \(number)") }
        try log.update(settings)
        for number in 0..<100 { log.logger().info("new \(number)") }
        log.written()
        #expect(
            try self.directory.lines("nanomq.log").map { $0.split(separator: " ")[2] }
                == Array(repeating: "old", count: 100)
        )
        let objects = try self.directory.lines("other.log").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String])
        }
        #expect(objects.map { $0["msg"] } == (0..<100).map { "new \($0)" })
    }

    /// For ThreadSanitizer: everything at once.
    @Test func everythingAtOnce() throws {
        let log = try OperatorLog.inFile(of: self.directory) {
            $0.file?.maximumSize = 4096
            $0.rateLimit = LogSettings.RateLimit()
        }
        DispatchQueue.concurrentPerform(iterations: 6) { thread in
            let logger = log.logger()
            for number in 0..<300 {
                switch thread {
                case 0:
                    var settings = LogSettings.file(self.directory)
                    settings.level = number % 2 == 0 ? .info : .debug
                    settings.file?.maximumSize = 4096
                    #expect(throws: Never.self) { try log.update(settings) }
                case 1: log.reopen()
                case 2: log.flush(timeout: .seconds(30))
                default: logger.info("line", metadata: ["thread": "\(thread)", "number": "\(number)"])
                }
                _ = log.droppedCount
            }
        }
        #expect(log.shutdown(timeout: .seconds(30)))
        #expect(try self.directory.lines("nanomq.log").allSatisfy { $0.contains(" line ") })
    }

    // MARK: What loggers add

    @Test func metadataOfAllKinds() throws {
        let log = try OperatorLog.inFile(of: self.directory)
        var logger = Logger(label: "nanomq") {
            log.handler(label: $0, provider: Logger.MetadataProvider { ["a": "provider", "b": "provider"] })
        }
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "c"] = "logger"
        logger.error("m", error: LogError.isShutDown, metadata: ["b": "message", "d": ["x", "y"]])
        log.written()
        #expect(
            try self.directory.lines("nanomq.log").map { $0.dropFirst(25) } == [
                "ERROR m a=provider b=message c=logger d=\"[\\\"x\\\", \\\"y\\\"]\" error=\"the log has been shut down\""
            ]
        )
    }

    @Test func largeMessagesAreBounded() throws {
        let pipe = try self.makePipe()
        defer { try? pipe.close() }
        let log = try OperatorLog.inFile(of: self.directory)
        let identifier = String(repeating: "x", count: 65_000)
        for _ in 0..<2000 { log.logger().info("m", metadata: ["client": .string(identifier)]) }
        #expect(log.droppedCount > 0)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Foundation
import Logging
import SystemPackage
import Testing

@testable import OperatorLog

/// The file, and what happens to it.
struct FileTests {
    let directory: TemporaryDirectory
    let clock = ManualClock()

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    @Test func writes() throws {
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock)
        log.logger().info("one", metadata: ["client": "a"])
        log.logger().error("two")
        log.logger().debug("not this")
        log.written()
        #expect(
            try self.directory.text("nanomq.log") == """
                2026-11-21T13:44:43.123Z INFO  one client=a
                2026-11-21T13:44:43.123Z ERROR two

                """
        )
        let mode = try FileManager.default.attributesOfItem(atPath: self.directory.path("nanomq.log"))[
            .posixPermissions
        ]
        #expect((mode as? Int).map { $0 & ~0o640 } == 0)
    }

    @Test func appendsToWhatIsThere() throws {
        try self.directory.write("before\n", to: "nanomq.log")
        let log = try OperatorLog.inFile(of: self.directory)
        log.logger().info("after")
        log.written()
        #expect(try self.directory.lines("nanomq.log").count == 2)
    }

    @Test func directoryIsMade() throws {
        let log = try OperatorLog.inFile(of: self.directory) { $0.file?.directory += "/a/b" }
        log.logger().info("here")
        log.written()
        #expect(self.directory.exists("a/b/nanomq.log"))
    }

    // MARK: What cannot be opened

    @Test func unusableDirectoryIsAnError() throws {
        try self.directory.write("", to: "file")
        let path = self.directory.path("file/nanomq.log")
        #expect(throws: LogError.cannotOpen(path: path, .notDirectory)) {
            try OperatorLog.inFile(of: self.directory) { $0.file?.directory += "/file" }
        }
        #expect("\(LogError.cannotOpen(path: path, .notDirectory))".contains(path))
    }

    @Test func symbolicLinkIsRefused() throws {
        try FileManager.default.createSymbolicLink(
            atPath: self.directory.path("nanomq.log"),
            withDestinationPath: self.directory.path("victim")
        )
        #expect(throws: LogError.cannotOpen(path: self.directory.path("nanomq.log"), .tooManySymbolicLinkLevels)) {
            try OperatorLog.inFile(of: self.directory)
        }
        #expect(!self.directory.exists("victim"))
    }

    @Test(arguments: ["", ".", "..", "a/b", "a\0b"])
    func unusableNameIsAnError(_ name: String) {
        #expect(throws: LogError.self) { try OperatorLog.inFile(of: self.directory) { $0.file?.name = name } }
    }

    @Test func refusedChangeChangesNothing() throws {
        let log = try OperatorLog.inFile(of: self.directory)
        var settings = LogSettings.file(self.directory)
        settings.level = .trace
        settings.file?.directory = "/proc/nowhere"
        #expect(throws: LogError.self) { try log.update(settings) }
        log.logger().debug("still off")
        log.logger().info("still on")
        log.written()
        #expect(try self.directory.lines("nanomq.log").count == 1)
    }

    // MARK: Putting aside

    @Test func putAsideBySize() throws {
        let log = try OperatorLog.inFile(of: self.directory) {
            $0.file?.maximumSize = 1024
            $0.file?.keptFiles = 3
        }
        for number in 0..<100 { log.logger().info("line", metadata: ["number": "\(number)"]) }
        log.written()
        #expect(try self.directory.names == ["nanomq.log", "nanomq.log.1", "nanomq.log.2", "nanomq.log.3"])
        var numbers: [Int] = []
        for name in try self.directory.names.reversed() {
            let text = try self.directory.text(name)
            #expect(text.utf8.count <= 1024)
            if name != "nanomq.log" { #expect(text.utf8.count > 900) }
            numbers += text.split(separator: "\n").compactMap { $0.split(separator: "=").last.flatMap { Int($0) } }
        }
        let first = try #require(numbers.first)
        #expect(numbers == Array(first...99))
    }

    @Test func sizeSurvivesRestart() throws {
        try self.directory.write(String(repeating: "x", count: 1000) + "\n", to: "nanomq.log")
        let log = try OperatorLog.inFile(of: self.directory) { $0.file?.maximumSize = 1024 }
        log.logger().info("the new file's first line")
        log.written()
        #expect(try self.directory.lines("nanomq.log").count == 1)
        #expect(try self.directory.text("nanomq.log.1").utf8.count == 1001)
    }

    @Test func putAsideByTime() throws {
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock) {
            $0.file?.interval = .seconds(86_400)
        }
        log.logger().info("Saturday")
        log.written()
        self.clock.advance(.seconds(10 * 3600))
        log.logger().info("Saturday, late")
        log.written()
        self.clock.advance(.seconds(3600))
        log.logger().info("Sunday")
        log.written()
        #expect(try self.directory.lines("nanomq.log.1").count == 2)
        #expect(try self.directory.text("nanomq.log").contains("2026-11-22T00:44:43.123Z INFO  Sunday"))
    }

    /// The clock is set back after the file was made, by a month.
    @Test func periodOfAnEmptyFileBeginsWithItsFirstLine() throws {
        try self.directory.write("", to: "nanomq.log")
        try self.directory.setModified("nanomq.log", ManualClock.start / 1000 + 30 * 86_400)
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock) {
            $0.file?.interval = .seconds(86_400)
        }
        log.logger().info("Saturday")
        log.written()
        self.clock.advance(.seconds(86_400))
        log.logger().info("Sunday")
        log.written()
        #expect(try self.directory.lines("nanomq.log.1").count == 1)
        #expect(try self.directory.lines("nanomq.log").count == 1)
    }

    @Test func periodSurvivesRestart() throws {
        try self.directory.write("yesterday\n", to: "nanomq.log")
        try self.directory.setModified("nanomq.log", ManualClock.start / 1000 - 86_400)
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock) {
            $0.file?.interval = .seconds(86_400)
        }
        log.logger().info("today")
        log.written()
        #expect(try self.directory.text("nanomq.log.1") == "yesterday\n")
        #expect(try self.directory.lines("nanomq.log").count == 1)
    }

    @Test func oldFilesAreRemoved() throws {
        let now = ManualClock.start / 1000
        for number in 1...5 {
            try self.directory.write("old\n", to: "nanomq.log.\(number)")
            try self.directory.setModified("nanomq.log.\(number)", now - Int64(number) * 86_400)
        }
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock) {
            $0.file?.keptFiles = 4
            $0.file?.maximumAge = .seconds(3 * 86_400)
        }
        log.logger().info("line")
        log.written()
        #expect(try self.directory.names == ["nanomq.log", "nanomq.log.1", "nanomq.log.2"])
        // And as time goes by.
        self.clock.advance(.seconds(86_400))
        log.logger().info("line")
        log.written()
        #expect(try self.directory.names == ["nanomq.log", "nanomq.log.1"])
    }

    @Test func noneKept() throws {
        try self.directory.write(String(repeating: "x", count: 2000) + "\n", to: "nanomq.log")
        let log = try OperatorLog.inFile(of: self.directory) {
            $0.file?.maximumSize = 1024
            $0.file?.keptFiles = 0
        }
        log.logger().info("line")
        log.written()
        #expect(try self.directory.names == ["nanomq.log"])
        #expect(try self.directory.lines("nanomq.log").count == 1)
    }

    // MARK: What others do to it

    @Test func reopenAfterRename() throws {
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock)
        log.logger().info("one")
        log.written()
        try self.directory.rename("nanomq.log", to: "aside")
        log.logger().info("two")
        log.written()
        log.reopen()
        log.logger().info("three")
        log.written()
        #expect(try self.directory.lines("aside").count == 2)
        #expect(try self.directory.lines("nanomq.log").count == 1)
    }

    @Test func missingFileAndDirectoryAreMadeAgain() throws {
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock) { $0.file?.directory += "/sub" }
        log.logger().info("one")
        log.written()
        try FileManager.default.removeItem(atPath: self.directory.path("sub"))
        self.clock.advance(.seconds(2))
        log.logger().info("two")
        log.written()
        #expect(try self.directory.lines("sub/nanomq.log").count == 1)
    }

    @Test func fileOfAnotherBrokerIsNotPutAsideAgain() throws {
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock) { $0.file?.maximumSize = 1024 }
        log.logger().info("\(String(repeating: "x", count: 900))")
        log.written()
        try self.directory.rename("nanomq.log", to: "nanomq.log.1")
        try self.directory.write("the other's\n", to: "nanomq.log")
        log.logger().info("\(String(repeating: "y", count: 900))")
        log.written()
        #expect(try self.directory.names == ["nanomq.log", "nanomq.log.1"])
        #expect(try self.directory.lines("nanomq.log").count == 2)
    }

    // MARK: Disk full

    @Test func fullDiskIsToldElsewhere() throws {
        let syslog = try DatagramSocket(self.directory.path("socket"))
        let log = try OperatorLog.inFile(of: self.directory, clock: self.clock.clock) {
            $0.file?.directory = "/dev"
            $0.file?.name = "full"
            $0.syslog = LogSettings.Syslog()
            $0.syslog?.path = self.directory.path("socket")
        }
        for _ in 1...3 {
            log.logger().info("line")
            log.written()
        }
        #expect(try syslog.receive().hasSuffix("]: line"))
        let told = try syslog.receive()
        #expect(told.hasPrefix("<27>"))
        #expect(
            told.hasSuffix("]: the log cannot be written target=/dev/full cause=\"No space left on device\" lost=1")
        )
        #expect(try syslog.receive().hasSuffix("]: line"))
        #expect(try syslog.receive().hasSuffix("]: line"))
        // The next ones are told of a minute later, the line of then among them or not.
        self.clock.advance(.seconds(61))
        log.logger().info("line")
        let lines = try [syslog.receive(), syslog.receive()]
        #expect(lines.count { $0.hasSuffix("]: line") } == 1)
        #expect(lines.count { $0.hasSuffix(" lost=2") || $0.hasSuffix(" lost=3") } == 1)
    }
}

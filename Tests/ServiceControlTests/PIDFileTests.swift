//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage
import TestSupport
import Testing

@testable import ServiceControl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The PID file within one process. Against other processes it is tested in `Tests/Process`.
struct PIDFileTests {
    let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    @Test func acquiredThenReleased() throws {
        let path = self.folder.file("a/b/nanomq.pid")
        let held = try PIDFile.acquire(path)
        #expect(try self.folder.text(of: "a/b/nanomq.pid") == "\(getpid())\n")
        held.release()
        #expect(try PIDFile.inspect(path) == .none)
        // Once more does nothing, not even to another's file.
        let other = try PIDFile.acquire(path)
        held.release()
        #expect(try PIDFile.inspect(path) != .none)
        other.release()
    }

    @Test func aLongerLeftoverIsOverwrittenWhole() throws {
        try self.folder.write("123456789012345678901234567890\nmore\n", to: "nanomq.pid")
        let held = try PIDFile.acquire(self.folder.file("nanomq.pid"))
        defer { held.release() }
        #expect(try self.folder.text(of: "nanomq.pid") == "\(getpid())\n")
    }

    @Test func whatNobodyHoldsIsStaleAndCanBeRemoved() throws {
        let path = self.folder.file("nanomq.pid")
        #expect(try PIDFile.inspect(path) == .none)
        // The number of a process that surely runs proves nothing.
        try self.folder.write("\(getppid())\n", to: "nanomq.pid")
        #expect(try PIDFile.inspect(path) == .stale)
        #expect(try ServiceProcess.stop(pidFile: path, timeout: .zero, force: true) == .notRunning)
        #expect(try PIDFile.inspect(path) == .none)
    }

    @Test func aLinkIsReplacedAndItsTargetLeftAlone() throws {
        try self.folder.write("precious", to: "target")
        let path = self.folder.file("nanomq.pid")
        symlink(self.folder.file("target").string, path.string)
        #expect(try PIDFile.inspect(path) == .stale)
        try PIDFile.acquire(path).release()
        #expect(try self.folder.text(of: "target") == "precious")
    }

    @Test func aDirectoryIsRefused() throws {
        let path = self.folder.file("nanomq.pid")
        mkdir(path.string, 0o755)
        #expect(throws: PIDFileError.notAPIDFile(path, "this is a directory")) { try PIDFile.acquire(path) }
    }

    @Test func aDirectoryOpenToAllIsRefusedUnlessItIsSticky() throws {
        let path = self.folder.file("run/nanomq.pid")
        mkdir(self.folder.file("run").string, 0o755)
        chmod(self.folder.file("run").string, 0o777)
        #expect(throws: PIDFileError.self) { try PIDFile.acquire(path) }
        chmod(self.folder.file("run").string, 0o1777)
        try PIDFile.acquire(path).release()
    }

    @Test func aPlaceWhereNothingCanBeIsToBlame() throws {
        try self.folder.write("", to: "file")
        let error = #expect(throws: PIDFileError.self) { try PIDFile.acquire(self.folder.file("file/nanomq.pid")) }
        #expect(error?.isPlaceUnusable == true)
        // A container that runs as another user than its image is made for.
        mkdir(self.folder.file("open").string, 0o755)
        chmod(self.folder.file("open").string, 0o777)
        let stranger = #expect(throws: PIDFileError.self) { try PIDFile.acquire(self.folder.file("open/nanomq.pid")) }
        #expect(stranger?.isPlaceUnusable == true)
        #expect(!PIDFileError.alreadyRunning(pid: 1).isPlaceUnusable)
    }

    @Test func restartsTakeTurns() throws {
        let path = self.folder.file("nanomq.pid")
        let first = try RestartTurn.take(for: path, timeout: .seconds(5))
        #expect(throws: PIDFileError.self) { try RestartTurn.take(for: path, timeout: .zero) }
        first.release()
        try RestartTurn.take(for: path, timeout: .zero).release()
        #expect(try PIDFile.inspect(self.folder.file("nanomq.pid.restart")) == .none)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import CProcess
import SystemPackage
import Testing

@testable import ServiceControl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One process, its signals and its end.
struct ProcessHandleTests {
    private func spawn(_ command: String) throws -> Int32 {
        var pid: pid_t = 0
        let words: [String] = ["sh", "-c", command]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        defer { arguments.forEach { free($0) } }
        let error = nanomq_spawn_in_session(&pid, "/bin/sh", &arguments, &environment, -1)
        guard error == 0 else { throw Errno(rawValue: error) }
        return pid
    }

    @Test func endIsSeenBeforeTheParentAsks() throws {
        let pid = try self.spawn("exec sleep 600")
        let process = try ProcessHandle(pid: pid)
        #expect(!process.waitForEnd(timeout: .zero))
        #expect(getsid(pid) == pid)
        try process.send(signal: SIGTERM)
        #expect(process.waitForEnd(timeout: .seconds(30)))
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
        #expect(status & 0x7F == SIGTERM)
        #expect(throws: Errno.noSuchProcess) { try process.send(signal: SIGTERM) }
        #expect(throws: Errno.noSuchProcess) { try ProcessHandle(pid: pid) }
    }

    #if os(Linux)
        @Test func commandLine() throws {
            let pid = try self.spawn("exec sleep 600")
            defer {
                kill(pid, SIGKILL)
                waitpid(pid, nil, 0)
            }
            let own = try #require(ProcessCommandLine(of: getpid()))
            #expect(own.arguments == Array(CommandLine.arguments.dropFirst()))
            #expect(own.isTrusted)
            #expect(ProcessState(of: pid) == .alive)
            #expect(ProcessCommandLine(of: -1) == nil)
        }

        @Test(
            arguments: [
                ("Name:\tnanomq\nUid:\t0\t1\t2\t4294967295\nGid:\t5\t5\t5\t5\n", [0, 1, 2, 4_294_967_295]),
                ("Uid:\t0\tx\n", []),
                ("Uid:\n", []),
                ("Gid:\t0\t0\n", []),
                ("", []),
            ] as [(String, [UInt32])]
        )
        func users(status: String, expected: [UInt32]) {
            #expect(ProcessCommandLine.users(status: Array(status.utf8)) == expected)
        }
    #endif
}

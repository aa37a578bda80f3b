//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Dispatch
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

/// Client and server of the control socket.
struct ControlSocketTests {
    /// The answer may have to wait until all other tests have had their turn on the machine's few threads.
    private static let patience = Duration.seconds(300)

    let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private struct Echo: ControlHandler {
        func reload(configuration: String?) async -> ControlMessage {
            ControlMessage(ControlMessage.ok, [.init("file", configuration ?? "none")])
        }

        func status() async -> ControlMessage {
            ControlMessage(ControlMessage.ok, (0..<5000).map { .init("listener", "\($0)") })
        }

        func arguments() async -> ControlMessage { .failure("no\narguments") }
    }

    /// - Parameter body: a client, which blocks: it runs beside the threads that the server's answers need.
    private func withServer(_ body: @escaping @Sendable (FilePath) throws -> Void) async throws {
        let loop = ServiceLoop()
        let path = self.folder.file("control")
        let server = try await ControlServer.start(at: path, on: loop, handler: Echo())
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Void, any Error>, _>) in
            DispatchQueue.global().async { continuation.resume(returning: Result { try body(path) }) }
        }
        await server.stop()
        await loop.stop()
        try result.get()
    }

    @Test func questionsAndAnswers() async throws {
        try await self.withServer { path in
            let file = "/a path\nwith an end of line"
            let reload = try ControlClient.send(
                ControlMessage("reload", [.init("file", file)]),
                to: path,
                timeout: Self.patience
            )
            #expect(reload["file"] == file)
            #expect(
                try ControlClient.send(ControlMessage("reload"), to: path, timeout: Self.patience)["file"] == "none"
            )
            #expect(
                try ControlClient.send(ControlMessage("status"), to: path, timeout: Self.patience).fields.count == 5000
            )
            #expect(
                try ControlClient.send(ControlMessage("arguments"), to: path, timeout: Self.patience)
                    == .failure("no\narguments")
            )
            #expect(
                try ControlClient.send(ControlMessage("frob"), to: path, timeout: Self.patience).head
                    == ControlMessage.error
            )
        }
        #expect(throws: ControlError.noAnswer(self.folder.file("control"), .noSuchFileOrDirectory)) {
            try ControlClient.send(ControlMessage("status"), to: self.folder.file("control"))
        }
    }

    @Test func onlyTheOwnerMayConnectFromTheFirstMoment() async throws {
        try await self.withServer { path in
            let mode = try FileStatus(ofName: path).mode
            #expect(mode & 0o777 == 0o600)
        }
    }

    @Test func aSocketThatIsAnsweredIsNotReplaced() async throws {
        try await self.withServer { path in
            #expect(throws: ControlError.inUse(path)) { try ControlSocketFile.bind(path) }
        }
    }

    @Test func aSocketOfTheDeadIsReplaced() throws {
        let path = self.folder.file("control")
        let dead = try ControlSocketFile.bind(path)
        try FileDescriptor(rawValue: dead.descriptor).close()
        let living = try ControlSocketFile.bind(path)
        defer { try? FileDescriptor(rawValue: living.descriptor).close() }
        #expect(ControlClient.isAnswered(path))
    }

    @Test func whoHasLostTheNameDoesNotRemoveIt() throws {
        let path = self.folder.file("control")
        let first = try ControlSocketFile.bind(path)
        // While its socket is open the number of the old file is not given to another one.
        defer { try? FileDescriptor(rawValue: first.descriptor).close() }
        unlink(path.string)
        let second = try ControlSocketFile.bind(path)
        defer { try? FileDescriptor(rawValue: second.descriptor).close() }
        first.remove()
        #expect(ControlClient.isAnswered(path))
        second.remove()
        #expect(!ControlClient.isAnswered(path))
    }

    @Test func aTimeIsKept() throws {
        let path = self.folder.file("control")
        let silent = try ControlSocketFile.bind(path)
        defer { try? FileDescriptor(rawValue: silent.descriptor).close() }
        #expect(throws: ControlError.noAnswer(path, .timedOut)) {
            try ControlClient.send(ControlMessage("status"), to: path, timeout: .milliseconds(50))
        }
    }

    @Test func whoAnswersIsFound() async throws {
        try await self.withServer { path in
            let peer = try #require(try ControlPeer.find(at: path, timeout: Self.patience))
            #expect(peer.status["listener"] == "0")
            #if os(Linux)
                #expect(peer.pid == getpid())
            #endif
            // Whoever made a link may have wanted another process to be found.
            let link = self.folder.file("link")
            symlink(path.string, link.string)
            #expect(throws: ControlError.stranger(link)) { try ControlPeer.find(at: link, timeout: Self.patience) }
            // And here anybody could have.
            chmod(self.folder.path.string, 0o777)
            #expect(throws: ControlError.stranger(path)) { try ControlPeer.find(at: path, timeout: Self.patience) }
            chmod(self.folder.path.string, 0o700)
        }
    }

    @Test func whereNobodyIsNobodyIsFound() throws {
        let path = self.folder.file("control")
        #expect(try ControlPeer.find(at: path)?.status == nil)
        #expect(try ControlPeer.find(at: self.folder.file(String(repeating: "x", count: 120)))?.status == nil)
        let dead = try ControlSocketFile.bind(path)
        try FileDescriptor(rawValue: dead.descriptor).close()
        #expect(try ControlPeer.find(at: path)?.status == nil)
        #expect(try ServiceProcess.stop(controlSocket: path, timeout: .zero, force: true) == .notRunning)
    }

    @Test func whoListensWithoutAnAnswerIsNoBroker() throws {
        let path = self.folder.file("control")
        let silent = try ControlSocketFile.bind(path)
        defer { try? FileDescriptor(rawValue: silent.descriptor).close() }
        #expect(throws: ControlError.noAnswer(path, .timedOut)) {
            try ControlPeer.find(at: path, timeout: .milliseconds(50))
        }
    }

    @Test func aPathThatIsTooLong() {
        let path = self.folder.file(String(repeating: "x", count: 120))
        #expect(throws: ControlError.pathTooLong(path)) { try ControlSocketFile.bind(path) }
    }
}

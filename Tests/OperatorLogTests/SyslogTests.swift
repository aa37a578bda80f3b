//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Foundation
import Logging
import Synchronization
import Testing

@testable import OperatorLog

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system's log of a test.
final class DatagramSocket: Sendable {
    private let descriptor: CInt
    private let isClosed = Atomic<Bool>(false)
    private let path: String

    init(_ path: String) throws {
        #if canImport(Darwin)
            self.descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
        #else
            self.descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        #endif
        self.path = path
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
        // Only for a test that hopes in vain.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { self.close() }

    /// Once: by then its number may be another test's.
    func close() {
        guard !self.isClosed.exchange(true, ordering: .relaxed) else { return }
        unlink(self.path)
        shutdown(self.descriptor, CInt(SHUT_RDWR))
        _ = Self.systemClose(self.descriptor)
    }

    private static func systemClose(_ descriptor: CInt) -> CInt {
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #elseif canImport(Musl)
            Musl.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }

    /// The next line.
    func receive() throws -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(self.descriptor, &bytes, bytes.count, 0)
        try #require(count >= 0)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

/// The system's log.
struct SyslogTests {
    let directory: TemporaryDirectory
    let clock = ManualClock()

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    private func log(_ change: (inout LogSettings) -> Void = { _ in }) throws -> OperatorLog {
        var settings = LogSettings()
        settings.console = nil
        settings.syslog = LogSettings.Syslog()
        settings.syslog?.path = self.directory.path("socket")
        settings.syslog?.facility = .local3
        change(&settings)
        return try OperatorLog(settings, capacity: LogCapacity(), clock: self.clock.clock)
    }

    @Test func form() throws {
        let socket = try DatagramSocket(self.directory.path("socket"))
        let log = try self.log()
        log.logger().warning("connected", metadata: ["client": "a b\n"])
        let line = try socket.receive()
        // 19 * 8 + 4; the hour depends on where this runs.
        #expect(line.hasPrefix("<156>Nov 2"))
        #expect(line.hasSuffix(":43 nanomq[\(getpid())]: connected client=\"a b\\n\""))
    }

    @Test func json() throws {
        let socket = try DatagramSocket(self.directory.path("socket"))
        let log = try self.log { $0.format = .json }
        log.logger().info("m")
        let line = try socket.receive()
        let start = try #require(line.firstIndex(of: "{"))
        let object = try JSONSerialization.jsonObject(with: Data(line[start...].utf8)) as? [String: String]
        #expect(object?["msg"] == "m")
    }

    @Test func findsTheSocketAgain() throws {
        let log = try self.log()
        log.logger().info("nobody is there")
        log.written()
        let first = try DatagramSocket(self.directory.path("socket"))
        self.clock.advance(.seconds(2))
        log.logger().info("one")
        #expect(try first.receive().hasSuffix("]: one"))
        #expect(try first.receive().contains("]: 1 lines are missing here cause="))
        first.close()
        let second = try DatagramSocket(self.directory.path("socket"))
        log.logger().info("two")
        #expect(try second.receive().hasSuffix("]: two"))
    }

    @Test func fullSocketIsWaitedFor() throws {
        let socket = try DatagramSocket(self.directory.path("socket"))
        let log = try self.log { $0.rateLimit = nil }
        // More than the kernel queues.
        for number in 0..<2000 { log.logger().info("line \(number)") }
        for number in 0..<2000 { #expect(try socket.receive().hasSuffix("]: line \(number)")) }
        log.written()
        #expect(log.droppedCount == 0)
    }

    @Test(arguments: ["", "a b", "a[1]", "a:", "é", String(repeating: "x", count: 33)])
    func unusableIdentifier(_ identifier: String) {
        #expect(throws: LogError.self) { try self.log { $0.syslog?.identifier = identifier } }
    }
}

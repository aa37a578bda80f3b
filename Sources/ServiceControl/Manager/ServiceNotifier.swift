//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Tells systemd, or who else speaks its protocol, how the service is (sd_notify(3)): nothing, unless it asked to be
/// told.
///
/// Nothing waits for it: if it does not read, the word is lost.
public struct ServiceNotifier: Sendable {
    private let address: [UInt8]?
    /// How often the service manager wants a sign of life: half of what it allows (sd_watchdog_enabled(3)). Nil if it
    /// does not.
    public let watchdogInterval: Duration?

    /// Takes what the service manager left in the environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`. To be
    /// called before other threads run.
    public static func inherited() -> ServiceNotifier {
        let socket = ProcessVariables.take("NOTIFY_SOCKET")
        let watchdog = ProcessVariables.take("WATCHDOG_USEC")
        let pid = ProcessVariables.take("WATCHDOG_PID")
        return ServiceNotifier(socket: socket, watchdog: watchdog, watchdogPID: pid, pid: getpid())
    }

    init(socket: String?, watchdog: String?, watchdogPID: String?, pid: Int32) {
        var address = socket.map { Array($0.utf8) }
        // A path, or an abstract name, which is written with @ and has a 0 there.
        if address?.first == UInt8(ascii: "@") { address?[0] = 0 }
        self.address = address?.first == 0 || address?.first == UInt8(ascii: "/") ? address : nil
        let isForUs = watchdogPID.map { Int32($0) == pid } ?? true
        let microseconds = watchdog.flatMap { Int64($0) } ?? 0
        // Less than a millisecond is nobody's wish.
        self.watchdogInterval =
            self.address != nil && isForUs && microseconds >= 2000 ? .microseconds(microseconds / 2) : nil
    }

    /// All listeners are up.
    public func ready() { self.send("READY=1\nSTATUS=Running") }

    /// A reload begins; ``ready()`` ends it.
    public func reloading() {
        self.send("RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)\nSTATUS=Reloading")
    }

    /// The end begins.
    public func stopping() { self.send("STOPPING=1\nSTATUS=Stopping") }

    /// A sign of life.
    public func alive() { self.send("WATCHDOG=1") }

    private static var monotonicMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    private func send(_ message: String) {
        guard let address, let socket = try? UnixSocket.make(Int32(SOCK_DGRAM.number)) else { return }
        defer { try? socket.close() }
        _ = fcntl(socket.rawValue, F_SETFL, O_NONBLOCK)
        let bytes = Array(message.utf8)
        _ = try? UnixSocket.withAddress(bytes: address) { address, length in
            sendto(socket.rawValue, bytes, bytes.count, 0, address, length)
        }
    }
}

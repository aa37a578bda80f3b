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

/// The system's log: a datagram a line, in the local form of RFC 3164, to its Unix socket.
///
/// Not by `syslog()`, which waits when the other side does not read. A socket that is not there, or goes away, is
/// looked for again, once a second.
final class SyslogTarget: LogTarget {
    let name = "syslog"
    var losses = Losses()
    private let settings: LogSettings.Syslog
    private let clock: LogClock
    private let tag: String
    private var descriptor: CInt?
    private var pending: [[UInt8]] = []
    private var pendingBytes = 0
    private var isBlocked = false
    private var nextConnect: Int64 = .min
    /// Why the last attempt to connect failed.
    private var connectError = Errno.noSuchFileOrDirectory

    init(_ settings: LogSettings.Syslog, clock: LogClock) {
        self.settings = settings
        self.clock = clock
        self.tag = "\(settings.identifier)[\(getpid())]"
    }

    var waiting: CInt? { self.isBlocked ? self.descriptor : nil }
    var isFull: Bool { self.isBlocked && self.pendingBytes >= Self.maximumPending }

    func add(_ line: LogLine, _ renderer: LineRenderer) {
        guard !self.isFull else { return self.losses.add(1, .resourceTemporarilyUnavailable) }
        var datagram: [UInt8] = []
        datagram.reserveCapacity(256)
        datagram += "<\(self.settings.facility.rawValue * 8 + line.level.severity)>".utf8
        renderer.appendSyslog(line, tag: self.tag, to: &datagram)
        self.pendingBytes += datagram.count
        self.pending.append(datagram)
        if self.pendingBytes >= 1 << 16, !self.isBlocked { self.flush() }
    }

    func flush() {
        self.isBlocked = false
        var sent = 0
        sending: for datagram in self.pending {
            switch self.send(datagram) {
            case nil:
                sent += 1
                self.losses.worked()
            case .wouldBlock, .resourceTemporarilyUnavailable:
                self.isBlocked = true
                break sending
            case let cause?:
                self.losses.add(1, cause)
                sent += 1
            }
        }
        self.pending.removeFirst(sent)
        self.pendingBytes = self.pending.reduce(0) { $0 + $1.count }
    }

    func reopen() {
        self.disconnect()
        self.nextConnect = .min
    }

    func close() -> Int {
        self.disconnect()
        return self.pending.count
    }

    private func disconnect() {
        if let descriptor { _ = systemClose(descriptor) }
        self.descriptor = nil
        self.isBlocked = false
    }

    /// - Returns: why it was not sent.
    private func send(_ datagram: [UInt8]) -> Errno? {
        // Once more on a new connection, if the other side has gone since the last line.
        for attempt in 1...2 {
            guard let descriptor = self.descriptor ?? self.connect() else { return self.connectError }
            #if canImport(Darwin)
                let flags = MSG_DONTWAIT
            #else
                let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
            #endif
            if datagram.withUnsafeBytes({ systemSend(descriptor, $0.baseAddress, $0.count, flags) }) >= 0 { return nil }
            let cause = Errno(rawValue: errno)
            switch cause {
            case .interrupted where attempt == 1: continue
            case .wouldBlock, .resourceTemporarilyUnavailable, .messageTooLong, .noBufferSpace: return cause
            default: self.disconnect()
            }
            if attempt == 2 { return cause }
        }
        return .ioError
    }

    private func connect() -> CInt? {
        let now = self.clock.monotonic()
        guard now >= self.nextConnect else { return nil }
        self.nextConnect = now + 1000
        #if canImport(Darwin)
            let descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
        #else
            let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        #endif
        guard descriptor >= 0 else {
            self.connectError = Errno(rawValue: errno)
            return nil
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // Settings with a longer path are refused; the rest of the path is zeros, which end it.
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: self.settings.path.utf8.prefix($0.count - 1))
        }
        // Sound: every socket address begins like a sockaddr, which is how the system wants them.
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                systemConnect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            self.connectError = Errno(rawValue: errno)
            _ = systemClose(descriptor)
            return nil
        }
        self.descriptor = descriptor
        // The next one, when this breaks, may follow at once.
        self.nextConnect = .min
        return descriptor
    }
}

// The target has methods of these names.
private func systemSend(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: CInt) -> Int {
    send(descriptor, bytes, count, flags)
}

private func systemConnect(_ descriptor: CInt, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> CInt {
    connect(descriptor, address, length)
}

private func systemClose(_ descriptor: CInt) -> CInt { close(descriptor) }

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import CProcess
public import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One process, by a descriptor where the system has such: then neither a signal nor the wait can hit another process
/// which got its number later.
public final class ProcessHandle: Sendable {
    /// Its number.
    public let pid: Int32
    private let descriptor: FileDescriptor?

    /// - Throws: `Errno.noSuchProcess` when there is none; other errors of the system.
    public init(pid: Int32) throws(Errno) {
        self.pid = pid
        let descriptor = nanomq_pidfd_open(pid)
        if descriptor >= 0 {
            self.descriptor = FileDescriptor(rawValue: descriptor)
            return
        }
        guard errno != ESRCH else { throw Errno.noSuchProcess }
        // An old kernel, another system, or a container whose filter of system calls does not know the call.
        self.descriptor = nil
        guard kill(pid, 0) == 0 || errno == EPERM else { throw Errno(rawValue: errno) }
    }

    deinit {
        try? self.descriptor?.close()
    }

    /// Sends a signal.
    ///
    /// - Throws: `Errno.noSuchProcess` when it has ended, `Errno.notPermitted`.
    public func send(signal: Int32) throws(Errno) {
        let result =
            if let descriptor { nanomq_pidfd_send_signal(descriptor.rawValue, signal) } else { kill(self.pid, signal) }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    /// Waits for the end of the process, whether or not its parent has asked for its exit code.
    ///
    /// - Returns: whether it has ended in this time.
    public func waitForEnd(timeout: Duration) -> Bool {
        let deadline = ContinuousClock.now + timeout
        while true {
            let left = (deadline - ContinuousClock.now).millisecondsRoundedUp
            if let descriptor {
                var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
                let count = poll(&request, 1, left)
                if count > 0 { return true }
                if count < 0 && errno != EINTR { return self.hasEnded }
            } else {
                if self.hasEnded { return true }
                // There is no event to wait for.
                poll(nil, 0, min(left, 20))
            }
            if left == 0 { return false }
        }
    }

    private var hasEnded: Bool {
        if kill(self.pid, 0) != 0 && errno == ESRCH { return true }
        #if os(Linux)
            return ProcessState(of: self.pid) == .zombie
        #else
            return false
        #endif
    }
}

extension Duration {
    /// For `poll`: 0 only when there is nothing left.
    var millisecondsRoundedUp: Int32 {
        guard self > .zero else { return 0 }
        return Int32(clamping: (self / .milliseconds(1)).rounded(.up).clampedToInt)
    }
}

extension Double {
    fileprivate var clampedToInt: Int { self < 1e9 ? Int(self) : 1_000_000_000 }
}

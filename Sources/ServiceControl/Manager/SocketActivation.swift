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

/// Listening sockets that the service manager opened before it started the process (sd_listen_fds(3)).
public enum SocketActivation {
    /// One of them.
    public struct Socket: Sendable, Equatable {
        /// The descriptor, now this process's to close.
        public let descriptor: Int32
        /// The name of its unit's `FileDescriptorName`; `unknown` without one.
        public let name: String
    }

    private static let first: Int32 = 3
    /// More is a mistake.
    private static let maximum: Int32 = 64

    /// Takes what is in the environment: `LISTEN_PID`, `LISTEN_FDS`, `LISTEN_FDNAMES`. To be called before other threads
    /// run, and before descriptors are opened.
    ///
    /// - Returns: those that are listening stream sockets.
    public static func inherited() -> [Socket] {
        let pid = ProcessVariables.take("LISTEN_PID")
        let count = ProcessVariables.take("LISTEN_FDS")
        let names = ProcessVariables.take("LISTEN_FDNAMES")
        let sockets = self.parse(pid: pid, count: count, names: names, own: getpid())
        for socket in sockets { _ = fcntl(socket.descriptor, F_SETFD, FD_CLOEXEC) }
        return sockets.filter { self.isListening($0.descriptor) }
    }

    /// - Parameter own: the number of this process. What is meant for another one was inherited by mistake.
    static func parse(pid: String?, count: String?, names: String?, own: Int32) -> [Socket] {
        guard let pid = pid.flatMap({ Int32($0) }), pid == own, let count = count.flatMap({ Int32($0) }),
            (1...self.maximum).contains(count)
        else { return [] }
        let names = (names ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return (0..<count).map { index in
            let name = names.dropFirst(Int(index)).first.map(String.init) ?? ""
            return Socket(descriptor: self.first + index, name: name.isEmpty ? "unknown" : name)
        }
    }

    private static func isListening(_ descriptor: Int32) -> Bool {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &value, &length) == 0,
            value == Int32(SOCK_STREAM.number)
        else { return false }
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0
    }
}

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

/// Who is at the other end of a Unix socket: `struct ucred` (unix(7)), whose declaration Swift does not see.
struct PeerCredentials {
    var pid: Int32 = 0
    var user: UInt32 = 0
    var group: UInt32 = 0

    /// This user or root may ask, and what they answer may be acted upon.
    var isTrusted: Bool { self.user == 0 || self.user == geteuid() }

    /// Root may ask anybody's broker: what it hears is shown, and no more.
    var mayBeAsked: Bool { self.isTrusted || geteuid() == 0 }

    #if os(Linux)
        static let option: CInt = SO_PEERCRED

        init() {}

        init(of file: FileDescriptor) throws(Errno) {
            var length = socklen_t(MemoryLayout<PeerCredentials>.size)
            guard getsockopt(file.rawValue, SOL_SOCKET, SO_PEERCRED, &self, &length) == 0 else {
                throw Errno(rawValue: errno)
            }
        }
    #else
        init(of file: FileDescriptor) throws(Errno) {
            guard getpeereid(file.rawValue, &self.user, &self.group) == 0 else { throw Errno(rawValue: errno) }
        }
    #endif
}

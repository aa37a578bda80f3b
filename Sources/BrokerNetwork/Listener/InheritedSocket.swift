//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A socket that whoever started the process has bound for it.
enum InheritedSocket {
    /// Looks whether a descriptor is one on which TCP connections can be accepted; NIO would end the process over
    /// one that is not open.
    static func check(_ descriptor: Int32) throws(ListenerError) {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = withUnsafeMutablePointer(to: &address) { pointer in
            // The system fills in one of the address types, of which `sockaddr` is the common head.
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) == 0 }
        }
        var type: Int32 = 0
        length = socklen_t(MemoryLayout<Int32>.size)
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        guard isKnown, getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0, type == stream,
            [AF_INET, AF_INET6].contains(Int32(address.ss_family))
        else { throw ListenerError("the inherited descriptor \(descriptor) is no TCP socket") }
    }
}

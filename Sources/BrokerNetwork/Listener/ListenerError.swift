//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a listener cannot be opened or changed: it names the listener or file and what is wrong, never key material.
public struct ListenerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// For people.
    public let description: String
    /// Whether somebody else listens there.
    package let isAddressInUse: Bool

    package init(_ description: String) {
        self.description = description
        self.isAddressInUse = false
    }

    /// - Parameter error: what the system said.
    package init(listening settings: ListenerSettings, _ error: any Error) {
        let cause: String
        var isAddressInUse = false
        switch error {
        case let error as ListenerError: cause = error.description
        case let error as IOError where error.errnoCode == EADDRINUSE:
            cause = "address already in use"
            isAddressInUse = true
        case let error as IOError where error.errnoCode == EADDRNOTAVAIL: cause = "no such address on this machine"
        case let error as IOError where error.errnoCode == EACCES: cause = "permission denied"
        case let error as IOError where error.errnoCode == EMFILE: cause = "too many open files"
        case let error as IOError: cause = "\(error)"
        case is SocketAddressError, is SocketAddressError.UnknownHost: cause = "unknown host"
        default: cause = "\(error)"
        }
        self.description = "cannot listen on \(settings.address) (\(settings.label)): \(cause)"
        self.isAddressInUse = isAddressInUse
    }
}

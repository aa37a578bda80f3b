//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if !TLS
    import BrokerCore
    import NIOCore

    /// Stands in for TLS in a build without it.
    package final class TLSContext: Sendable {
        /// - Throws: always.
        package init(_ settings: TLSSettings, for kind: ConnectionOrigin.Transport) throws(ListenerError) {
            throw ListenerError("this build is without TLS (package trait TLS)")
        }

        func isSame(as other: TLSContext) -> Bool { true }

        func secure(_ channel: any Channel, behind handshake: HandshakeHandler) throws {
            throw ChannelError.operationUnsupported
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore

/// What a proxy says at the beginning of a connection of the client that it stands for
/// (PROXY protocol 2.3, versions 1 and 2).
///
/// It does no I/O: bytes in, a header or a reason out. It never keeps more than a header may be long.
package struct ProxyHeader: Equatable {
    /// Where the client is; nil: the connection is the proxy's own (a health check), or it does not say.
    package var source: PeerAddress?

    /// What has been made of the bytes so far.
    package enum Reading: Equatable {
        /// More is needed. Nothing has been read.
        case incomplete
        /// Whole; the bytes behind it are left.
        case header(ProxyHeader)
        /// It is no header; `detail` says why.
        case malformed(String)
    }

    /// The longest header of version 2 that is accepted, TLVs included, in bytes.
    package static let maximumLength = 4096
    /// The longest header of version 1, with its line end.
    static let maximumLineLength = 107

    private static let lineStart: [UInt8] = Array("PROXY ".utf8)
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// Reads a header off the front of `bytes`.
    package static func read(_ bytes: inout ByteBuffer) -> Reading {
        let view = bytes.readableBytesView
        if self.agree(view, self.lineStart) {
            return view.count < self.lineStart.count ? .incomplete : self.readLine(&bytes)
        }
        if self.agree(view, self.signature) {
            return view.count < self.signature.count ? .incomplete : self.readBlock(&bytes)
        }
        return .malformed("no header")
    }

    /// Whether two sequences are the same as far as the shorter one goes.
    private static func agree(_ bytes: ByteBufferView, _ start: [UInt8]) -> Bool {
        zip(bytes, start).allSatisfy(==)
    }
}

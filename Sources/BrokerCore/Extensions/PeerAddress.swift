//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Where a client connects from.
///
/// Kept in two parts because an IPv4 address fits into a string without memory of its own.
public struct PeerAddress: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The IP address, the path of a Unix socket, or a name for what is no socket.
    public let host: String
    /// The port; 0 where there is none.
    public let port: UInt16

    /// Puts an address together.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// A name for what is no socket.
    public init(stringLiteral name: String) {
        self.init(host: name, port: 0)
    }

    /// As an operator writes it: `192.0.2.1:1883`, `[2001:db8::1]:1883`.
    public var description: String {
        guard self.port != 0 else { return self.host }
        return self.host.utf8.contains(UInt8(ascii: ":")) ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// An address at which the broker listens for MQTT over TCP.
public struct Listener: Sendable, Equatable {
    /// The port assigned to MQTT by IANA.
    public static let standardPort = 1883

    /// The listener which a broker has if its file speaks of none: 0.0.0.0:1883.
    public static let standard = Listener(name: "default", host: "0.0.0.0", port: standardPort)

    /// The name in the file; `default` for the one without a name.
    public var name: String

    /// The host name or address, an IPv6 address without its brackets.
    public var host: String

    /// The port, 0...65535; with 0 the system chooses one.
    public var port: Int

    /// Makes a listener from its parts.
    public init(name: String, host: String, port: Int) {
        self.name = name
        self.host = host
        self.port = port
    }

    /// Reads an address: `host:port`, `[IPv6]:port`, or `:port` or `port` alone for all IPv4 addresses.
    public init?(name: String, address: String) {
        let host: Substring
        let port: Substring
        if let colon = address.lastIndex(of: ":") {
            host = address[..<colon]
            port = address[address.index(after: colon)...]
        } else {
            host = ""
            port = address[...]
        }
        guard let port = Self.port(port), let host = Self.host(host) else { return nil }
        self.init(name: name, host: host, port: port)
    }

    private static func port(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard let port = Int(text), port <= 65_535 else { return nil }
        return port
    }

    private static func host(_ text: Substring) -> String? {
        if text.isEmpty { return standard.host }
        if text.hasPrefix("[") {
            guard text.hasSuffix("]") else { return nil }
            let address = text.dropFirst().dropLast()
            // Only the characters are looked at: the system knows the grammar, and the zones behind the percent sign.
            let isAddress =
                address.contains(":")
                && address.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ":.%".contains($0)) }
            return isAddress ? String(address) : nil
        }
        let isName = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }
        return isName ? String(text) : nil
    }
}

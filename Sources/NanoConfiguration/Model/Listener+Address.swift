//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Listener {
    /// Reads an address: `host:port`, `[IPv6]:port`, or `:port` or `port` alone for all IPv4 addresses; of a WebSocket
    /// listener with its path, `host:port/path`.
    public init?(kind: Kind = .tcp, name: String, address: String) {
        var authority = address[...]
        var path: String?
        if kind.isWebSocket, let slash = address.firstIndex(of: "/") {
            authority = address[..<slash]
            path = String(address[slash...])
        }
        let host: Substring
        let port: Substring
        if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        } else {
            host = ""
            port = authority
        }
        guard let port = Self.port(port), let host = Self.host(host), path.map(Self.isPath) ?? true else { return nil }
        self.init(kind: kind, name: name, host: host, port: port, path: path)
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

    /// Whether a text can be the path of an HTTP request, without query and fragment.
    private static func isPath(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    }
}

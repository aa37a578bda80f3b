//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore

extension ProxyHeader {
    /// Reads a line: `PROXY TCP4 192.0.2.1 192.0.2.2 51234 1883`.
    static func readLine(_ bytes: inout ByteBuffer) -> Reading {
        let start = bytes.readableBytesView.prefix(self.maximumLineLength)
        guard let end = start.firstIndex(of: UInt8(ascii: "\n")) else {
            return start.count < self.maximumLineLength ? .incomplete : .malformed("line is too long")
        }
        var line = start[..<end]
        guard line.popLast() == UInt8(ascii: "\r") else { return .malformed("line does not end with CR LF") }
        let length = line.count + 2
        guard let text = String(validating: line, as: UTF8.self) else { return .malformed("line is not ASCII") }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let reading = self.parse(words)
        if case .header = reading { bytes.moveReaderIndex(forwardBy: length) }
        return reading
    }

    private static func parse(_ words: [Substring]) -> Reading {
        // Whatever follows UNKNOWN is to be ignored.
        if words.count >= 2, words[1] == "UNKNOWN" { return .header(ProxyHeader(source: nil)) }
        guard words.count == 6 else { return .malformed("line has not six words") }
        let isVersion6: Bool
        switch words[1] {
        case "TCP4": isVersion6 = false
        case "TCP6": isVersion6 = true
        default: return .malformed("unknown protocol")
        }
        guard let source = self.address(words[2], isVersion6), self.address(words[3], isVersion6) != nil else {
            return .malformed("not an address")
        }
        guard let port = self.port(words[4]), self.port(words[5]) != nil else { return .malformed("not a port") }
        return .header(ProxyHeader(source: PeerAddress(host: source, port: port)))
    }

    /// - Returns: the address in its usual form.
    private static func address(_ word: Substring, _ isVersion6: Bool) -> String? {
        // The system would take other forms too, with a zone for instance.
        guard
            word.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".") })
                || isVersion6 && word.contains(":") && word.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }),
            let address = try? SocketAddress(ipAddress: String(word), port: 0)
        else { return nil }
        switch address {
        case .v4: return isVersion6 ? nil : address.ipAddress
        case .v6: return isVersion6 ? address.ipAddress : nil
        case .unixDomainSocket: return nil
        }
    }

    private static func port(_ word: Substring) -> UInt16? {
        guard (1...5).contains(word.utf8.count), word.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            word == "0" || !word.hasPrefix("0")
        else { return nil }
        return UInt16(word)
    }
}

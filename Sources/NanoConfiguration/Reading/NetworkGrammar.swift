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

/// The grammar of addresses and networks of the Internet Protocol.
enum NetworkGrammar {
    /// Whether a text is an address, or a network: an address with a number of bits behind a slash, RFC 4632 section 3.1.
    static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, let bits = addressBits(String(address)) else { return false }
        guard parts.count == 2 else { return true }
        let length = parts[1]
        guard (1...3).contains(length.utf8.count), length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return false
        }
        return Int(length).map { $0 <= bits } ?? false
    }

    /// 32 for an address of version 4, 128 for one of version 6.
    private static func addressBits(_ text: String) -> Int? {
        var version4 = in_addr()
        if inet_pton(AF_INET, text, &version4) == 1 { return 32 }
        var version6 = in6_addr()
        if inet_pton(AF_INET6, text, &version6) == 1 { return 128 }
        return nil
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// IP addresses with the same prefix: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
public struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    private let base: IPAddress
    /// Bits of 128.
    private let length: Int
    /// The range as it was written.
    public let description: String

    /// Reads an address, alone or with the length of its prefix. Bits behind the prefix do not matter. IPv4-mapped IPv6
    /// addresses count as IPv4 addresses.
    /// - Returns: nil if it is neither; names are not looked up
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        // Without the scope, which no address that is compared has.
        guard let first = parts.first, !first.utf8.contains(UInt8(ascii: "%")), let address = IPAddress(first)
        else { return nil }
        var length = 128
        if parts.count == 2 {
            let digits = parts[1]
            let isWrittenAsIPv4 = !first.utf8.contains(UInt8(ascii: ":"))
            guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let bits = Int(digits), bits <= (isWrittenAsIPv4 ? 32 : 128)
            else { return nil }
            length = isWrittenAsIPv4 ? bits + 96 : bits
        }
        self.base = address.prefix(length)
        self.length = length
        self.description = text
    }

    /// `::/0` and other wide IPv6 ranges do not take in the IPv4 addresses, which they hold only by our way of storing.
    func contains(_ address: IPAddress) -> Bool {
        guard self.length >= 96 || !address.isIPv4 else { return false }
        return address.prefix(self.length) == self.base
    }

    /// Whether they are the same addresses, however they were written.
    public static func == (left: Self, right: Self) -> Bool { left.base == right.base && left.length == right.length }

    /// Feeds what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.base)
        hasher.combine(self.length)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// An IP address as 128 bits. An IPv4 address is held as its IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2), so a
/// client is the same whether it reaches an IPv4 or a dual-stack socket.
struct IPAddress: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the numeric forms; a scope such as `%eth0` is left out. nil for anything else.
    init?(_ text: some StringProtocol) {
        let end = text.utf8.firstIndex(of: UInt8(ascii: "%")) ?? text.endIndex
        let text = String(text[..<end])
        // What follows a NUL would not be looked at.
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        if text.utf8.contains(UInt8(ascii: ":")) {
            var address = in6_addr()
            guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
            (self.high, self.low) = withUnsafeBytes(of: &address) { bytes in
                (Self.bigEndian(bytes.prefix(8)), Self.bigEndian(bytes.dropFirst(8)))
            }
        } else {
            var address = in_addr()
            guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
            self.high = 0
            self.low = 0xFFFF_0000_0000 | withUnsafeBytes(of: &address) { Self.bigEndian($0[...]) }
        }
    }

    private static func bigEndian(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    var isIPv4: Bool { self.high == 0 && self.low >> 32 == 0xFFFF }

    /// The address without the bits behind a prefix of 0 to 128 bits.
    func prefix(_ length: Int) -> IPAddress {
        IPAddress(
            high: self.high & Self.mask(min(length, 64)),
            low: self.low & Self.mask(max(length - 64, 0))
        )
    }

    /// The leading bits of 64; Swift's smart shift gives 0 for 64 and more.
    private static func mask(_ length: Int) -> UInt64 { ~(UInt64.max >> length) }
}

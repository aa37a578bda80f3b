//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Testing

@testable import AccessControl

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false),
        ("192.0.2.0/24", "192.0.2.255", true),
        ("192.0.2.0/24", "192.0.3.0", false),
        // Bits behind the prefix do not matter.
        ("192.0.2.77/24", "192.0.2.1", true),
        ("192.0.2.128/25", "192.0.2.127", false),
        ("192.0.2.128/25", "192.0.2.200", true),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("192.0.2.7/32", "192.0.2.6", false),
        ("192.0.2.7", "::ffff:192.0.2.7", true),
        ("::ffff:192.0.2.7", "192.0.2.7", true),
        ("::ffff:192.0.2.0/120", "192.0.2.9", true),
        ("::/0", "2001:db8::1", true),
        ("::/0", "192.0.2.7", false),
        ("::1", "::1", true),
        ("::1", "0:0:0:0:0:0:0:1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false),
        ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", true),
        ("2001:db8::/65", "2001:db8::8000:0:0:0", false),
        ("fe80::/10", "fe80::1%eth0", true),
    ])
    func contains(_ range: String, _ address: String, _ expected: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(try #require(IPAddress(address))) == expected)
    }

    @Test(arguments: [
        "", "/", "192.0.2", "192.0.2.256", "192.0.2.1/", "192.0.2.1/33", "192.0.2.1/-1", "192.0.2.1/+8",
        "192.0.2.1/8/8",
        "::1/129", "::g", "localhost", "192.0.2.1/0008", "fe80::1%eth0", "#", "192.0.2.1\u{0}x", " 192.0.2.1",
    ])
    func refuses(_ text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test func writtenDifferentlyIsTheSame() {
        #expect(AddressRange("192.0.2.1/24") == AddressRange("::ffff:192.0.2.200/120"))
        #expect(AddressRange("192.0.2.1/24")?.description == "192.0.2.1/24")
    }
}

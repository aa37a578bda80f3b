//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import Testing

@testable import AccessControl

@Suite struct ClientAccessCacheTests {
    private let rules = AccessRuleSet([AccessRule(.allow)])

    @Test func findsOnceAndForgets() {
        let cache = ClientAccessCache()
        var found = 0
        func look(_ client: ClientInfo) {
            _ = cache.access(of: client) {
                found += 1
                return self.rules.access(of: client)
            }
        }
        for _ in 0..<3 { look(.test("a", user: "u")) }
        #expect(found == 1)
        // Another user name, address or spelling is not.
        look(.test("a", user: "v"))
        look(.test("a", user: "v", host: "192.0.2.2"))
        look(.test("\u{E9}"))
        look(.test("e\u{301}"))
        #expect(found == 5)
        #expect(cache.count == 3)
        cache.forget(.test("\u{E9}"))
        #expect(cache.count == 2)
        look(.test("\u{E9}"))
        #expect(found == 6)
    }

    @Test func isBounded() {
        let cache = ClientAccessCache(capacity: 64, parts: 4)
        for number in 0..<10_000 {
            let client = ClientInfo.test("c\(number)", port: UInt16(number))
            let names = cache.access(of: client) { self.rules.access(of: client) }.names
            #expect(names.clientIdentifier == .usable(Array("c\(number)".utf8)))
        }
        #expect(cache.count <= 64)
    }
}

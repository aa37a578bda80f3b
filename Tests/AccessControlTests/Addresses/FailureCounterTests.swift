//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import Synchronization
import Testing

@testable import AccessControl

@Suite struct FailureCounterTests {
    private final class Clock: Sendable {
        let now = Mutex<Int64>(0)
        func set(seconds: Int64) { self.now.withLock { $0 = seconds * 1000 } }
    }

    private let clock = Clock()

    private func counter() -> FailureCounter {
        FailureCounter { [clock] in MonotonicTime(milliseconds: clock.now.withLock { $0 }) }
    }

    private func limit(addresses: Int = 100) -> FailureLimit {
        var limit = FailureLimit()
        limit.failures = 3
        limit.window = .seconds(10)
        limit.block = .seconds(20)
        limit.maximumBlock = .seconds(50)
        limit.maximumAddresses = addresses
        return limit
    }

    private func key(_ host: String) throws -> IPAddress {
        try #require(FailureCounter.key(PeerAddress(host: host, port: 1)))
    }

    @Test func blocksTwiceAsLongEachTime() throws {
        let counter = self.counter()
        let key = try self.key("192.0.2.1")
        let limit = self.limit()
        var blocks: [Duration] = []
        var now: Int64 = 0
        for _ in 0..<4 {
            #expect(!counter.isBlocked(key))
            #expect(counter.noteFailure(key, limit) == nil)
            #expect(counter.noteFailure(key, limit) == nil)
            let block = try #require(counter.noteFailure(key, limit))
            blocks.append(block)
            now += block.components.seconds
            self.clock.now.withLock { $0 = now * 1000 - 1 }
            #expect(counter.isBlocked(key))
            #expect(counter.noteFailure(key, limit) == nil)
            self.clock.set(seconds: now)
        }
        #expect(blocks == [.seconds(20), .seconds(40), .seconds(50), .seconds(50)])
        // After as long without a block the first one counts as the first again.
        self.clock.set(seconds: now + 50)
        for _ in 0..<2 { #expect(counter.noteFailure(key, limit) == nil) }
        #expect(counter.noteFailure(key, limit) == .seconds(20))
    }

    @Test func failuresOutsideTheWindowDoNotCount() throws {
        let counter = self.counter()
        let key = try self.key("192.0.2.1")
        for second in stride(from: Int64(0), to: 200, by: 6) {
            self.clock.set(seconds: second)
            #expect(counter.noteFailure(key, self.limit()) == nil)
        }
    }

    @Test func addressesAreKeptApart() throws {
        let counter = self.counter()
        for _ in 0..<3 { _ = counter.noteFailure(try self.key("192.0.2.1"), self.limit()) }
        #expect(counter.isBlocked(try self.key("192.0.2.1")))
        #expect(counter.isBlocked(try self.key("::ffff:192.0.2.1")))
        #expect(!counter.isBlocked(try self.key("192.0.2.2")))
        for host in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:0:3"] {
            _ = counter.noteFailure(try self.key(host), self.limit())
        }
        #expect(counter.isBlocked(try self.key("2001:db8::4")))
        #expect(!counter.isBlocked(try self.key("2001:db8:0:1::4")))
        #expect(FailureCounter.key("embedded") == nil)
    }

    @Test func strangersCannotMakeItGrow() throws {
        let counter = self.counter()
        let limit = self.limit(addresses: 50)
        for _ in 0..<3 { _ = counter.noteFailure(try self.key("203.0.113.1"), limit) }
        for number in 0..<5_000 {
            _ = counter.noteFailure(try self.key("10.0.\(number / 250).\(number % 250)"), limit)
            #expect(counter.count <= 50)
        }
        // Nor throw out one that is blocked with a few others.
        let other = self.counter()
        for _ in 0..<3 { _ = other.noteFailure(try self.key("203.0.113.1"), limit) }
        for number in 0..<200 { _ = other.noteFailure(try self.key("10.0.0.\(number)"), limit) }
        #expect(other.isBlocked(try self.key("203.0.113.1")))
    }

    @Test func whatIsOverIsForgotten() throws {
        let counter = self.counter()
        for number in 0..<40 { _ = counter.noteFailure(try self.key("10.0.0.\(number)"), self.limit()) }
        self.clock.set(seconds: 1_000)
        for number in 0..<40 { _ = counter.noteFailure(try self.key("10.0.1.\(number)"), self.limit()) }
        #expect(counter.count == 40)
    }

    @Test func extremesDoNotTrap() throws {
        let counter = self.counter()
        var limit = self.limit(addresses: 0)
        limit.failures = 0
        limit.block = .seconds(Int64.max)
        limit.maximumBlock = .seconds(Int64.max)
        limit.window = .seconds(-5)
        let key = try self.key("192.0.2.1")
        #expect(counter.noteFailure(key, limit) != nil)
        #expect(counter.isBlocked(key))
    }
}

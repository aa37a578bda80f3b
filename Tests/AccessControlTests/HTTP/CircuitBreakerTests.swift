//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    @testable import AccessControl
    import NIOCore
    import Testing

    @Suite struct CircuitBreakerTests {
        let start = NIODeadline.uptimeNanoseconds(5_000_000_000)

        @Test func opensAfterFailuresInARow() throws {
            let breaker = CircuitBreaker(failures: 3, pause: .seconds(10))
            for failed in [true, true, false, true, true] {
                let permit = try #require(breaker.enter(at: self.start))
                #expect(breaker.leave(permit, hasFailed: failed, at: self.start) == nil)
            }
            let permit = try #require(breaker.enter(at: self.start))
            #expect(!breaker.isOpen(at: self.start))
            #expect(breaker.leave(permit, hasFailed: true, at: self.start) == .opened)
            #expect(breaker.isOpen(at: self.start + .seconds(9)))
            #expect(breaker.enter(at: self.start + .seconds(9)) == nil)
            #expect(!breaker.isOpen(at: self.start + .seconds(10)))
        }

        @Test func probeThatFailsOpensItAgain() throws {
            let breaker = CircuitBreaker(failures: 1, pause: .seconds(10))
            let first = try #require(breaker.enter(at: self.start))
            let straggler = try #require(breaker.enter(at: self.start))
            #expect(breaker.leave(first, hasFailed: true, at: self.start) == .opened)
            // A request that was sent before says nothing about now.
            #expect(breaker.leave(straggler, hasFailed: false, at: self.start) == nil)
            #expect(breaker.isOpen(at: self.start))
            let later = self.start + .seconds(10)
            let probe = try #require(breaker.enter(at: later))
            #expect(breaker.enter(at: later) == nil)
            #expect(breaker.leave(probe, hasFailed: true, at: later) == nil)
            #expect(breaker.enter(at: later + .seconds(9)) == nil)
            let second = try #require(breaker.enter(at: later + .seconds(10)))
            #expect(breaker.leave(second, hasFailed: false, at: later + .seconds(11)) == .closed)
            #expect(breaker.enter(at: later + .seconds(11)) != nil)
        }

        @Test func zeroFailuresNeverOpen() throws {
            let breaker = CircuitBreaker(failures: 0, pause: .seconds(10))
            for _ in 0..<100 {
                let permit = try #require(breaker.enter(at: self.start))
                #expect(breaker.leave(permit, hasFailed: true, at: self.start) == nil)
            }
        }

        @Test(.timeLimit(.minutes(1))) func gateRefusesWhoWaitsTooLongThoughNobodyLeaves() async {
            let gate = RequestGate(limit: 1, maximumWaiting: 10, now: { .now() })
            #expect(await gate.enter(before: .now() + .seconds(60)))
            #expect(await !gate.enter(before: .now() + .milliseconds(20)))
            // And again: the timer begins anew.
            #expect(await !gate.enter(before: .now() + .milliseconds(20)))
            gate.leave()
            #expect(await gate.enter(before: .now() + .seconds(60)))
            gate.close()
        }

        @Test func gateRefusesWhoWaitedTooLong() async {
            let clock = TestClock()
            let gate = RequestGate(limit: 1, maximumWaiting: 10, now: { clock.now })
            #expect(await gate.enter(before: clock.now + .seconds(5)))
            let deadline = clock.now + .seconds(5)
            async let late = gate.enter(before: deadline)
            while gate.waiting == 0 { await Task.yield() }
            clock.advance(.seconds(5))
            gate.leave()
            #expect(await !late)
            // Its place is free again.
            #expect(await gate.enter(before: clock.now + .seconds(5)))
            gate.close()
            gate.leave()
            #expect(await !gate.enter(before: clock.now + .seconds(5)))
        }
    }
#endif

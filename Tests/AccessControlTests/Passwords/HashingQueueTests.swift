//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization
import Testing

@testable import AccessControl

@Suite struct HashingQueueTests {
    /// Jobs that go on when the test says so.
    private final class Yard: Sendable {
        private struct State {
            var running = 0
            var most = 0
            var done = 0
            var parked: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())
        private let arrivals: AsyncStream<Void>
        private let arrived: AsyncStream<Void>.Continuation

        init() { (self.arrivals, self.arrived) = AsyncStream.makeStream() }

        func run(_ job: @Sendable () -> Bool) async -> Bool? {
            await withCheckedContinuation { continuation in
                self.state.withLock { state in
                    state.running += 1
                    state.most = max(state.most, state.running)
                    state.parked.append(continuation)
                }
                self.arrived.yield()
            }
            self.state.withLock { state in
                state.running -= 1
                state.done += 1
            }
            return job()
        }

        /// Waits until so many jobs have begun, one more each time it is called.
        func waitForArrivals(_ count: Int) async {
            var iterator = self.arrivals.makeAsyncIterator()
            for _ in 0..<count { await iterator.next() }
        }

        func releaseOne() { self.state.withLock { $0.parked.isEmpty ? nil : $0.parked.removeFirst() }?.resume() }

        var most: Int { self.state.withLock { $0.most } }
        var done: Int { self.state.withLock { $0.done } }
    }

    @Test func neverRunsMoreThanItsPlacesAndRefusesBeyondItsQueue() async {
        let yard = Yard()
        let queue = HashingQueue(concurrency: 2, capacity: 3) { await yard.run($0) }
        let results = await withTaskGroup(of: Bool?.self) { group in
            for _ in 0..<20 { group.addTask { await queue.perform { true } } }
            await yard.waitForArrivals(2)
            var results: [Bool?] = []
            // 15 of 20 find no place; the other five go on one by one.
            for await result in group {
                results.append(result)
                if results.count == 15 { break }
            }
            #expect(results.allSatisfy { $0 == nil })
            for _ in 0..<3 {
                yard.releaseOne()
                await yard.waitForArrivals(1)
            }
            for _ in 0..<2 { yard.releaseOne() }
            for await result in group { results.append(result) }
            return results
        }
        #expect(results.filter { $0 == true }.count == 5)
        #expect(yard.most == 2)
        #expect(yard.done == 5)
        // And its places are free again.
        async let again = queue.perform { false }
        await yard.waitForArrivals(1)
        yard.releaseOne()
        #expect(await again == false)
    }

    @Test func worksOnRealThreads() async {
        let queue = HashingQueue(concurrency: 2, capacity: 50)
        let hash = PasswordHash.make(Array("x".utf8), iterations: 10)
        await withTaskGroup(of: Bool?.self) { group in
            for _ in 0..<50 { group.addTask { await queue.perform { hash.verify(Array("x".utf8)) } } }
            for await result in group { #expect(result == true) }
        }
    }
}

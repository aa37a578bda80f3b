//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule
import NIOPosix
import Synchronization

/// Where passwords are hashed: on threads of their own, few at a time, with a queue that has an end.
///
/// Hashing is slow on purpose, and strangers ask for it. Without these limits a burst of CONNECT packets would take all
/// cores from the event loops, and memory too.
final class HashingQueue: Sendable {
    /// Runs a job somewhere that is no event loop; nil if there is no such place any more.
    typealias Runner = @Sendable (_ job: @escaping @Sendable () -> Bool) async -> Bool?

    private struct State {
        var running = 0
        var waiting: Deque<CheckedContinuation<Bool, Never>> = []
    }

    private let state = Mutex(State())
    private let concurrency: Int
    private let capacity: Int
    private let run: Runner

    /// - Parameters:
    ///   - concurrency: jobs at a time
    ///   - capacity: jobs that may wait
    init(concurrency: Int, capacity: Int, run: @escaping Runner = HashingQueue.onThreadPool) {
        self.concurrency = max(concurrency, 1)
        self.capacity = max(capacity, 0)
        self.run = run
    }

    /// The threads that NIO keeps for work which blocks.
    static let onThreadPool: Runner = { job in
        try? await NIOThreadPool.singleton.runIfActive(job)
    }

    /// What a job says; nil if too many are waiting already.
    func perform(_ job: @escaping @Sendable () -> Bool) async -> Bool? {
        guard await self.enter() else { return nil }
        let result = await self.run(job)
        self.leave()
        return result
    }

    private func enter() async -> Bool {
        await withCheckedContinuation { continuation in
            let isIn: Bool? = self.state.withLock { state in
                if state.running < self.concurrency {
                    state.running += 1
                    return true
                }
                guard state.waiting.count < self.capacity else { return false }
                state.waiting.append(continuation)
                return nil
            }
            if let isIn { continuation.resume(returning: isIn) }
        }
    }

    /// Hands its place to the one that has waited longest.
    private func leave() {
        let next = self.state.withLock { state in
            let next = state.waiting.popFirst()
            if next == nil { state.running -= 1 }
            return next
        }
        next?.resume(returning: true)
    }
}

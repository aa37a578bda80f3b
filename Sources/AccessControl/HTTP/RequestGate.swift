//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    import DequeModule
    import NIOCore
    import Synchronization

    /// Lets so many requests through at once; the next wait in a queue with an end.
    ///
    /// All requests have the same time limit and are let through in their order, so those under way end before the
    /// limit of any that waits: one that waits needs no timer of its own.
    final class RequestGate: Sendable {
        private struct Waiter: Sendable {
            let deadline: NIODeadline
            let continuation: CheckedContinuation<Bool, Never>
        }

        private struct State {
            var running = 0
            var waiters: Deque<Waiter> = []
            var isClosed = false
        }

        private let limit: Int
        private let maximumWaiting: Int
        private let now: @Sendable () -> NIODeadline
        private let state = Mutex(State())

        init(limit: Int, maximumWaiting: Int, now: @escaping @Sendable () -> NIODeadline) {
            self.limit = limit
            self.maximumWaiting = maximumWaiting
            self.now = now
        }

        /// Waits for its turn.
        /// - Returns: whether it came before the deadline; if so, ``leave()`` has to be called
        func enter(before deadline: NIODeadline) async -> Bool {
            await withCheckedContinuation { continuation in
                let isLetIn: Bool? = self.state.withLock { state in
                    guard !state.isClosed else { return false }
                    if state.running < self.limit {
                        state.running += 1
                        return true
                    }
                    guard state.waiters.count < self.maximumWaiting else { return false }
                    state.waiters.append(Waiter(deadline: deadline, continuation: continuation))
                    return nil
                }
                if let isLetIn { continuation.resume(returning: isLetIn) }
            }
        }

        /// A request has ended.
        func leave() {
            let now = self.now()
            let (late, next) = self.state.withLock { state -> ([Waiter], Waiter?) in
                var late: [Waiter] = []
                while let waiter = state.waiters.popFirst() {
                    if waiter.deadline > now { return (late, waiter) }
                    late.append(waiter)
                }
                state.running -= 1
                return (late, nil)
            }
            for waiter in late { waiter.continuation.resume(returning: false) }
            next?.continuation.resume(returning: true)
        }

        /// How many wait.
        var waiting: Int { self.state.withLock { $0.waiters.count } }

        /// Sends all away that wait, and everybody who comes.
        func close() {
            let waiters = self.state.withLock { state in
                state.isClosed = true
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.continuation.resume(returning: false) }
        }
    }
#endif

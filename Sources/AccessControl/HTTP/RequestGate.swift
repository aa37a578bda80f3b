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
    /// All requests have the same time limit and are let through in their order, so one timer, for the first that
    /// waits, does for all.
    final class RequestGate: Sendable {
        private struct Waiter: Sendable {
            let deadline: NIODeadline
            let continuation: CheckedContinuation<Bool, Never>
        }

        private struct State {
            var running = 0
            var waiters: Deque<Waiter> = []
            var isClosed = false
            /// Sends those away whose turn has not come in time; nil: nobody has waited since it ended.
            var watch: Task<Void, Never>?
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
                    if state.watch == nil { state.watch = Task { await self.watch() } }
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

        /// Refuses everybody who waits as soon as its deadline has passed, until nobody waits.
        private func watch() async {
            while let time = self.timeToDeadline() {
                // It ends early when the gate is closed.
                try? await Task.sleep(for: .nanoseconds(time.nanoseconds))
                let now = self.now()
                let late = self.state.withLock { state -> [Waiter] in
                    var late: [Waiter] = []
                    while let waiter = state.waiters.first, waiter.deadline <= now {
                        late.append(waiter)
                        state.waiters.removeFirst()
                    }
                    return late
                }
                for waiter in late { waiter.continuation.resume(returning: false) }
            }
        }

        /// The time to the deadline of the first that waits; nil: nobody waits, and so nobody watches either.
        private func timeToDeadline() -> TimeAmount? {
            let now = self.now()
            return self.state.withLock { state in
                guard let first = state.waiters.first else {
                    state.watch = nil
                    return nil
                }
                return max(first.deadline - now, .zero)
            }
        }

        /// How many wait.
        var waiting: Int { self.state.withLock { $0.waiters.count } }

        /// Sends all away that wait, and everybody who comes.
        func close() {
            let waiters = self.state.withLock { state in
                state.isClosed = true
                state.watch?.cancel()
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.continuation.resume(returning: false) }
        }
    }
#endif

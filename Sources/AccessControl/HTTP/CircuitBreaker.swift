//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    import NIOCore
    import Synchronization

    /// Leaves a server alone that has failed several times in a row, so that clients are refused at once instead of
    /// waiting for it, and so that it is not flooded when it comes back.
    ///
    /// Closed: everybody may ask. Open: nobody may, until the pause has passed. Then one request tries; its outcome
    /// closes it or opens it again.
    final class CircuitBreaker: Sendable {
        /// A leave to ask, to be given back with the outcome.
        struct Permit: Sendable {
            fileprivate let phase: UInt64
        }

        /// What an outcome has changed.
        enum Change: Sendable, Hashable {
            case opened
            case closed
        }

        private enum State {
            case closed(failures: Int)
            case open(until: NIODeadline)
            case probing
        }

        private struct Phase {
            var state = State.closed(failures: 0)
            /// Counts the changes of state: the outcome of a request that was sent before the last one says nothing
            /// new.
            var number: UInt64 = 0

            mutating func change(to state: State) {
                self.state = state
                self.number &+= 1
            }
        }

        let failures: Int
        private let pause: TimeAmount
        private let phase = Mutex(Phase())

        /// - Parameters:
        ///   - failures: in a row, that open it; 0: it never opens.
        ///   - pause: how long it stays open.
        init(failures: Int, pause: TimeAmount) {
            self.failures = failures
            self.pause = pause
        }

        /// Whether asking now would be in vain.
        func isOpen(at now: NIODeadline) -> Bool {
            self.phase.withLock { phase in
                switch phase.state {
                case .closed: false
                case .open(let end): now < end
                case .probing: true
                }
            }
        }

        /// Leave to ask; nil: not now. Each leave has to be given back.
        func enter(at now: NIODeadline) -> Permit? {
            self.phase.withLock { phase in
                switch phase.state {
                case .closed: break
                case .open(let end):
                    guard now >= end else { return nil }
                    phase.change(to: .probing)
                case .probing: return nil
                }
                return Permit(phase: phase.number)
            }
        }

        /// The outcome of a request.
        func leave(_ permit: Permit, hasFailed: Bool, at now: NIODeadline) -> Change? {
            guard self.failures > 0 else { return nil }
            return self.phase.withLock { phase in
                guard permit.phase == phase.number else { return nil }
                switch (phase.state, hasFailed) {
                case (.closed(let failures), true) where failures + 1 < self.failures:
                    phase.state = .closed(failures: failures + 1)
                    return nil
                case (.closed, false):
                    phase.state = .closed(failures: 0)
                    return nil
                case (.closed, true):
                    phase.change(to: .open(until: now + self.pause))
                    return .opened
                case (.probing, true):
                    // It has been open all the time: nothing new for the log.
                    phase.change(to: .open(until: now + self.pause))
                    return nil
                case (.probing, false):
                    phase.change(to: .closed(failures: 0))
                    return .closed
                case (.open, _): return nil
                }
            }
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization

/// A number that rises, and those who wait for it to have risen.
final class Progress: Sendable {
    private struct State {
        var count = 0
        var isOver = false
        var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var count: Int { self.state.withLock { $0.count } }
    var isOver: Bool { self.state.withLock { $0.isOver } }

    /// - Returns: the number it has risen to.
    @discardableResult
    func advance() -> Int {
        let (count, due) = self.state.withLock { state in
            state.count += 1
            let count = state.count
            let due = state.waiting.filter { $0.count <= count }
            state.waiting.removeAll { $0.count <= count }
            return (count, due)
        }
        for entry in due { entry.continuation.resume() }
        return count
    }

    /// It rises no further: nobody waits any more.
    func finish() {
        let due = self.state.withLock { state in
            state.isOver = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for entry in due { entry.continuation.resume() }
    }

    /// Returns once it has risen by `steps`, or is over.
    func wait(steps: Int) async {
        await self.wait(untilReached: self.count + steps)
    }

    /// Returns once it is at `count`, or is over.
    func wait(untilReached count: Int) async {
        await withCheckedContinuation { continuation in
            let isDue = self.state.withLock { state in
                guard count > state.count, !state.isOver else { return true }
                state.waiting.append((count, continuation))
                return false
            }
            if isDue { continuation.resume() }
        }
    }
}

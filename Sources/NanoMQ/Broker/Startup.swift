//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization

/// Lets any number of tasks wait until something has started or failed to.
final class Startup: Sendable {
    private enum State {
        case pending([CheckedContinuation<Void, any Error>])
        case ended(Result<Void, any Error>)
    }

    private let state = Mutex(State.pending([]))

    func wait() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let result: Result<Void, any Error>? = self.state.withLock { state in
                switch state {
                case .pending(let waiting):
                    state = .pending(waiting + [continuation])
                    return nil
                case .ended(let result): return result
                }
            }
            if let result { continuation.resume(with: result) }
        }
    }

    func succeed() { self.end(.success(())) }

    func fail(_ error: any Error) { self.end(.failure(error)) }

    private func end(_ result: Result<Void, any Error>) {
        let waiting = self.state.withLock { state -> [CheckedContinuation<Void, any Error>] in
            guard case .pending(let waiting) = state else { return [] }
            state = .ended(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(with: result) }
    }
}

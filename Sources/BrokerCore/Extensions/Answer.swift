//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// An extension's answer: known now, or after some work that may take its time.
///
/// While an answer is awaited, nothing else of that client is read, so its packets keep their order; the event loop
/// serves everybody else meanwhile.
public enum Answer<Value: Sendable>: Sendable {
    /// The answer.
    case now(Value)
    /// Work that yields the answer. It runs off the event loop.
    case later(@Sendable () async -> Value)
}

extension Answer {
    func map<Other: Sendable>(_ transform: @escaping @Sendable (Value) -> Other) -> Answer<Other> {
        self.flatMap { .now(transform($0)) }
    }

    func flatMap<Other: Sendable>(_ transform: @escaping @Sendable (Value) -> Answer<Other>) -> Answer<Other> {
        switch self {
        case .now(let value): transform(value)
        case .later(let work):
            .later {
                switch transform(await work()) {
                case .now(let other): other
                case .later(let more): await more()
                }
            }
        }
    }
}

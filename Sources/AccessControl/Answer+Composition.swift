//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

internal import BrokerCore

extension Answer {
    /// Goes on with the answer: at once if it is known, otherwise when it is.
    func then<Other: Sendable>(_ next: @escaping @Sendable (Value) -> Answer<Other>) -> Answer<Other> {
        switch self {
        case .now(let value): next(value)
        case .later(let work): .later { await next(await work()).value() }
        }
    }

    /// The answer, waited for.
    func value() async -> Value {
        switch self {
        case .now(let value): value
        case .later(let work): await work()
        }
    }

    /// Asks one after the other until one has an opinion; `none` if nobody has.
    static func firstOpinion<Way: Sendable>(
        of ways: ArraySlice<Way>,
        else none: Value,
        ask: @escaping @Sendable (Way) -> Answer<Value>,
        isOpinion: @escaping @Sendable (Value) -> Bool
    ) -> Answer<Value> {
        for index in ways.indices {
            switch ask(ways[index]) {
            case .now(let value):
                if isOpinion(value) { return .now(value) }
            case .later(let work):
                let rest = ways[(index + 1)...]
                return .later {
                    let value = await work()
                    if isOpinion(value) { return value }
                    return await Self.firstOpinion(of: rest, else: none, ask: ask, isOpinion: isOpinion).value()
                }
            }
        }
        return .now(none)
    }
}

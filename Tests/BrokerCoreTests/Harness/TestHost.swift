//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import TestSupport

/// The time of a test.
final class TestClock {
    var now = MonotonicTime(milliseconds: 1_000_000)
}

/// The event loop of one shard, which does everything only when it is told to.
final class TestHost: ShardHost {
    let index: Int
    private unowned let broker: TestBroker
    /// Whether the shard has asked for the end of its turn.
    var isTurnEnding = false
    /// Whether the shard has more to do after what comes next.
    var isContinuing = false
    private(set) var events: [BrokerEvent] = []
    private var work: [() async -> Void] = []

    init(index: Int, broker: TestBroker) {
        self.index = index
        self.broker = broker
    }

    var now: MonotonicTime { self.broker.clock.now }

    func endTurnSoon() { self.isTurnEnding = true }

    func continueSoon() { self.isContinuing = true }

    func post(_ messages: [ShardMessage], to shard: Int) {
        self.broker.post(messages, from: self.index, to: shard)
    }

    func perform<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value,
        then completion: @escaping (Value) -> Void
    ) {
        self.work.append { completion(await work()) }
    }

    func log(_ event: BrokerEvent) { self.events.append(event) }

    /// Pieces of work that wait to be run.
    var workCount: Int { self.work.count }

    /// Runs one piece of the work that waits, whichever the generator picks.
    func runOneWork(using generator: inout SeededGenerator) async {
        guard !self.work.isEmpty else { return }
        await self.work.remove(at: Int.random(in: self.work.indices, using: &generator))()
    }

    /// Runs the work that waits now, oldest first.
    func runWork() async {
        let due = self.work
        self.work = []
        for piece in due { await piece() }
    }
}

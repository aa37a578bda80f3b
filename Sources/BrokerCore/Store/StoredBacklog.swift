//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What waits for a session in the store and not in memory.
///
/// A session has one while it has such messages. Whatever comes meanwhile goes there too, behind them.
final class StoredBacklog {
    /// Messages in the store only.
    var count: Int
    /// Bytes of these messages.
    var byteCount: Int
    /// Whether those in flight are in the store only, since the broker has just started. Until they are here nothing
    /// can be sent: their packet identifiers are not known.
    var lacksInflight: Bool
    /// Whether those in flight have been sent to another user than the one who has the session now, so that the rules
    /// of access have to be asked about them.
    var isFromAnotherUser = false
    /// Messages, the oldest, that have to give way for others which have come, once they are read.
    var owedCount = 0
    /// Bytes that have to be made free in the same way.
    var owedBytes = 0
    /// Whether the next ones are being read.
    var isLoading = false
    /// What has come since then.
    private(set) var arrivals: [QueuedMessage] = []
    /// Bytes of these messages.
    private(set) var arrivalBytes = 0
    /// By shard, the highest count of the deliveries here that it has drawn the numbers of.
    ///
    /// Those of one shard come to a session in order, wherever the session lives: what the store has beyond this is
    /// still on its way.
    private(set) var known: [Int64]

    /// A backlog to be filled.
    init(shardCount: Int) {
        self.count = 0
        self.byteCount = 0
        self.lacksInflight = false
        self.known = Array(repeating: 0, count: shardCount)
    }

    /// What a store has kept, whose numbers end at `lastCount`.
    init(restored: RestoredSession, shardCount: Int, lastCount: Int64) {
        self.count = restored.messageCount
        self.byteCount = restored.byteCount
        self.lacksInflight = true
        self.known = Array(repeating: lastCount, count: shardCount)
    }

    /// A further message is left to the store.
    func add(_ queued: QueuedMessage) {
        self.count += 1
        self.byteCount += queued.message.byteCount
        let number = queued.terms.number
        guard number.shard < self.known.count else { return }
        self.known[number.shard] = max(self.known[number.shard], number.count)
    }

    /// A message has been read.
    func remove(_ message: Message) {
        self.count -= 1
        self.byteCount -= message.byteCount
    }

    /// What is being read will not arrive: it stays in the store, with what has come since.
    func abandonLoading() {
        self.isLoading = false
        for arrival in self.takeArrivals() { self.add(arrival) }
    }

    /// A message has come while the next ones are being read.
    func addArrival(_ queued: QueuedMessage) {
        self.arrivals.append(queued)
        self.arrivalBytes += queued.message.byteCount
    }

    func takeArrivals() -> [QueuedMessage] {
        defer {
            self.arrivals = []
            self.arrivalBytes = 0
        }
        return self.arrivals
    }
}

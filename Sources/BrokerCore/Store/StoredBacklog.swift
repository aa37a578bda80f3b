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
    /// Whether the next ones are being read.
    var isLoading = false
    /// What has come since then.
    var arrivals: [QueuedMessage] = []

    init(count: Int, byteCount: Int, lacksInflight: Bool) {
        self.count = count
        self.byteCount = byteCount
        self.lacksInflight = lacksInflight
    }

    /// A further message is left to the store.
    func add(_ message: Message) {
        self.count += 1
        self.byteCount += message.byteCount
    }

    /// A message has been read.
    func remove(_ message: Message) {
        self.count -= 1
        self.byteCount -= message.byteCount
    }

    /// What is being read will not arrive: it stays in the store, with what has come since.
    func abandonLoading() {
        self.isLoading = false
        for arrival in self.arrivals { self.add(arrival.message) }
        self.arrivals = []
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Synchronization

/// The store as the shards of one broker share it, and the count that its numbers come from.
package final class SharedStore: Sendable {
    package let store: any BrokerStore
    /// Whether acknowledgements wait until what they promise is safe.
    let holdsAcknowledgements: Bool
    private let lastCount: Atomic<Int64>

    package init(_ store: any BrokerStore, holdsAcknowledgements: Bool, lastNumber: StoreNumber = .none) {
        self.store = store
        self.holdsAcknowledgements = holdsAcknowledgements
        self.lastCount = Atomic(lastNumber.count)
    }

    /// Draws `count` numbers in a row, and returns the first.
    func draw(_ count: Int = 1, for shard: UInt16) -> StoreNumber {
        let end = self.lastCount.add(Int64(count), ordering: .relaxed).newValue
        return StoreNumber(count: end - Int64(count) + 1, shard: shard)
    }

    /// The end of the count now.
    var count: Int64 { self.lastCount.load(ordering: .relaxed) }
}

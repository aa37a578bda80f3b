//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What a session, a message or the delivery of a message to a session is known by in the store.
///
/// All come from one count, so that a later number means a later time as far as one shard is concerned; the shard that
/// drew it is part of it. Numbers go on growing over restarts.
package struct StoreNumber: Hashable, Comparable, Sendable {
    private static let shardBits = 10

    /// Never negative; 0: none.
    package let value: Int64

    package init(value: Int64) { self.value = value }

    init(count: Int64, shard: UInt16) {
        self.value = count << Self.shardBits | Int64(shard)
    }

    /// What is not in the store.
    package static let none = StoreNumber(value: 0)

    /// The place in the count.
    package var count: Int64 { self.value >> Self.shardBits }

    /// The shard that drew it.
    package var shard: Int { Int(self.value & (1 << Self.shardBits - 1)) }

    /// The number that was drawn `places` after it, at the same time.
    package func advanced(by places: Int) -> StoreNumber {
        StoreNumber(value: self.value + Int64(places) << Self.shardBits)
    }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

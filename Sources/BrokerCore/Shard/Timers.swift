//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HeapModule

/// What is due on a shard, by time.
///
/// An entry is plain values; whether it still means anything is found out when it is due. So a busy client does not
/// touch its timer for each packet, and a client that is gone leaves nothing behind but an entry; when there are many such, they are swept out.
struct Timers {
    enum Kind: UInt8 {
        case connectTimeout
        case keepAlive
        case stuckReader
        case sessionExpiry
        case will
    }

    struct Entry: Comparable {
        let deadline: MonotonicTime
        let kind: Kind
        let slot: UInt32
        let generation: UInt32

        static func < (left: Self, right: Self) -> Bool { left.deadline < right.deadline }
    }

    private var heap = Heap<Entry>()

    /// Entries, those that mean nothing any more included.
    var count: Int { self.heap.count }

    mutating func add(_ kind: Kind, slot: UInt32, generation: UInt32, at deadline: MonotonicTime) {
        self.heap.insert(Entry(deadline: deadline, kind: kind, slot: slot, generation: generation))
    }

    /// Keeps the entries for which `isMeant` holds.
    mutating func removeAll(unless isMeant: (Entry) -> Bool) {
        self.heap = Heap(self.heap.unordered.filter(isMeant))
    }

    mutating func popDue(at now: MonotonicTime) -> Entry? {
        guard let first = self.heap.min, first.deadline <= now else { return nil }
        return self.heap.popMin()
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Where a session lives: its shard, its place there, and which of that place's successive owners it is.
///
/// An address is a plain number that may outlive its session: whoever uses a stale one finds another generation
/// and stops. So nothing that is kept (subscriptions, routes, timers) ever holds on to a session.
package struct SessionAddress: Hashable, Sendable {
    let shard: UInt16
    let slot: UInt32
    let generation: UInt32
}

/// A table of objects by slot, whose slots are used again with another generation.
struct SlotTable<Element: AnyObject> {
    private struct Entry {
        var element: Element?
        var generation: UInt32
    }

    private var entries: ContiguousArray<Entry> = []
    private var free: [UInt32] = []

    var count: Int { self.entries.count - self.free.count }

    /// Puts an element, made by `make` from its slot and generation, into a free slot.
    mutating func insert(_ make: (_ slot: UInt32, _ generation: UInt32) -> Element) -> Element {
        if let slot = self.free.popLast() {
            let element = make(slot, self.entries[Int(slot)].generation)
            self.entries[Int(slot)].element = element
            return element
        }
        let slot = UInt32(self.entries.count)
        let element = make(slot, 0)
        self.entries.append(Entry(element: element, generation: 0))
        return element
    }

    /// The element at this slot, if it is still the one of this generation.
    @inline(__always)
    subscript(slot: UInt32, generation: UInt32) -> Element? {
        guard Int(slot) < self.entries.count, self.entries[Int(slot)].generation == generation else { return nil }
        return self.entries[Int(slot)].element
    }

    mutating func remove(slot: UInt32, generation: UInt32) {
        guard self[slot, generation] != nil else { return }
        self.entries[Int(slot)].element = nil
        self.entries[Int(slot)].generation &+= 1
        self.free.append(slot)
    }

    /// Slots there are, free ones included.
    var slotCount: Int { self.entries.count }

    /// The element that is at this slot now, whatever its generation.
    subscript(slot slot: Int) -> Element? { slot < self.entries.count ? self.entries[slot].element : nil }

    /// Every element that is there now.
    var all: [Element] { self.entries.compactMap(\.element) }
}

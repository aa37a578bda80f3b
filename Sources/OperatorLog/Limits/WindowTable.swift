//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import DequeModule

/// Counts by key, each for a window of time that begins with the key's first appearance. Bounded in keys.
struct WindowTable<Sample> {
    /// What a window has seen.
    struct Entry {
        /// When the window began, in milliseconds.
        let start: Int64
        /// What its summary is made of.
        let sample: Sample
        /// How many lines were let through, and how many were not.
        var passed = 0
        var heldBack = 0
    }

    private var entries: [Int: Entry] = [:]
    /// Keys in the order of their windows' ends, which all last equally long.
    private var order: Deque<Int> = []
    private let length: Int64
    private let capacity: Int
    /// Windows which will need a summary.
    private var owing = 0

    /// - Parameters:
    ///   - length: of a window, in milliseconds
    ///   - capacity: the number of keys
    init(length: Int64, capacity: Int) {
        self.length = length
        self.capacity = capacity
    }

    var isFull: Bool { self.entries.count >= self.capacity }

    /// Only one more key fits.
    var isNearlyFull: Bool { self.entries.count >= self.capacity - 1 }

    /// How many lines with this key were let through in its window; nil: it has none.
    func passed(_ key: Int) -> Int? { self.entries[key]?.passed }

    /// Begins a window; there must be room, and none with this key.
    mutating func begin(_ key: Int, _ sample: @autoclosure () -> Sample, at now: Int64) {
        self.entries[key] = Entry(start: now, sample: sample(), passed: 1)
        self.order.append(key)
    }

    mutating func pass(_ key: Int) { self.entries[key]?.passed += 1 }

    mutating func holdBack(_ key: Int) {
        guard var entry = self.entries[key] else { return }
        if entry.heldBack == 0 { self.owing += 1 }
        entry.heldBack += 1
        self.entries[key] = entry
    }

    /// Ends the windows whose time is over. - Returns: those which have held something back.
    mutating func end(before now: Int64) -> [Entry] {
        var ended: [Entry] = []
        while let key = self.order.first, let entry = self.entries[key], now - entry.start >= self.length {
            self.order.removeFirst()
            self.entries[key] = nil
            if entry.heldBack > 0 {
                self.owing -= 1
                ended.append(entry)
            }
        }
        return ended
    }

    /// Ends all windows.
    mutating func endAll() -> [Entry] {
        let ended = self.order.compactMap { self.entries[$0] }.filter { $0.heldBack > 0 }
        self.entries.removeAll()
        self.order.removeAll()
        self.owing = 0
        return ended
    }

    /// When to look again for ended windows; nil: nobody waits for any.
    var deadline: Int64? {
        guard self.owing > 0, let first = self.order.first, let entry = self.entries[first] else { return nil }
        return entry.start + self.length
    }
}

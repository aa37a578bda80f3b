//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A dictionary with a limit, which forgets what has not been used for long.
///
/// Two generations: what is new or used goes into the young one; when that is full, it becomes the old one, and
/// what was in the old one is forgotten. So each operation costs the same, and nothing is sorted.
struct BoundedMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let generationLimit: Int
    /// Costs of what is in the young generation, counting again what has been replaced.
    private var youngCost = 0
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    /// - Parameter limit: the sum of the costs of what is kept at most; at least half as much is.
    init(limit: Int) {
        self.generationLimit = max(limit / 2, 1)
    }

    /// How many entries there are.
    var count: Int { self.young.count + self.old.count }

    /// The value for a key, which counts as used.
    /// - Parameter cost: what the value costs
    mutating func value(for key: Key, cost: (Value) -> Int = { _ in 1 }) -> Value? {
        if let value = self.young[key] { return value }
        guard let value = self.old.removeValue(forKey: key) else { return nil }
        self.set(value, for: key, cost: cost(value))
        return value
    }

    mutating func set(_ value: Value, for key: Key, cost: Int = 1) {
        if self.youngCost >= self.generationLimit {
            self.old = self.young
            self.young = [:]
            self.youngCost = 0
        }
        self.old[key] = nil
        self.young[key] = value
        self.youngCost += cost
    }

    mutating func remove(_ key: Key) {
        self.young[key] = nil
        self.old[key] = nil
    }
}

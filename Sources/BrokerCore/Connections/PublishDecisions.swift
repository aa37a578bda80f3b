//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// Whether a client may publish to a topic, as far as the extensions have said so for good.
enum PublishDecision: Equatable {
    case allow
    case deny(ReasonCode)
}

/// What has been decided lately of one client's publishing.
///
/// Most clients publish to a few topics again and again, so there is room for a few: the last one is found by one
/// comparison, the others by looking through their hashes.
final class PublishDecisions {
    /// Topics with their QoS and RETAIN that are remembered; a further one takes the place of the oldest.
    static let capacity = 64
    /// Bytes of a topic that is worth remembering.
    static let maximumTopicLength = 256

    private struct Entry {
        let hash: UInt64
        let topic: [UInt8]
        let decision: PublishDecision
    }

    /// The state of the rules that this was decided by.
    private var generation: UInt32
    private var entries: ContiguousArray<Entry> = []
    private var last = 0
    private var oldest = 0

    init(generation: UInt32) {
        self.generation = generation
    }

    /// One key for topic, QoS and RETAIN: each combination is decided on its own.
    @inline(__always)
    private static func key(_ hash: UInt64, _ qos: QoS, _ isRetained: Bool) -> UInt64 {
        hash & ~7 | UInt64(qos.rawValue) << 1 | (isRetained ? 1 : 0)
    }

    /// What has been decided; nil: not known, or by rules that hold no longer.
    @inline(__always)
    func decision(
        on topic: RawSpan,
        hash: UInt64,
        qos: QoS,
        isRetained: Bool,
        generation: UInt32
    ) -> PublishDecision? {
        guard generation == self.generation, !self.entries.isEmpty else { return nil }
        let key = Self.key(hash, qos, isRetained)
        if self.entries[self.last].hash == key { return self.decision(at: self.last, on: topic) }
        return self.search(key, topic)
    }

    @inline(never)
    private func search(_ key: UInt64, _ topic: RawSpan) -> PublishDecision? {
        guard let index = self.entries.firstIndex(where: { $0.hash == key }) else { return nil }
        self.last = index
        return self.decision(at: index, on: topic)
    }

    /// A hash may be equal by chance, so the topic itself decides.
    @inline(__always)
    private func decision(at index: Int, on topic: RawSpan) -> PublishDecision? {
        let isSame = self.entries[index].topic.withUnsafeBytes { known in
            RawSpan(_unsafeBytes: known).isEqual(to: topic)
        }
        return isSame ? self.entries[index].decision : nil
    }

    func remember(
        _ decision: PublishDecision,
        on topic: RawSpan,
        hash: UInt64,
        qos: QoS,
        isRetained: Bool,
        generation: UInt32
    ) {
        if generation != self.generation {
            self.generation = generation
            self.entries = []
            self.last = 0
            self.oldest = 0
        }
        guard topic.byteCount <= Self.maximumTopicLength else { return }
        let entry = Entry(
            hash: Self.key(hash, qos, isRetained),
            topic: topic.withUnsafeBytes { Array($0) },
            decision: decision
        )
        if let index = self.entries.firstIndex(where: { $0.hash == entry.hash }) {
            self.entries[index] = entry
            self.last = index
        } else if self.entries.count < Self.capacity {
            self.last = self.entries.count
            self.entries.append(entry)
        } else {
            self.last = self.oldest
            self.entries[self.oldest] = entry
            self.oldest = (self.oldest + 1) % Self.capacity
        }
    }
}

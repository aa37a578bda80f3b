//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Testing

@testable import BrokerCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Nothing acknowledged is lost, nothing of QoS 2 arrives twice, and nothing is left behind: whatever the order in which
/// shards, store and clients go on, and whenever the broker is killed.
///
/// `STORE_LEDGER_SEEDS=20000` runs so many orders, `STORE_LEDGER_SEEDS=17-17` those from one seed to another.
@Suite struct StoreLedgerTests {
    private static let seeds: ClosedRange<UInt64> = {
        guard let text = getenv("STORE_LEDGER_SEEDS").map({ String(cString: $0) }) else { return 1...100 }
        let bounds = text.split(separator: "-").compactMap { UInt64($0) }
        guard let first = bounds.first, let last = bounds.last, last > 0, first <= last else { return 1...100 }
        return (bounds.count == 1 ? 1 : first)...last
    }()

    @Test func nothingIsLost() {
        var failures = 0
        var promised = 0
        for seed in Self.seeds where failures < 5 {
            let world = LedgerWorld(seed: seed)
            world.run()
            promised += world.ledger.records.values.count(where: \.isPromised)
            guard !world.ledger.faults.isEmpty else { continue }
            failures += 1
            Issue.record("seed \(seed), \(world.plan): \(world.ledger.faults.prefix(5).joined(separator: "; "))")
        }
        #expect(promised > 0)
    }
}

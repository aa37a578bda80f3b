//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import AllocationCount
import Benchmark

extension BenchmarkMetric {
    /// Heap allocations of one operation, times 1000: the table has whole numbers only.
    static let allocations = BenchmarkMetric.custom("Allocations (per 1000 ops)", useScalingFactor: false)
}

/// Measures an operation: a thousand of them are one iteration, and the table's time is that of one.
/// - Parameters:
///   - setUp: makes what the operation works on; not measured
///   - operation: gets what `setUp` has made
func measure<Subject>(
    _ name: String,
    _ setUp: @escaping @Sendable () -> Subject,
    operation: @escaping @Sendable (inout Subject) -> Void
) {
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock, .allocations],
        timeUnits: .nanoseconds,
        warmupIterations: 10,
        scalingFactor: .kilo,
        maxDuration: .seconds(1),
        maxIterations: 2000
    )
    Benchmark(name, configuration: configuration) { benchmark, subject in
        benchmark.startMeasurement()
        let before = allocation_count()
        for _ in benchmark.scaledIterations { operation(&subject.value) }
        let after = allocation_count()
        benchmark.stopMeasurement()
        benchmark.measurement(.allocations, Int(after - before))
    } setup: {
        Box(setUp())
    }
}

/// What a benchmark works on, from one iteration to the next.
final class Box<Value> {
    var value: Value

    init(_ value: Value) { self.value = value }
}

// swift-tools-version: 6.3

import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let benchmark: Target.Dependency = .product(name: "Benchmark", package: "benchmark")
let codec: Target.Dependency = .product(name: "MQTTCodec", package: "nanomq")
let core: Target.Dependency = .product(name: "BrokerCore", package: "nanomq")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")

let package = Package(
    name: "nanomq-benchmarks",
    platforms: [.macOS("26.0")],
    dependencies: [
        // Nothing here needs TLS, tokens or a web service, and without them much less is built.
        .package(name: "nanomq", path: "..", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // Without its interposers: allocations are counted by AllocationCount.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .target(name: "AllocationCount"),
        .executableTarget(
            name: "Codec",
            dependencies: ["AllocationCount", benchmark, codec, nioCore],
            path: "Benchmarks/Codec",
            swiftSettings: settings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
        .executableTarget(
            name: "Broker",
            dependencies: ["AllocationCount", benchmark, core, codec, nioCore],
            path: "Benchmarks/Broker",
            swiftSettings: settings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        ),
    ],
    swiftLanguageModes: [.v6]
)

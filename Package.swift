// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "nanomq",
    platforms: [.macOS("26.0")],
    products: [
        .library(name: "NanoMQ", targets: ["NanoMQ"]),
        .library(name: "MQTTCodec", targets: ["MQTTCodec"]),
        // For the packages in Fuzz and Benchmarks; their public parts come with NanoMQ anyway.
        .library(name: "BrokerCore", targets: ["BrokerCore"]),
        .library(name: "HOCON", targets: ["HOCON"]),
        .executable(name: "nanomq", targets: ["NanoMQCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Floor 1: languages. Bytes or text in, values out.
        .target(name: "MQTTCodec", dependencies: [nioCore], swiftSettings: settings),
        .target(name: "HOCON", swiftSettings: settings),
        .target(name: "CAllocator"),

        // Floor 2: the broker's mind, and what it is told to be.
        .target(name: "BrokerCore", dependencies: ["MQTTCodec", nioCore, deque, heap], swiftSettings: settings),
        .target(name: "NanoConfiguration", dependencies: ["HOCON"], swiftSettings: settings),

        // Floor 3: the rim, where bytes come in.
        .target(
            name: "BrokerNetwork",
            dependencies: ["BrokerCore", "MQTTCodec", nioCore, nioPosix, logging],
            swiftSettings: settings
        ),

        .target(name: "AccessControl", dependencies: ["BrokerCore", "MQTTCodec", nioCore], swiftSettings: settings),

        // Floor 4: being a service.
        .target(name: "CProcess"),
        .target(
            name: "ServiceControl",
            dependencies: ["CProcess", nioCore, nioPosix, system],
            swiftSettings: settings
        ),
        .target(name: "OperatorLog", dependencies: [logging, system], swiftSettings: settings),

        // Floor 5 and 6: assembly, and the command.
        .target(
            name: "NanoMQ",
            dependencies: [
                "AccessControl", "BrokerCore", "BrokerNetwork", "MQTTCodec", "NanoConfiguration", "HOCON", nioCore,
                nioPosix, logging,
                lifecycle,
                .product(name: "Metrics", package: "swift-metrics"),
                system,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "NanoMQCommand",
            dependencies: [
                "NanoMQ", "BrokerCore", "NanoConfiguration", "ServiceControl", "OperatorLog", "CAllocator", logging,
                lifecycle, nioCore, system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),

        .testTarget(name: "MQTTCodecTests", dependencies: ["MQTTCodec", nioCore], swiftSettings: settings),
        .testTarget(name: "HOCONTests", dependencies: ["HOCON"], swiftSettings: settings),
        .testTarget(
            name: "NanoConfigurationTests",
            dependencies: ["NanoConfiguration", "HOCON"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BrokerCoreTests",
            dependencies: ["BrokerCore", "MQTTCodec", nioCore],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AccessControlTests",
            dependencies: ["AccessControl", "BrokerCore", "MQTTCodec", nioCore],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServiceControlTests",
            dependencies: ["ServiceControl", "CProcess", nioCore, nioPosix, system],
            swiftSettings: settings
        ),
        .testTarget(name: "OperatorLogTests", dependencies: ["OperatorLog", logging, system], swiftSettings: settings),
        .target(name: "CTestSupport", path: "Tests/CTestSupport"),
        .testTarget(
            name: "BrokerNetworkTests",
            dependencies: [
                "CTestSupport", "BrokerNetwork", "NanoMQ", "BrokerCore", "MQTTCodec", nioCore, nioPosix, logging,
                lifecycle,
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)

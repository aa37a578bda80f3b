// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "EmbeddedBroker",
    platforms: [.macOS("26.0")],
    dependencies: [
        // Nothing here needs TLS, tokens or a web service, and without them much less is built.
        .package(name: "nanomq", path: "../..", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "EmbeddedBroker",
            dependencies: [
                .product(name: "NanoMQ", package: "nanomq"),
                .product(name: "BrokerCore", package: "nanomq"),
                .product(name: "MQTTCodec", package: "nanomq"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: [.treatAllWarnings(as: .error)]
        )
    ],
    swiftLanguageModes: [.v6]
)

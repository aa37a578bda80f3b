// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let codec: Target.Dependency = .product(name: "MQTTCodec", package: "nanomq")
let core: Target.Dependency = .product(name: "BrokerCore", package: "nanomq")
let hocon: Target.Dependency = .product(name: "HOCON", package: "nanomq")
let network: Target.Dependency = .product(name: "BrokerNetwork", package: "nanomq")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")

// Each product is a static library with one `LLVMFuzzerTestOneInput`; run.sh links it with libFuzzer's `main`.
let package = Package(
    name: "nanomq-fuzz",
    platforms: [.macOS("26.0")],
    products: [
        .library(name: "FuzzDecoder", type: .static, targets: ["FuzzDecoder"]),
        .library(name: "FuzzTopics", type: .static, targets: ["FuzzTopics"]),
        .library(name: "FuzzHOCON", type: .static, targets: ["FuzzHOCON"]),
        .library(name: "FuzzBroker", type: .static, targets: ["FuzzBroker"]),
        .library(name: "FuzzWebSocket", type: .static, targets: ["FuzzWebSocket"]),
    ],
    dependencies: [
        // Nothing here needs TLS, tokens or a web service, and without them much less is built.
        .package(name: "nanomq", path: "..", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        .target(name: "FuzzDecoder", dependencies: [codec, nioCore], swiftSettings: settings),
        .target(name: "FuzzTopics", dependencies: [codec, core], swiftSettings: settings),
        .target(name: "FuzzHOCON", dependencies: [hocon], swiftSettings: settings),
        .target(name: "FuzzBroker", dependencies: [core, codec, nioCore], swiftSettings: settings),
        .target(name: "FuzzWebSocket", dependencies: [network, nioCore, nioEmbedded], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

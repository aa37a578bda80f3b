// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"]))
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates", condition: .when(traits: ["TLS"]))
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1", condition: .when(traits: ["TLS"]))
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift", condition: .when(traits: ["SQLite"]))
let sqlite: Target.Dependency = .product(
    name: "GRDBSQLite",
    package: "GRDB.swift",
    condition: .when(traits: ["SQLite"])
)

let package = Package(
    name: "nanomq",
    platforms: [.macOS("26.0")],
    products: [
        .library(name: "NanoMQ", targets: ["NanoMQ"]),
        .library(name: "MQTTCodec", targets: ["MQTTCodec"]),
        // For the packages in Fuzz and Benchmarks; their public parts come with NanoMQ anyway.
        .library(name: "BrokerCore", targets: ["BrokerCore"]),
        .library(name: "BrokerNetwork", targets: ["BrokerNetwork"]),
        .library(name: "HOCON", targets: ["HOCON"]),
        .executable(name: "nanomq", targets: ["NanoMQCommand"]),
    ],
    traits: [
        .default(enabledTraits: ["TLS", "HTTPAuthentication", "JWT", "SQLite"]),
        .trait(name: "TLS", description: "Listeners with TLS. Without it such a listener is an error at start."),
        .trait(name: "HTTPAuthentication", description: "Asks an HTTP server who a client is and what it may do."),
        .trait(name: "JWT", description: "Accepts JSON Web Tokens as passwords."),
        .trait(
            name: "SQLite",
            description: "Keeps sessions and messages on disk. Without it they end with the broker."
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // Floor 1: languages. Bytes or text in, values out.
        .target(name: "MQTTCodec", dependencies: [nioCore], swiftSettings: settings),
        .target(name: "HOCON", swiftSettings: settings),
        .target(name: "CAllocator"),
        .target(name: "RegularFile", dependencies: [system], swiftSettings: settings),

        // Floor 2: the broker's mind, and what it is told to be.
        .target(name: "BrokerCore", dependencies: ["MQTTCodec", nioCore, deque, heap], swiftSettings: settings),
        .target(name: "NanoConfiguration", dependencies: ["HOCON"], swiftSettings: settings),

        // Floor 3: the rim, where bytes come in.
        .target(
            name: "BrokerNetwork",
            dependencies: [
                "BrokerCore", "MQTTCodec", "RegularFile", nioCore, nioPosix, nioHTTP1, nioWebSocket, logging, system,
                .product(name: "NIOTLS", package: "swift-nio"), nioSSL, x509, asn1,
            ],
            swiftSettings: settings
        ),

        .target(
            name: "AccessControl",
            dependencies: [
                "BrokerCore", "MQTTCodec", "RegularFile", nioCore, nioPosix, deque, system, crypto, cryptoExtras,
                .product(
                    name: "AsyncHTTPClient",
                    package: "async-http-client",
                    condition: .when(traits: ["HTTPAuthentication"])
                ),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTPAuthentication"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["HTTPAuthentication"])),
                .product(name: "JWTKit", package: "jwt-kit", condition: .when(traits: ["JWT"])),
            ],
            swiftSettings: settings
        ),

        .target(
            name: "Persistence",
            dependencies: ["BrokerCore", "MQTTCodec", nioCore, system, grdb, sqlite],
            swiftSettings: settings
        ),

        // Floor 4: being a service.
        .target(name: "CProcess"),
        .target(
            name: "ServiceControl",
            dependencies: ["CProcess", nioCore, nioPosix, system],
            swiftSettings: settings
        ),
        .target(name: "OperatorLog", dependencies: [logging, system, deque], swiftSettings: settings),

        // Floor 5 and 6: assembly, and the command.
        .target(
            name: "NanoMQ",
            dependencies: [
                "AccessControl", "BrokerCore", "BrokerNetwork", "MQTTCodec", "NanoConfiguration", "HOCON",
                "Persistence", "RegularFile",
                nioCore, nioPosix, logging, lifecycle,
                .product(name: "Metrics", package: "swift-metrics"),
                system,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "NanoMQCommand",
            dependencies: [
                "NanoMQ", "AccessControl", "BrokerCore", "NanoConfiguration", "Persistence", "ServiceControl",
                "OperatorLog", "CAllocator",
                logging, lifecycle, nioCore, system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),

        .testTarget(
            name: "MQTTCodecTests",
            dependencies: ["TestSupport", "MQTTCodec", nioCore],
            swiftSettings: settings
        ),
        .testTarget(name: "HOCONTests", dependencies: ["HOCON"], swiftSettings: settings),
        .testTarget(
            name: "NanoConfigurationTests",
            dependencies: ["NanoConfiguration", "HOCON", "NanoMQ", system],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BrokerCoreTests",
            dependencies: ["TestSupport", "BrokerCore", "MQTTCodec", nioCore],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AccessControlTests",
            dependencies: [
                "TestSupport", "AccessControl", "BrokerCore", "MQTTCodec", "RegularFile", nioCore, nioPosix, system,
                crypto, cryptoExtras,
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["HTTPAuthentication"])),
                .product(name: "X509", package: "swift-certificates", condition: .when(traits: ["HTTPAuthentication"])),
                .product(name: "SwiftASN1", package: "swift-asn1", condition: .when(traits: ["HTTPAuthentication"])),
                .product(name: "JWTKit", package: "jwt-kit", condition: .when(traits: ["JWT"])),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "PersistenceTests",
            dependencies: [
                "TestSupport", "Persistence", "BrokerCore", "MQTTCodec", nioCore, system, grdb, sqlite,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServiceControlTests",
            dependencies: ["TestSupport", "ServiceControl", "CProcess", nioCore, nioPosix, system],
            swiftSettings: settings
        ),
        .testTarget(
            name: "OperatorLogTests",
            dependencies: ["CTestSupport", "OperatorLog", logging, system],
            swiftSettings: settings
        ),
        .target(name: "CTestSupport", path: "Tests/CTestSupport"),
        .target(name: "TestSupport", dependencies: [system], path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(
            name: "BrokerNetworkTests",
            dependencies: [
                "CTestSupport", "BrokerNetwork", "NanoMQ", "BrokerCore", "MQTTCodec", nioCore, nioPosix, nioHTTP1,
                nioWebSocket, logging, lifecycle, system, nioSSL, x509, asn1, crypto, cryptoExtras,
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)

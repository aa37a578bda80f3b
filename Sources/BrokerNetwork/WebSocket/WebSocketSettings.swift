//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// What a WebSocket listener is told.
public struct WebSocketSettings: Sendable, Hashable {
    /// The path of the request; others are answered 404.
    public var path = "/mqtt"
    /// The values of the header `Origin` that are accepted, in lower case; nil: any, and requests without.
    public var origins: Set<String>?

    /// The defaults.
    public init() {}
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A listener as the original writes it on the command line and in the environment: `nmq-tcp://host:port`.
///
/// | kind | schemes |
/// |---|---|
/// | TCP | `nmq-tcp`, `broker+tcp` |
/// | TLS | `tls+nmq-tcp` |
/// | WebSocket | `nmq-ws`, `nmq+ws` |
/// | WebSocket over TLS | `nmq-wss`, `nmq+wss` |
///
/// Those of TCP and TLS may end in `4` or `6`.
public struct ListenerURL: Sendable, Equatable {
    private static let schemes: [Listener.Kind: [String]] = [
        .tcp: ["nmq-tcp", "nmq-tcp4", "nmq-tcp6", "broker+tcp", "broker+tcp4", "broker+tcp6"],
        .ssl: ["tls+nmq-tcp", "tls+nmq-tcp4", "tls+nmq-tcp6"],
        .ws: ["nmq-ws", "nmq+ws"],
        .wss: ["nmq-wss", "nmq+wss"],
    ]

    /// How clients speak to the listener.
    public let kind: Listener.Kind

    /// The address, with the path of a WebSocket, as ``Listener/init(kind:name:address:)`` reads it.
    public let address: String

    /// Reads a URL; `nil` if it is none of a listener.
    public init?(_ text: String) {
        guard let range = text.firstRange(of: "://") else { return nil }
        let scheme = String(text[..<range.lowerBound])
        let address = String(text[range.upperBound...])
        guard let kind = Self.schemes.first(where: { $0.value.contains(scheme) })?.key,
            let listener = Listener(kind: kind, name: Listener.defaultName, address: address)
        else { return nil }
        self.kind = kind
        self.address = listener.address
    }

    /// An example of each kind, for messages.
    static func example(_ kind: Listener.Kind) -> String {
        switch kind {
        case .tcp: "nmq-tcp://host:port"
        case .ssl: "tls+nmq-tcp://host:port"
        case .ws: "nmq-ws://host:port/path"
        case .wss: "nmq-wss://host:port/path"
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// A key of a listener's block, with the kinds of listener which have it.
struct ListenerKey: Sendable {
    let kinds: [Listener.Kind]
    let definition: Definition<Listener>

    /// All but `enable`, which decides whether there is a listener.
    static let all: [ListenerKey] =
        [ListenerKey(kinds: Listener.Kind.allCases, definition: bind)]
        + general.map { ListenerKey(kinds: Listener.Kind.allCases, definition: $0) }
        + [ListenerKey(kinds: [.ws, .wss], definition: origins)]
        + tls.map { ListenerKey(kinds: [.ssl, .wss], definition: $0) }

    /// Those of TLS: a `wss` listener without any takes those of the `ssl` listener without a name.
    static let tlsNames = Set(tls.map(\.path))

    private static let bind = Definition<Listener>.property(
        "bind",
        \.boundAddress,
        accepted: "address",
        meaning: """
            The address to listen at: `"host:port"`, `"[IPv6]:port"`, or `":port"` or `port` for all IPv4 addresses; \
            with port 0 the system chooses one. A WebSocket has its path behind it: `"host:port/path"`.
            """,
        text: { Format.string($0.address) },
        read: { setting, _ throws(ConfigurationError) in
            // The reader of listeners reads addresses: it knows the kind, which tells whether there is a path.
            throw setting.error(.expected("an address"))
        }
    )

    private static let general: [Definition<Listener>] = [
        .integer(
            "max_connections",
            \.maximumConnections,
            0...2_147_483_647,
            "Connections at one time. `limits.max_connections` applies to all listeners together."
        ),
        .integer("max_connect_rate", \.maximumConnectRate, 0...2_147_483_647, "New connections per second."),
        .boolean(
            "proxy_protocol",
            \.proxyProtocol,
            "Whether each connection must begin with a header of the PROXY protocol, version 1 or 2."
        ),
    ]

    private static let origins = Definition<Listener>.property(
        "origins",
        \.origins,
        accepted: "list of strings, or `any`",
        meaning: "The pages whose scripts may connect: the values of the header `Origin` that are taken.",
        text: { $0.map(Format.list) ?? "any" },
        read: { setting, _ throws(ConfigurationError) in
            if setting.value.content == .string("any") { return nil }
            var origins: [String] = []
            for element in try setting.elements("a list of origins, or any") { origins.append(try element.text()) }
            return origins
        }
    )

    private static let tls: [Definition<Listener>] = [
        .file("keyfile", \.security.keyFile, "The private key, PEM."),
        .file("certfile", \.security.certificateFile, "The certificate, with those up to its authority, PEM."),
        .secret("key_password", \.security.keyPassword, "What the private key is encrypted with."),
        .file("cacertfile", \.security.authorityFile, "The authorities clients' certificates must come from, PEM."),
        .file("cacertdir", \.security.authorityDirectory, "A directory of such authorities."),
        .file("crlfile", \.security.revocationFile, "Clients' certificates which are no longer valid, PEM."),
        .boolean("verify_peer", \.security.verifyPeer, "Whether clients are asked for a certificate."),
        .boolean(
            "fail_if_no_peer_cert",
            \.security.requirePeerCertificate,
            "Whether clients without a certificate are refused. Needs `verify_peer`."
        ),
        .choice("tls_version_min", \.security.minimumVersion, "The oldest version of TLS."),
        .choice("tls_version_max", \.security.maximumVersion, "The newest version of TLS."),
        .text("ciphers", \.security.ciphers, "The ciphers of TLS 1.2, as an OpenSSL list."),
        .file("psk_file", \.security.preSharedKeyFile, "Pre-shared keys of TLS 1.2, one `identity:hexkey` a line."),
        .text("psk_hint", \.security.preSharedKeyHint, "What clients are told about the pre-shared key wanted."),
        .choice(
            "identity_as_username",
            \.security.identityAsUserName,
            "What of a client's certificate becomes its user name: nothing, its common name, or its subject."
        ),
        .duration(
            "handshake_timeout",
            \.security.handshakeTimeout,
            .milliseconds(100)...(.seconds(3_600)),
            "The time a client has to complete the handshake, at most `limits.connect_timeout`."
        ),
    ]
}

extension Listener {
    /// Where a listener listens.
    fileprivate struct BoundAddress: Equatable {
        var host: String
        var port: Int
        var path: String?
        var address: String
    }

    fileprivate var boundAddress: BoundAddress {
        get { BoundAddress(host: host, port: port, path: path, address: address) }
        set { (host, port, path) = (newValue.host, newValue.port, newValue.path) }
    }

    /// ``tls`` for definitions, which are not asked for the listeners that have none.
    fileprivate var security: ListenerTLS {
        get { tls ?? ListenerTLS() }
        set { if tls != nil { tls = newValue } }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

extension Definitions {
    static let http: [Definition<NanoConfiguration>] =
        [
            .boolean(
                "auth.http_auth.enable",
                \.auth.http.isEnabled,
                "Whether a web service is asked. If the block is there, the default is `true`."
            ),
            .duration(
                "auth.http_auth.timeout",
                \.auth.http.timeout,
                .milliseconds(10)...(.seconds(300)),
                "The time for a request. Without an answer, access is refused."
            ),
            .duration(
                "auth.http_auth.connect_timeout",
                \.auth.http.connectTimeout,
                .milliseconds(10)...(.seconds(300)),
                "The time for a connection to the service."
            ),
            .integer("auth.http_auth.pool_size", \.auth.http.poolSize, 1...1_024, "Connections that are kept."),
            .integer(
                "auth.http_auth.max_concurrency",
                \.auth.http.maximumConcurrency,
                1...65_535,
                or: "auto",
                "Requests at one time; `auto` is as many as `auth.http_auth.pool_size`."
            ),
            .duration(
                "auth.http_auth.cache_ttl",
                \.auth.http.cacheTTL,
                .zero...(.seconds(86_400)),
                "How long an answer which allows is kept; 0 for not at all."
            ),
        ] + HTTPRequestRole.allCases.flatMap(request) + [
            .file(
                "auth.http_auth.tls.cacertfile",
                \.auth.http.tls.authorityFile,
                "The authorities the service's certificate may come from, PEM; without it, those of the system."
            ),
            .boolean(
                "auth.http_auth.tls.verify_peer",
                \.auth.http.tls.verifyPeer,
                "Whether the service's certificate must be good."
            ),
            .file("auth.http_auth.tls.certfile", \.auth.http.tls.certificateFile, "The broker's certificate, PEM."),
            .file("auth.http_auth.tls.keyfile", \.auth.http.tls.keyFile, "The broker's private key, PEM."),
            .integer(
                "auth.http_auth.breaker.failures",
                \.auth.http.breaker.failures,
                1...1_000_000,
                "Requests without an answer, in a row, after which the service is left alone: access is refused at once."
            ),
            .duration(
                "auth.http_auth.breaker.pause",
                \.auth.http.breaker.pause,
                .milliseconds(100)...(.seconds(3_600)),
                "How long the service is left alone."
            ),
        ]

    private static func request(_ role: HTTPRequestRole) -> [Definition<NanoConfiguration>] {
        let path = "auth.http_auth.\(role.rawValue)"
        return [
            .property(
                "\(path).url",
                \.auth.http[role].url,
                accepted: "URL",
                meaning: "\(role.meaning) `http://` or `https://`; without it, the service is not asked.",
                text: { $0.map(Format.url) },
                read: { setting, _ throws(ConfigurationError) in try setting.url() }
            ),
            .property(
                "\(path).method",
                \.auth.http[role].method,
                accepted: Format.words(HTTPMethod.self, quote: "`"),
                meaning: "How it is asked, in small or capital letters: with parameters in the query, or in the body.",
                text: { $0.rawValue },
                read: { setting, _ throws(ConfigurationError) in try setting.method() }
            ),
            .property(
                "\(path).headers",
                \.auth.http[role].headers,
                accepted: "block of `name = value`, secret",
                meaning: "Headers of the request. `content-type` decides between a form and JSON.",
                text: { Format.texts($0) { ["content-type", "accept"].contains($0.name.lowercased()) } },
                read: { setting, _ throws(ConfigurationError) in try setting.headers() }
            ),
            .property(
                "\(path).params",
                \.auth.http[role].parameters,
                accepted: "block of `name = value`, secret",
                meaning: "\(parameters)\(role == .access ? accessParameters : ".")",
                text: { Format.texts($0) { $0.text.value.utf8.count == 2 && $0.text.value.hasPrefix("%") } },
                read: { setting, _ throws(ConfigurationError) in try setting.parameters() }
            ),
        ]
    }

    private static let parameters = """
        Parameters of the request: `%u` user name, `%c` client identifier, `%a` address, `%P` password, `%p` port, `%r` \
        protocol, `%C` common name and `%d` subject of the certificate
        """

    private static let accessParameters = ", `%A` access (1 subscribe, 2 publish), `%t` topic, `%m` nothing."
}

/// What the web service is asked; the name is the one in the file.
enum HTTPRequestRole: String, CaseIterable, Sendable {
    case authentication = "auth_req"
    case superuser = "super_req"
    case access = "acl_req"

    fileprivate var meaning: String {
        switch self {
        case .authentication: "Asked when a client connects:"
        case .superuser: "Asked whether a client may do everything:"
        case .access: "Asked when a client publishes or subscribes:"
        }
    }
}

extension NanoConfiguration.HTTPAccess {
    subscript(role: HTTPRequestRole) -> NanoConfiguration.HTTPRequest {
        get {
            switch role {
            case .authentication: authentication
            case .superuser: superuser
            case .access: access
            }
        }
        set {
            switch role {
            case .authentication: authentication = newValue
            case .superuser: superuser = newValue
            case .access: access = newValue
            }
        }
    }
}

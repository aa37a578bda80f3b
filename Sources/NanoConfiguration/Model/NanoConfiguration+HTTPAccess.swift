//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension NanoConfiguration {
    /// A web service which is asked who may connect, and do what: block `auth.http_auth`.
    public struct HTTPAccess: Sendable, Equatable {
        /// Whether the service is asked; by default if there is a block.
        public var isEnabled = false
        /// Asked when a client connects.
        public var authentication = HTTPRequest()
        /// Asked whether a client may do everything.
        public var superuser = HTTPRequest()
        /// Asked when a client publishes or subscribes.
        public var access = HTTPRequest()
        /// The time for a request; without an answer, access is refused.
        public var timeout: Duration = .seconds(5)
        /// The time for a connection to the service.
        public var connectTimeout: Duration = .seconds(5)
        /// Connections to the service which are kept.
        public var poolSize = 32
        /// Requests at one time; `nil` for as many as connections are kept.
        public var maximumConcurrency: Int?
        /// How long an allowing answer is kept; zero for not at all.
        public var cacheTTL: Duration = .zero
        /// TLS towards the service.
        public var tls = HTTPClientTLS()
        /// What is done when the service does not answer.
        public var breaker = HTTPBreaker()

        /// The defaults.
        public init() {}
    }

    /// A request to the web service.
    public struct HTTPRequest: Sendable, Equatable {
        /// Where it is sent, `http://` or `https://`; `nil` if it is not made.
        public var url: String?
        /// How it is sent.
        public var method: HTTPMethod = .post
        /// Headers, in their order. The values may be secrets.
        public var headers: [NamedText] = []
        /// Parameters, in their order, with placeholders such as `%u`.
        public var parameters: [NamedText] = []

        /// The defaults.
        public init() {}
    }

    /// A text with a name. The text may be a secret.
    public struct NamedText: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The text.
        public var text: Secret

        /// Makes one from its parts.
        public init(_ name: String, _ text: String) {
            self.name = name
            self.text = Secret(text)
        }
    }

    /// TLS towards the web service.
    public struct HTTPClientTLS: Sendable, Equatable {
        /// The authorities that the service's certificate may come from, PEM; `nil` for those of the system.
        public var authorityFile: String?
        /// Whether the service's certificate must be good.
        public var verifyPeer = true
        /// The broker's certificate, PEM.
        public var certificateFile: String?
        /// The broker's private key, PEM.
        public var keyFile: String?

        /// The defaults.
        public init() {}
    }

    /// When a service that does not answer is left alone for a while; meanwhile, access is refused at once.
    public struct HTTPBreaker: Sendable, Equatable {
        /// Failures in a row after which the service is left alone.
        public var failures = 5
        /// How long it is left alone.
        public var pause: Duration = .seconds(10)

        /// The defaults.
        public init() {}
    }
}

/// A method of HTTP.
public enum HTTPMethod: String, ConfigurationChoice {
    /// Parameters in the query.
    case get
    /// Parameters in the body.
    case post
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    public import NIOCore

    /// How an HTTP server is asked who a client is and what it may do (`auth.http_auth`).
    public struct HTTPAccessSettings: Sendable, Hashable {
        /// Asked at CONNECT; nil: the server has no say in who a client is.
        public var authentication: HTTPRequestSettings?
        /// Asked before ``access``: 200 allows the client everything. nil: nobody is a super user.
        public var superUser: HTTPRequestSettings?
        /// Asked for each topic that is published or subscribed to; nil: the server has no say in it.
        public var access: HTTPRequestSettings?
        /// How long a client waits for an answer at most, in the queue too; no answer is a refusal.
        public var timeout: TimeAmount = .seconds(5)
        /// How long a new connection to the server may take.
        public var connectTimeout: TimeAmount = .seconds(5)
        /// Connections to a server that are kept open.
        public var poolSize = 32
        /// Requests under way at once; nil: as many as ``poolSize``.
        public var maximumConcurrency: Int?
        /// Requests that wait for others to end; what comes beyond is refused at once.
        public var maximumWaiting = 1024
        /// How long what was allowed stays allowed without another request; 0: each time is asked.
        public var cacheTime: TimeAmount = .zero
        /// Answers that are kept at most.
        public var maximumCachedAnswers = 10_000
        /// Failures in a row (no connection, no answer in time, status 5xx) after which the server is left alone for
        /// ``breakerPause`` and clients are refused at once; 0: it is always asked.
        public var breakerFailures = 5
        /// How long a server that fails is left alone; then one request tries it.
        public var breakerPause: TimeAmount = .seconds(10)
        /// For `https` addresses.
        public var tls = HTTPTLSSettings()

        /// Asks nothing until a request is set.
        public init() {}
    }

    /// One kind of request.
    public struct HTTPRequestSettings: Sendable, Hashable {
        /// The methods a request can have.
        public enum Method: String, Sendable, Hashable {
            /// The parameters go into the address.
            case get = "GET"
            /// The parameters go into the body.
            case post = "POST"
        }

        /// A header field.
        public struct Header: Sendable, Hashable {
            /// Its name.
            public var name: String
            /// Its value.
            public var value: String

            /// Puts a field together.
            public init(_ name: String, _ value: String) {
                self.name = name
                self.value = value
            }
        }

        /// A parameter, sent in the order of the configuration.
        public struct Parameter: Sendable, Hashable {
            /// Its name.
            public var name: String
            /// Its value, with placeholders: ``HTTPPlaceholder``. A parameter whose placeholder has no value is left
            /// out.
            public var template: String

            /// Puts a parameter together.
            public init(_ name: String, _ template: String) {
                self.name = name
                self.template = template
            }
        }

        /// The address, `http` or `https`.
        public var url: String
        /// The method.
        public var method: Method
        /// Header fields. A `Content-Type` of `application/json` makes the body of a POST an object of strings; any
        /// other, or none, a form (`application/x-www-form-urlencoded`).
        public var headers: [Header]
        /// The parameters.
        public var parameters: [Parameter]

        /// Puts a request together.
        public init(url: String, method: Method = .post, headers: [Header] = [], parameters: [Parameter] = []) {
            self.url = url
            self.method = method
            self.headers = headers
            self.parameters = parameters
        }
    }

    /// TLS to the server that is asked.
    public struct HTTPTLSSettings: Sendable, Hashable {
        /// A PEM file with the authorities that are trusted; nil: those of the system.
        public var authorityFile: String?
        /// Whether the server's certificate is checked. Without, anybody on the way can let clients in.
        public var verifiesPeer = true
        /// A PEM file with our certificate and its chain; nil: none is shown.
        public var certificateFile: String?
        /// A PEM file with our private key, without a pass phrase.
        public var keyFile: String?

        /// The system's authorities, no certificate of ours.
        public init() {}
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    /// Which of the requests to the HTTP server.
    public enum HTTPRequestKind: String, Sendable, Hashable {
        /// `auth_req`.
        case authentication = "auth_req"
        /// `super_req`.
        case superUser = "super_req"
        /// `acl_req`.
        case access = "acl_req"
    }

    /// What is wrong with the settings.
    public enum HTTPAccessError: Error, Hashable, CustomStringConvertible {
        /// The address is not `http://host…` or `https://host…`. User names belong into a header.
        case address(HTTPRequestKind)
        /// A header has a name or value that cannot be sent, or is one that the client sets itself.
        case header(HTTPRequestKind, name: String)
        /// A parameter has a placeholder that does not exist.
        case placeholder(HTTPRequestKind, parameter: String)
        /// A number is below what makes sense.
        case number(String)
        /// A file with certificates or a key cannot be read.
        case file(String)
        /// There is a certificate without a key, or the reverse.
        case keyPair

        /// For the operator.
        public var description: String {
            switch self {
            case .address(let kind):
                "\(kind.rawValue): the url is not http:// or https:// with a host and without a user"
            case .header(let kind, let name): "\(kind.rawValue): header \(name) cannot be sent"
            case .placeholder(let kind, let name): "\(kind.rawValue): parameter \(name) has an unknown placeholder"
            case .number(let name): "\(name) is too small"
            case .file(let path): "no certificates or key can be read from \(path)"
            case .keyPair: "a client certificate needs a key, and a key a certificate"
            }
        }
    }

    /// Why a request got no answer.
    public enum HTTPFailure: Sendable, Hashable {
        /// No connection, or it broke.
        case connection
        /// No answer in time.
        case timeout
        /// The server says that it cannot answer: 5xx.
        case status(Int)
        /// Too many requests wait already.
        case busy
        /// The server has failed too often and is left alone.
        case suspended
        /// A value cannot be written in the form of the request: bytes that are no UTF-8 in JSON.
        case unrepresentable
    }

    /// What the log is told. Nothing in it is secret: of an address only scheme, host and port.
    public enum HTTPAccessEvent: Sendable, Hashable {
        /// A request got no answer, so the client was refused.
        case requestFailed(HTTPRequestKind, server: String, HTTPFailure)
        /// A server has failed so often in a row that it is left alone.
        case breakerOpened(server: String, failures: Int)
        /// A server that was left alone answers again.
        case breakerClosed(server: String)
    }
#endif

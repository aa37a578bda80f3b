//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOHTTP1

/// Why a request does not become a WebSocket connection: an HTTP response.
enum UpgradeRefusal: Error, Equatable {
    /// What has come is not HTTP, or not as it has to be.
    case malformed
    /// The request is larger than 8 KiB.
    case tooLarge
    /// Something follows the request before it is answered.
    case bytesAfterRequest
    /// The request has a body.
    case body
    /// Not GET.
    case method
    /// Nothing is served at this path.
    case path
    /// A request for a page and not for a WebSocket connection.
    case noUpgrade
    /// Not version 13 of WebSocket.
    case version
    /// No key, or one that is not 16 bytes in base64.
    case key
    /// A page from elsewhere asks.
    case origin
    /// The client does not offer to speak MQTT [MQTT-6.0.0-3].
    case subprotocol

    /// The status of the response.
    var status: HTTPResponseStatus {
        switch self {
        case .malformed, .bytesAfterRequest, .body, .key, .subprotocol: .badRequest
        case .tooLarge: .requestHeaderFieldsTooLarge
        case .method: .methodNotAllowed
        case .path: .notFound
        case .noUpgrade, .version: .upgradeRequired
        case .origin: .forbidden
        }
    }

    /// The response's text, for people.
    var text: String {
        switch self {
        case .malformed: "This is not a well-formed HTTP/1.1 request."
        case .tooLarge: "The request is too large."
        case .bytesAfterRequest: "Nothing may follow the request before it is answered."
        case .body: "The request may not have a body."
        case .method: "Use GET."
        case .path: "There is nothing here."
        case .noUpgrade: "This is an MQTT broker: connect by WebSocket."
        case .version: "Use version 13 of WebSocket."
        case .key: "The header Sec-WebSocket-Key is missing or wrong."
        case .origin: "Pages of this origin may not connect."
        case .subprotocol: "Offer the WebSocket sub-protocol mqtt."
        }
    }

    /// Headers that say what would be accepted (RFC 9110, sections 10.2.1 and 15.5.22; RFC 6455, section 4.4).
    var headers: HTTPHeaders {
        switch self {
        case .method: ["Allow": "GET"]
        case .noUpgrade: ["Upgrade": "websocket"]
        case .version: ["Upgrade": "websocket", "Sec-WebSocket-Version": "13"]
        default: [:]
        }
    }
}

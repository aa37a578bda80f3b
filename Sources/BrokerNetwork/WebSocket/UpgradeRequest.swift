//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOHTTP1

/// A request to go over to WebSocket that is in order (RFC 6455, section 4.2.1).
struct UpgradeRequest {
    /// The request as it came.
    let head: HTTPRequestHead
    /// The sub-protocol that is agreed on.
    let subprotocol: String

    /// The sub-protocols that are spoken, the best first. `mqtt` is the standard's name and wins wherever it is
    /// offered [MQTT-6.0.0-4]; `mqttv3.1` is what clients of MQTT 3.1 say.
    static let subprotocols = ["mqtt", "mqttv3.1"]

    /// Checks a request.
    init(_ head: HTTPRequestHead, settings: WebSocketSettings) throws(UpgradeRefusal) {
        let headers = head.headers
        guard head.version == .http1_1, headers["Host"].count == 1 else { throw .malformed }
        guard head.method == .GET else { throw .method }
        let length = headers["Content-Length"]
        guard length.isEmpty || length == ["0"], !headers.contains(name: "Transfer-Encoding") else { throw .body }
        guard head.uri.prefix(while: { $0 != "?" }) == settings.path else { throw .path }
        guard headers.hasToken("websocket", in: "Upgrade"), headers.hasToken("upgrade", in: "Connection") else {
            throw .noUpgrade
        }
        guard headers["Sec-WebSocket-Version"] == ["13"] else { throw .version }
        guard let key = headers.single("Sec-WebSocket-Key"), Self.isKey(key) else { throw .key }
        if let origins = settings.origins {
            guard let origin = headers.single("Origin"), origins.contains(origin.lowercased()) else { throw .origin }
        }
        let offers = headers[canonicalForm: "Sec-WebSocket-Protocol"]
        guard let subprotocol = Self.subprotocols.first(where: { offers.contains($0[...]) }) else { throw .subprotocol }
        self.head = head
        self.subprotocol = subprotocol
    }

    /// Whether this is base64 of 16 bytes: its last character but the padding stands for two bits only.
    private static func isKey(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes.suffix(2) == [0x3D, 0x3D] else { return false }
        guard "AQgw".utf8.contains(bytes[21]) else { return false }
        return bytes.prefix(21).allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F: true
            default: false
            }
        }
    }
}

extension HTTPHeaders {
    /// The value of a header that is there once.
    fileprivate func single(_ name: String) -> String? {
        let values = self[name]
        return values.count == 1 ? values.first : nil
    }

    /// Whether a header that is a list has this element, in capitals or not.
    fileprivate func hasToken(_ token: String, in name: String) -> Bool {
        self[canonicalForm: name].contains { $0.lowercased() == token }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A request to go over to WebSocket, in order but for what a test changes.
struct UpgradeSpecimen {
    var line = "GET /mqtt HTTP/1.1"
    var headers: [(String, String)] = [
        ("Host", "broker.example:8083"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        // The specimen of RFC 6455, section 1.3.
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Protocol", "mqtt"),
    ]

    var text: String {
        ([self.line] + self.headers.map { "\($0.0): \($0.1)" }).joined(separator: "\r\n") + "\r\n\r\n"
    }

    static func line(_ line: String) -> String {
        var request = UpgradeSpecimen()
        request.line = line
        return request.text
    }

    /// With other values of a header, or none.
    static func with(_ name: String, _ values: String...) -> String {
        var request = UpgradeSpecimen()
        request.headers.removeAll { $0.0 == name }
        request.headers += values.map { (name, $0) }
        return request.text
    }
}

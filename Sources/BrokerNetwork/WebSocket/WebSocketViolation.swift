//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOWebSocket

/// How a client has broken the rules of WebSocket, or those that MQTT adds to them.
enum WebSocketViolation: Error, Equatable {
    /// A bit is set that only an extension could give a meaning (RFC 6455, section 5.2).
    case reservedBits
    /// An opcode without a meaning (RFC 6455, section 5.2).
    case reservedOpcode
    /// A frame of text: MQTT travels in binary frames only [MQTT-6.0.0-1].
    case text
    /// A client masks every frame (RFC 6455, section 5.1).
    case unmasked
    /// A length that is not in its shortest form, or beyond 2^63 (RFC 6455, section 5.2).
    case malformedLength
    /// A frame longer than the broker takes.
    case tooLarge
    /// The next part of a message that has not begun (RFC 6455, section 5.4).
    case unexpectedContinuation
    /// A new message before the last one has ended (RFC 6455, section 5.4).
    case interleavedMessage
    /// A ping, pong or close in parts (RFC 6455, section 5.5).
    case fragmentedControl
    /// A ping, pong or close of more than 125 bytes (RFC 6455, section 5.5).
    case oversizedControl
    /// A close whose code does not exist or is half there (RFC 6455, section 7.4).
    case malformedClose
    /// A close whose reason is not UTF-8 (RFC 6455, section 5.5.1).
    case malformedCloseReason

    /// What the client is told (RFC 6455, section 7.4.1).
    var closeCode: WebSocketErrorCode {
        switch self {
        case .text: .unacceptableData
        case .tooLarge: .messageTooLarge
        case .malformedCloseReason: .dataInconsistentWithMessage
        default: .protocolError
        }
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NIOCore
import NIOWebSocket

extension ByteBuffer {
    /// Writes the header of a frame from the broker, which is whole and not masked (RFC 6455, section 5.2).
    mutating func writeWebSocketHeader(_ opcode: WebSocketOpcode, length: Int) {
        self.writeInteger(0x80 | UInt8(webSocketOpcode: opcode))
        if length < 126 {
            self.writeInteger(UInt8(length))
        } else if length <= 0xFFFF {
            self.writeInteger(126 as UInt8)
            self.writeInteger(UInt16(length))
        } else {
            self.writeInteger(127 as UInt8)
            self.writeInteger(UInt64(length))
        }
    }

    /// Writes a whole frame with a short payload.
    mutating func writeWebSocketFrame(_ opcode: WebSocketOpcode, _ payload: [UInt8]) {
        self.writeWebSocketHeader(opcode, length: payload.count)
        self.writeBytes(payload)
    }
}

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import NIOCore

extension ProxyHeader {
    private static let fixedLength = 16

    /// Reads a block: signature, version and command, family, length, addresses, TLVs.
    static func readBlock(_ bytes: inout ByteBuffer) -> Reading {
        let start = bytes.readerIndex
        guard let command = bytes.getInteger(at: start + 12, as: UInt8.self),
            let family = bytes.getInteger(at: start + 13, as: UInt8.self),
            let length = bytes.getInteger(at: start + 14, as: UInt16.self).map(Int.init)
        else { return .incomplete }
        guard command >> 4 == 2 else { return .malformed("unknown version") }
        guard command & 0x0F <= 1 else { return .malformed("unknown command") }
        guard length <= self.maximumLength - self.fixedLength else { return .malformed("header is too long") }
        guard bytes.readableBytes >= self.fixedLength + length,
            var body = bytes.getSlice(at: start + self.fixedLength, length: length)
        else { return .incomplete }
        let reading: Reading
        if command & 0x0F == 0 {
            // LOCAL: whatever follows is to be ignored.
            reading = .header(ProxyHeader(source: nil))
        } else {
            reading = self.parse(&body, family)
        }
        if case .header = reading { bytes.moveReaderIndex(forwardBy: self.fixedLength + length) }
        return reading
    }

    private static func parse(_ body: inout ByteBuffer, _ family: UInt8) -> Reading {
        let addressLength: Int
        switch family {
        case 0x00: return .header(ProxyHeader(source: nil))
        case 0x11: addressLength = 4
        case 0x21: addressLength = 16
        case 0x31: return .header(ProxyHeader(source: nil))
        default: return .malformed("unknown protocol")
        }
        guard let source = body.readBytes(length: addressLength), body.readBytes(length: addressLength) != nil,
            let (port, _) = body.readMultipleIntegers(as: (UInt16, UInt16).self),
            let address = try? SocketAddress(packedIPAddress: ByteBuffer(bytes: source), port: Int(port)),
            let host = address.ipAddress
        else { return .malformed("header is too short") }
        guard self.areWhole(&body) else { return .malformed("header ends within a TLV") }
        return .header(ProxyHeader(source: PeerAddress(host: host, port: port)))
    }

    /// Whether nothing but whole TLVs follow.
    private static func areWhole(_ body: inout ByteBuffer) -> Bool {
        while body.readableBytes > 0 {
            guard body.readInteger(as: UInt8.self) != nil, let length = body.readInteger(as: UInt16.self),
                body.readSlice(length: Int(length)) != nil
            else { return false }
        }
        return true
    }
}

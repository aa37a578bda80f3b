//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// First byte and remaining length: how every packet begins (section 2.1).
public struct FixedHeader: Equatable, Sendable {
    /// The type in the upper half of the first byte.
    public let type: PacketType
    /// The lower half of the first byte.
    public let flags: UInt8
    /// Bytes of the fixed header itself, 2 to 5.
    public let headerLength: Int
    /// Bytes that follow the fixed header, 0 to 268 435 455.
    public let remainingLength: Int

    /// Bytes of the whole packet.
    @inlinable
    public var totalLength: Int { headerLength &+ remainingLength }

    /// Puts a header together; ``decode(_:at:)`` makes one from bytes.
    @inlinable
    public init(type: PacketType, flags: UInt8, headerLength: Int, remainingLength: Int) {
        self.type = type
        self.flags = flags
        self.headerLength = headerLength
        self.remainingLength = remainingLength
    }

    /// Reads the fixed header of the packet that starts at an offset.
    ///
    /// PUBLISH may have any flags here: ``PublishHeader`` judges them.
    /// - Parameters:
    ///   - bytes: what has arrived so far
    ///   - offset: where the packet starts, not negative
    ///   - version: the version of the connection; MQTT 3.1 lets a client repeat SUBSCRIBE, UNSUBSCRIBE and PUBREL
    ///     with DUP (its section 2.1)
    /// - Returns: the header, or nil when more bytes are needed
    /// - Throws: `malformedPacket` for packet type 0, for reserved flags that are not as the standard says
    ///   [MQTT-2.1.3-1], for a remaining length of more than four bytes, and for one that is longer than it needs to be
    ///   [MQTT-1.5.5-1].
    @inlinable
    public static func decode(
        _ bytes: RawSpan,
        at offset: Int,
        version: ProtocolVersion = .v5
    ) throws(MQTTError) -> FixedHeader? {
        let count = bytes.byteCount
        guard offset >= 0, offset < count else { return nil }
        let first = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        guard let type = PacketType(rawValue: first >> 4) else { throw .malformed("packet type 0") }
        let flags = first & 0x0F
        guard type == .publish || flags == type.reservedFlags || version == .v3_1 && type.isRepetition(flags)
        else { throw .malformed("reserved flags of the packet") }
        var position = offset &+ 1
        var length = 0
        var shift = 0
        while shift < 28 {
            guard position < count else { return nil }
            let byte = bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            position &+= 1
            length |= Int(byte & 0x7F) &<< shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0 else { throw .malformed("remaining length is not in its shortest form") }
                return FixedHeader(type: type, flags: flags, headerLength: position &- offset, remainingLength: length)
            }
            shift &+= 7
        }
        throw .malformed("remaining length has more than four bytes")
    }
}

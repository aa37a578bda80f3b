//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

// Reading the data types of section 1.5 from a span. Everywhere `0 <= position <= end <= byteCount` holds on entry and
// on exit, so `end - position` cannot overflow; what does not fit before `end` is a malformed packet.
extension RawSpan {
    /// One byte.
    @inline(__always)
    func mqttByte(at position: inout Int, before end: Int) throws(MQTTError) -> UInt8 {
        guard end - position >= 1 else { throw .malformed("packet ends inside a byte field") }
        let value = unsafeLoad(fromByteOffset: position, as: UInt8.self)
        position += 1
        return value
    }

    /// Two bytes, most significant first (section 1.5.2).
    @inline(__always)
    func mqttUInt16(at position: inout Int, before end: Int) throws(MQTTError) -> UInt16 {
        guard end - position >= 2 else { throw .malformed("packet ends inside a two byte integer") }
        let value = unsafeLoadUnaligned(fromByteOffset: position, as: UInt16.self)
        position += 2
        return UInt16(bigEndian: value)
    }

    /// Four bytes, most significant first (section 1.5.3).
    func mqttUInt32(at position: inout Int, before end: Int) throws(MQTTError) -> UInt32 {
        guard end - position >= 4 else { throw .malformed("packet ends inside a four byte integer") }
        let value = unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self)
        position += 4
        return UInt32(bigEndian: value)
    }

    /// One to four bytes of seven bits each, least significant first, in the shortest form (section 1.5.5).
    @inline(__always)
    func mqttVariableInteger(at position: inout Int, before end: Int) throws(MQTTError) -> Int {
        var value = 0
        var shift = 0
        while shift < 28 {
            guard position < end else { throw .malformed("packet ends inside a variable byte integer") }
            let byte = unsafeLoad(fromByteOffset: position, as: UInt8.self)
            position += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0 else {
                    throw .malformed("variable byte integer is not in its shortest form")
                }
                return value
            }
            shift += 7
        }
        throw .malformed("variable byte integer has more than four bytes")
    }

    /// A UTF-8 string with its two bytes of length (section 1.5.4), checked and stepped over.
    func mqttString(at position: inout Int, before end: Int) throws(MQTTError) -> UTF8Rules.Finding {
        let length = Int(try mqttUInt16(at: &position, before: end))
        guard length <= end - position else { throw .malformed("string ends after the packet") }
        let finding = UTF8Rules.scan(extracting(position..<(position + length)))
        guard finding != .malformed else { throw .malformed("string is not valid UTF-8") }
        position += length
        return finding
    }
}

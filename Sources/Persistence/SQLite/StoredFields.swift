//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if SQLite
    import MQTTCodec
    import NIOCore

    /// Subscription identifiers as a blob: four bytes each, the most significant first.
    enum StoredIdentifiers {
        static func encode(_ identifiers: [UInt32]) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(identifiers.count * 4)
            for identifier in identifiers {
                withUnsafeBytes(of: identifier.bigEndian) { bytes.append(contentsOf: $0) }
            }
            return bytes
        }

        /// nil: the blob was not made by ``encode(_:)``.
        static func decode(_ bytes: UnsafeRawBufferPointer) -> [UInt32]? {
            guard bytes.count % 4 == 0 else { return nil }
            return stride(from: 0, to: bytes.count, by: 4).map {
                UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
            }
        }
    }

    /// The properties of a will as a blob: as they are in CONNECT, their length in front.
    enum StoredWill {
        static func encode(_ properties: Properties) -> [UInt8] {
            var buffer = ByteBuffer()
            // They came out of a packet, or were checked before the will was taken, so they can be encoded.
            guard (try? properties.encode(into: &buffer)) != nil else { return [0] }
            return Array(buffer.readableBytesView)
        }

        /// nil: the blob was not made by ``encode(_:)``.
        static func decode(_ bytes: UnsafeRawBufferPointer) -> Properties? {
            var buffer = ByteBuffer(bytes: bytes)
            return try? Properties.decode(from: &buffer, in: .will)
        }
    }

    extension Properties {
        /// Whether these bytes are properties that a message may carry on, without their length in front.
        static func areForwarded(_ bytes: UnsafeRawBufferPointer) -> Bool {
            guard bytes.count > 0 else { return true }
            var buffer = ByteBuffer()
            buffer.writeMQTTVariableInteger(bytes.count)
            buffer.writeBytes(bytes)
            return (try? Properties.decode(from: &buffer, in: .publish)) != nil
        }
    }

#endif

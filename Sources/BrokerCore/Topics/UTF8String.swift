//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A string that is compared and hashed byte by byte.
///
/// Swift's `String` equates canonically equivalent texts ("é" as one scalar or as two). MQTT does not: client
/// identifiers and topics are UTF-8 bytes, and the broker may not normalise them [MQTT-4.7.3-4].
package struct UTF8String: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    init(decoding bytes: UnsafeRawBufferPointer) {
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        let hashed: Void? = self.text.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if hashed == nil {
            for byte in self.text.utf8 { hasher.combine(byte) }
        }
    }

    package var description: String { self.text }
}

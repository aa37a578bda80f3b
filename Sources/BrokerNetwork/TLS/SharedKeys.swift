//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import NIOSSL

    /// Pre-shared keys by identity, from a file with lines of `identity:hexadecimal key`.
    struct SharedKeys: Sendable {
        /// What the TLS library takes, in bytes.
        private static let maximumIdentity = 128
        private static let maximumKey = 256

        private struct Unknown: Error {}

        private var keys: [String: [UInt8]] = [:]

        /// - Throws: ``ListenerError``, which names the line, not what is in it.
        init(_ bytes: [UInt8], file: String) throws(ListenerError) {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ListenerError("\(file): is not UTF-8")
            }
            let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
                // The key has no colon; an identity may.
                guard let colon = line.lastIndex(of: ":"), colon > line.startIndex,
                    let key = Self.key(line[line.index(after: colon)...])
                else { throw ListenerError("\(file):\(index + 1): expected identity:hexadecimal key") }
                let identity = String(line[..<colon])
                guard identity.utf8.count <= Self.maximumIdentity, key.count <= Self.maximumKey else {
                    throw ListenerError("\(file):\(index + 1): is too long")
                }
                guard self.keys.updateValue(key, forKey: identity) == nil else {
                    throw ListenerError("\(file):\(index + 1): this identity has a key already")
                }
            }
            guard !self.keys.isEmpty else { throw ListenerError("\(file): holds no key") }
        }

        private static func key(_ digits: Substring) -> [UInt8]? {
            var bytes: [UInt8] = []
            var rest = digits.utf8[...]
            while let high = rest.popFirst() {
                guard let low = rest.popFirst(), let high = Self.digit(high), let low = Self.digit(low) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            }
            return bytes.isEmpty ? nil : bytes
        }

        private static func digit(_ byte: UInt8) -> UInt8? {
            Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
        }

        /// The key that a client has asked for.
        func answer(_ request: PSKServerContext) throws -> PSKServerIdentityResponse {
            guard let key = self.keys[request.clientIdentity] else { throw Unknown() }
            SharedKeySlot.leave(request.clientIdentity)
            return PSKServerIdentityResponse(key: NIOSSLSecureBytes(key))
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if JWT
    import FoundationEssentials

    /// A token's parts (RFC 7515, section 7.1), not checked yet.
    struct TokenText: Sendable {
        let payload: Data
        let signature: Data
        /// What the signature is over: the first two parts as they were sent.
        let signed: Data

        /// Whether bytes have the form of a token: three parts of base64url, of which only the signature may be empty.
        static func isLike(_ bytes: some Sequence<UInt8>) -> Bool {
            var part = 0
            var length = 0
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "."):
                    guard part < 2, length > 0 else { return false }
                    part += 1
                    length = 0
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    length += 1
                default: return false
                }
            }
            return part == 2
        }

        /// The first part, decoded; nil: it is not base64url.
        static func header(of bytes: [UInt8]) -> Data? {
            Self.decode(bytes.prefix { $0 != UInt8(ascii: ".") })
        }

        /// nil: it has not three parts, or one of them is not base64url.
        init?(_ bytes: [UInt8]) {
            let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 3, let payload = Self.decode(parts[1]), let signature = Self.decode(parts[2]) else {
                return nil
            }
            self.payload = payload
            self.signature = signature
            self.signed = Data(bytes[..<parts[1].endIndex])
        }

        private static func decode(_ part: ArraySlice<UInt8>) -> Data? {
            var base64 = Data(capacity: part.count + 3)
            for byte in part {
                switch byte {
                case UInt8(ascii: "-"): base64.append(UInt8(ascii: "+"))
                case UInt8(ascii: "_"): base64.append(UInt8(ascii: "/"))
                case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
                default: base64.append(byte)
                }
            }
            while base64.count % 4 != 0 { base64.append(UInt8(ascii: "=")) }
            return Data(base64Encoded: base64)
        }
    }

    /// What we need of a token's header.
    struct TokenHeader: Decodable, Sendable {
        private enum CodingKeys: String, CodingKey {
            case algorithm = "alg"
            case keyIdentifier = "kid"
            case critical = "crit"
        }

        let algorithm: String
        let keyIdentifier: String?
        /// Whether it names extensions that have to be understood (RFC 7515, section 4.1.11): we know none.
        let isCritical: Bool

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.algorithm = try container.decode(String.self, forKey: .algorithm)
            self.keyIdentifier = try container.decodeIfPresent(String.self, forKey: .keyIdentifier)
            self.isCritical = container.contains(.critical)
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    extension [UInt8] {
        /// Appends bytes so that they are one value in a form or a query: all but the unreserved characters of RFC
        /// 3986, section 2.3, are percent-encoded, the space too.
        mutating func appendPercentEncoded(_ bytes: [UInt8]) {
            self.reserveCapacity(self.count + bytes.count)
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "~"):
                    self.append(byte)
                default:
                    self.append(UInt8(ascii: "%"))
                    self.append(Self.hexadecimalDigit(byte >> 4))
                    self.append(Self.hexadecimalDigit(byte & 0xF))
                }
            }
        }

        /// Appends bytes as a string of JSON (RFC 8259, section 7).
        /// - Returns: false, and what was appended is of no use, if the bytes are no UTF-8
        mutating func appendJSONString(_ bytes: [UInt8]) -> Bool {
            guard String(validating: bytes, as: UTF8.self) != nil else { return false }
            self.reserveCapacity(self.count + bytes.count + 2)
            self.append(UInt8(ascii: "\""))
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                    self.append(UInt8(ascii: "\\"))
                    self.append(byte)
                case 0..<0x20:
                    self += Array("\\u00".utf8)
                    self.append(Self.hexadecimalDigit(byte >> 4))
                    self.append(Self.hexadecimalDigit(byte & 0xF))
                default: self.append(byte)
                }
            }
            self.append(UInt8(ascii: "\""))
            return true
        }

        private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
            value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + (value & 0xF) - 10
        }
    }
#endif

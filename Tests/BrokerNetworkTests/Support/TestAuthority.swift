//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import Crypto
    import CryptoExtras
    import Foundation
    import NIOSSL
    import SwiftASN1
    import X509

    /// An authority that signs certificates for as long as a test takes.
    struct TestAuthority {
        let key = P256.Signing.PrivateKey()
        let certificate: Certificate
        let name: DistinguishedName

        init(_ commonName: String) throws {
            self.name = try DistinguishedName { CommonName(commonName) }
            self.certificate = try Self.certificate(
                self.name,
                self.key.publicKey,
                serial: 1,
                issuer: self.name,
                signedBy: self.key,
                Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                }
            )
        }

        func pem() throws -> String { try self.certificate.serializeAsPEM().pemString }

        /// A certificate and its key.
        struct Issued {
            let certificate: Certificate
            let key: P256.Signing.PrivateKey

            func pem() throws -> String { try self.certificate.serializeAsPEM().pemString }
            var keyPEM: String { self.key.pemRepresentation }
        }

        func issue(_ commonName: String, serial: Int = 2) throws -> Issued {
            try self.issue(DistinguishedName { CommonName(commonName) }, serial: serial)
        }

        func issue(_ subject: DistinguishedName, serial: Int = 2) throws -> Issued {
            let key = P256.Signing.PrivateKey()
            let certificate = try Self.certificate(
                subject,
                key.publicKey,
                serial: serial,
                issuer: self.name,
                signedBy: self.key,
                Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    SubjectAlternativeNames([.dnsName("localhost")])
                }
            )
            return Issued(certificate: certificate, key: key)
        }

        private static func certificate(
            _ subject: DistinguishedName,
            _ key: P256.Signing.PublicKey,
            serial: Int,
            issuer: DistinguishedName,
            signedBy issuerKey: P256.Signing.PrivateKey,
            _ extensions: Certificate.Extensions
        ) throws -> Certificate {
            try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(serial),
                publicKey: Certificate.PublicKey(key),
                notValidBefore: Date.now - 3600,
                notValidAfter: Date.now + 3600,
                issuer: issuer,
                subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: extensions,
                issuerPrivateKey: Certificate.PrivateKey(issuerKey)
            )
        }

        // MARK: Revocation

        /// A revocation list in DER.
        ///
        /// - Parameter extensions: as they stand in the list, encoded.
        func revocationList(_ serials: [Int], until end: Date = .now + 3600, extensions: [UInt8] = []) throws -> [UInt8]
        {
            let algorithm = DER.sequence(DER.identifier([1, 2, 840, 10045, 4, 3, 2]))
            var issuer = SwiftASN1.DER.Serializer()
            try issuer.serialize(self.name)
            let entries = serials.map { DER.sequence(DER.integer($0), DER.time(.now - 60)) }.flatMap(\.self)
            let body = DER.sequence(
                DER.integer(1),
                algorithm,
                issuer.serializedBytes,
                DER.time(.now - 60),
                DER.time(end),
                entries.isEmpty ? [] : DER.sequence(entries),
                extensions.isEmpty ? [] : DER.node(0xA0, DER.sequence(extensions))
            )
            let signature = try self.key.signature(for: body).derRepresentation
            return DER.sequence(body, algorithm, DER.node(0x03, [0] + Array(signature)))
        }
    }

    extension TestAuthority.Issued {
        /// The key, encrypted with a password (PKCS #8, PBES2).
        func encryptedKeyPEM(_ password: String) throws -> String {
            let salt: [UInt8] = Array(1...16)
            let vector: [UInt8] = Array(17...32)
            let key = try KDF.Insecure.PBKDF2.deriveKey(
                from: Array(password.utf8),
                salt: salt,
                using: .insecureSHA1,
                outputByteCount: 32,
                unsafeUncheckedRounds: 1000
            )
            let encrypted = try AES._CBC.encrypt(
                self.key.derRepresentation,
                using: key,
                iv: AES._CBC.IV(ivBytes: vector)
            )
            let derivation = DER.sequence(
                DER.identifier([1, 2, 840, 113_549, 1, 5, 12]),
                DER.sequence(DER.node(0x04, salt), DER.integer(1000))
            )
            let cipher = DER.sequence(DER.identifier([2, 16, 840, 1, 101, 3, 4, 1, 42]), DER.node(0x04, vector))
            let scheme = DER.sequence(
                DER.identifier([1, 2, 840, 113_549, 1, 5, 13]),
                DER.sequence(derivation, cipher)
            )
            let bytes = DER.sequence(scheme, DER.node(0x04, Array(encrypted)))
            return PEMDocument(type: "ENCRYPTED PRIVATE KEY", derBytes: bytes).pemString
        }
    }

    /// A little of the encoding that certificates are in.
    enum DER {
        static func node(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
            let length: [UInt8] =
                switch content.count {
                case ..<128: [UInt8(content.count)]
                case ..<256: [0x81, UInt8(content.count)]
                default: [0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)]
                }
            return [tag] + length + content
        }

        static func sequence(_ parts: [UInt8]...) -> [UInt8] { self.node(0x30, parts.flatMap(\.self)) }

        static func integer(_ value: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            var rest = value
            repeat {
                bytes.insert(UInt8(rest & 0xFF), at: 0)
                rest >>= 8
            } while rest > 0
            return self.node(0x02, (bytes[0] & 0x80 == 0 ? [] : [0]) + bytes)
        }

        static func identifier(_ numbers: [Int]) -> [UInt8] {
            var bytes = [UInt8(numbers[0] * 40 + numbers[1])]
            for number in numbers.dropFirst(2) {
                var groups = [UInt8(number & 0x7F)]
                var rest = number >> 7
                while rest > 0 {
                    groups.insert(UInt8(rest & 0x7F) | 0x80, at: 0)
                    rest >>= 7
                }
                bytes += groups
            }
            return self.node(0x06, bytes)
        }

        static func time(_ date: Date) -> [UInt8] {
            var time = time_t(date.timeIntervalSince1970)
            var parts = tm()
            gmtime_r(&time, &parts)
            let numbers = [
                parts.tm_year % 100, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
            ]
            let text = numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined() + "Z"
            return self.node(0x17, Array(text.utf8))
        }
    }
#endif

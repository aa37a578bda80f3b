//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import SwiftASN1
    import X509

    /// One revocation list as its authority has signed it.
    struct RevocationList {
        let issuer: DistinguishedName
        /// Without leading zeros.
        let serials: Set<ArraySlice<UInt8>>
        /// When the next one comes out, in seconds since 1970; nil: it does not say.
        let nextUpdate: Int64?
        private let signed: ArraySlice<UInt8>
        private let algorithm: ASN1ObjectIdentifier
        private let signature: ArraySlice<UInt8>

        private static let algorithms: [ASN1ObjectIdentifier: Certificate.SignatureAlgorithm] = [
            [1, 2, 840, 113_549, 1, 1, 11]: .sha256WithRSAEncryption,
            [1, 2, 840, 113_549, 1, 1, 12]: .sha384WithRSAEncryption,
            [1, 2, 840, 113_549, 1, 1, 13]: .sha512WithRSAEncryption,
            [1, 2, 840, 10_045, 4, 3, 2]: .ecdsaWithSHA256,
            [1, 2, 840, 10_045, 4, 3, 3]: .ecdsaWithSHA384,
            [1, 2, 840, 10_045, 4, 3, 4]: .ecdsaWithSHA512,
            [1, 3, 101, 112]: .ed25519,
        ]

        /// - Throws: when it is not a list, or one of a form that is not supported: a difference to another list, or
        ///   one for others than its issuer's certificates.
        init(derEncoded bytes: [UInt8]) throws {
            let parts = try DER.sequence(try DER.parse(bytes), identifier: .sequence) { nodes in
                guard let body = nodes.next(), let algorithm = nodes.next() else { throw Self.malformed }
                return (body, algorithm, try ASN1BitString(derEncoded: &nodes))
            }
            self.signed = parts.0.encodedBytes
            self.algorithm = try Self.identifier(parts.1)
            guard parts.2.paddingBits == 0 else { throw Self.malformed }
            self.signature = parts.2.bytes
            (self.issuer, self.nextUpdate, self.serials) = try DER.sequence(parts.0, identifier: .sequence) { nodes in
                guard var node = nodes.next() else { throw Self.malformed }
                if node.identifier == .integer {
                    guard let next = nodes.next() else { throw Self.malformed }
                    node = next
                }
                _ = try Self.identifier(node)
                guard let issuer = nodes.next(), let thisUpdate = nodes.next() else { throw Self.malformed }
                _ = try Self.seconds(thisUpdate)
                var nextUpdate: Int64?
                var serials: Set<ArraySlice<UInt8>> = []
                while let node = nodes.next() {
                    switch node.identifier {
                    case .utcTime, .generalizedTime: nextUpdate = try Self.seconds(node)
                    case .sequence: serials = try Self.serials(node)
                    default: try Self.checkExtensions(explicit: node)
                    }
                }
                return (try DistinguishedName(derEncoded: issuer), nextUpdate, serials)
            }
        }

        private static let malformed = ListenerError("is no revocation list")

        /// Whether this authority has signed it.
        func isSigned(by authority: Certificate) -> Bool {
            guard let algorithm = Self.algorithms[self.algorithm] else { return false }
            if let usage = try? authority.extensions.keyUsage, !usage.cRLSign { return false }
            return authority.publicKey.isValidSignature(
                self.signature,
                for: self.signed,
                signatureAlgorithm: algorithm
            )
        }

        private static func identifier(_ node: ASN1Node) throws -> ASN1ObjectIdentifier {
            try DER.sequence(node, identifier: .sequence) { nodes in
                let identifier = try ASN1ObjectIdentifier(derEncoded: &nodes)
                while nodes.next() != nil {}
                return identifier
            }
        }

        private static func serials(_ node: ASN1Node) throws -> Set<ArraySlice<UInt8>> {
            guard case .constructed(let entries) = node.content else { throw self.malformed }
            var serials: Set<ArraySlice<UInt8>> = []
            for entry in entries {
                let serial = try DER.sequence(entry, identifier: .sequence) { nodes in
                    guard let number = nodes.next(), number.identifier == .integer,
                        case .primitive(let bytes) = number.content, nodes.next() != nil
                    else { throw self.malformed }
                    if let extensions = nodes.next() { try self.checkExtensions(extensions) }
                    return bytes
                }
                serials.insert(serial.drop { $0 == 0 })
            }
            return serials
        }

        private static func checkExtensions(explicit node: ASN1Node) throws {
            guard node.identifier == ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific),
                case .constructed(let inner) = node.content
            else { throw self.malformed }
            for node in inner { try self.checkExtensions(node) }
        }

        /// A critical extension changes what the list means, and none of those is understood here.
        private static func checkExtensions(_ node: ASN1Node) throws {
            guard case .constructed(let extensions) = node.content else { throw self.malformed }
            for entry in extensions {
                try DER.sequence(entry, identifier: .sequence) { nodes in
                    _ = try ASN1ObjectIdentifier(derEncoded: &nodes)
                    while let part = nodes.next() {
                        guard part.identifier == .boolean, try Bool(derEncoded: part) else { continue }
                        throw ListenerError("is a revocation list of a form that is not supported")
                    }
                }
            }
        }

        private static func seconds(_ node: ASN1Node) throws -> Int64 {
            if node.identifier == .utcTime {
                let time = try UTCTime(derEncoded: node)
                return self.seconds(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
            }
            let time = try GeneralizedTime(derEncoded: node)
            return self.seconds(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
        }

        /// Seconds since 1970; the parts have been checked where they were read.
        private static func seconds(
            _ year: Int,
            _ month: Int,
            _ day: Int,
            _ hour: Int,
            _ minute: Int,
            _ second: Int
        )
            -> Int64
        {
            // Years begin in March, so that the leap day is the last.
            let years = month > 2 ? year : year - 1
            let months = (month + 9) % 12
            let days = 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 719_469
            return ((Int64(days) * 24 + Int64(hour)) * 60 + Int64(minute)) * 60 + Int64(second)
        }
    }
#endif

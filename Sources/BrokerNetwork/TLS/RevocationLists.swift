//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import SwiftASN1
    import X509

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// The certificates that authorities have taken back (RFC 5280, section 5).
    struct RevocationLists: Sendable {
        private struct Entry {
            var serials: Set<ArraySlice<UInt8>>
            var nextUpdate: Int64?
        }

        private var byIssuer: [DistinguishedName: Entry] = [:]

        /// - Parameters:
        ///   - bytes: PEM, any number of lists, or DER, one.
        ///   - authorities: who may have signed them.
        /// - Throws: ``ListenerError``: a list that cannot be read or that none of the authorities has signed.
        init(_ bytes: [UInt8], file: String, authorities: [Certificate]) throws(ListenerError) {
            for encoded in try Self.lists(bytes, file) {
                let list: RevocationList
                do {
                    list = try RevocationList(derEncoded: encoded)
                } catch let error as ListenerError {
                    throw ListenerError("\(file): \(error.description)")
                } catch {
                    throw ListenerError("\(file): is no revocation list")
                }
                let issuers = authorities.filter { $0.subject == list.issuer }
                guard !issuers.isEmpty else {
                    throw ListenerError("\(file): its issuer \(list.issuer) is none of the authorities")
                }
                guard issuers.contains(where: list.isSigned) else {
                    throw ListenerError("\(file): is not signed by \(list.issuer)")
                }
                self.add(list)
            }
        }

        private static func lists(_ bytes: [UInt8], _ file: String) throws(ListenerError) -> [[UInt8]] {
            guard bytes.firstRange(of: Array("-----BEGIN".utf8)) != nil else { return [bytes] }
            let documents: [PEMDocument]
            do {
                documents = try PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw ListenerError("\(file): is no revocation list")
            }
            let lists = documents.filter { $0.discriminator == "X509 CRL" }.map(\.derBytes)
            guard !lists.isEmpty else { throw ListenerError("\(file): is no revocation list") }
            return lists
        }

        private mutating func add(_ list: RevocationList) {
            guard var entry = self.byIssuer[list.issuer] else {
                self.byIssuer[list.issuer] = Entry(serials: list.serials, nextUpdate: list.nextUpdate)
                return
            }
            entry.serials.formUnion(list.serials)
            // The newest list says how long they hold.
            entry.nextUpdate = list.nextUpdate.flatMap { next in entry.nextUpdate.map { max($0, next) } }
            self.byIssuer[list.issuer] = entry
        }

        /// - Parameter now: seconds since 1970.
        /// - Throws: ``ListenerError`` when the certificate is revoked, or when nobody can say.
        func check(_ certificate: Certificate, now: Int64 = Int64(time(nil))) throws(ListenerError) {
            guard let entry = self.byIssuer[certificate.issuer] else {
                throw ListenerError("no revocation list of the client's authority")
            }
            if let next = entry.nextUpdate, next < now {
                throw ListenerError("the revocation list of the client's authority is outdated")
            }
            let serial = certificate.serialNumber.bytes.drop { $0 == 0 }
            guard !entry.serials.contains(serial) else { throw ListenerError("the client's certificate is revoked") }
        }
    }
#endif

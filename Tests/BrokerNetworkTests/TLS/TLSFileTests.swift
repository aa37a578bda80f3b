//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if TLS
    import BrokerCore
    import NIOSSL
    import Testing

    @testable import BrokerNetwork

    /// What is wrong with a TLS listener's files, in words.
    @Suite struct TLSFileTests {
        private let fixture: TLSFixture

        init() throws {
            self.fixture = try TLSFixture()
        }

        /// The error without the folder's path; nil: there is none.
        private func error(_ change: (inout TLSSettings) throws -> Void) throws -> String? {
            let settings = try self.fixture.settings(change)
            do throws(ListenerError) {
                _ = try TLSContext(settings, for: .tls)
                return nil
            } catch {
                return error.description.replacing(self.fixture.folder.path + "/", with: "")
            }
        }

        @Test func certificateAndKey() throws {
            #expect(try self.error { _ in } == nil)
            #expect(try self.error { $0.certificateFile = nil } == "a certificate file is needed")
            #expect(try self.error { $0.keyFile = nil } == "server.pem: its key file is needed")
            #expect(
                try self.error { $0.certificateFile = self.fixture.path("none.pem") }
                    == "none.pem: cannot be read: No such file or directory"
            )
            #expect(
                try self.error { $0.certificateFile = self.fixture.path("server.key") }
                    == "server.key: holds no certificate in PEM form"
            )
            #expect(
                try self.error { $0.keyFile = self.fixture.path("server.pem") }
                    == "server.pem: holds no private key in PEM form"
            )
            try self.fixture.folder.write("other.key", self.fixture.authority.issue("other").keyPEM)
            #expect(
                try self.error { $0.keyFile = self.fixture.path("other.key") }
                    == "other.key: is not the key of the certificate in server.pem"
            )
            try self.fixture.folder.write("empty.pem", "")
            #expect(
                try self.error { $0.certificateFile = self.fixture.path("empty.pem") }
                    == "empty.pem: holds no certificate in PEM form"
            )
        }

        @Test func encryptedKey() throws {
            let issued = try self.fixture.authority.issue("localhost")
            try self.fixture.folder.write("own.pem", issued.pem())
            try self.fixture.folder.write("own.key", issued.encryptedKeyPEM("secret word"))
            func error(_ password: String?) throws -> String? {
                try self.error {
                    $0.certificateFile = self.fixture.path("own.pem")
                    $0.keyFile = self.fixture.path("own.key")
                    $0.keyPassword = password
                }
            }
            #expect(try error("secret word") == nil)
            #expect(try error(nil) == "own.key: is encrypted, its password is needed")
            #expect(try error("wrong") == "own.key: its password is not right")
            #expect(try error("") == "own.key: its password is not right")
        }

        @Test func authorities() throws {
            func error(_ file: String?, _ directory: String? = nil) throws -> String? {
                try self.error {
                    $0.clientCertificate = .required
                    $0.authorityFile = file.map(self.fixture.path)
                    $0.authorityDirectory = directory.map(self.fixture.path)
                }
            }
            #expect(try error("ca.pem") == nil)
            #expect(try error(nil) == "client certificates need an authority file or directory")
            #expect(try error("server.key") == "server.key: holds no certificate in PEM form")
            #expect(try error(nil, "nowhere") == "nowhere: cannot be read: No such file or directory")
            try self.fixture.folder.write("empty/readme", "nothing here")
            #expect(try error(nil, "empty") == "empty: holds no certificate in PEM form")
        }

        @Test func revocationLists() throws {
            let authority = self.fixture.authority
            func error(_ list: [UInt8]) throws -> String? {
                let file = try self.fixture.folder.write("crl", list)
                return try self.error {
                    $0.clientCertificate = .required
                    $0.authorityFile = self.fixture.path("ca.pem")
                    $0.revocationFile = file
                }
            }
            let good = try authority.revocationList([1, 2, 3])
            #expect(try error(good) == nil)
            #expect(try error([]) == "crl: is no revocation list")
            #expect(try error(Array("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".utf8)) != nil)
            #expect(try error(Array(self.fixture.authority.pem().utf8)) == "crl: is no revocation list")
            // Not one byte may be missing or other than it was.
            for length in 0..<good.count {
                #expect(throws: ListenerError.self) {
                    try RevocationLists(Array(good.prefix(length)), file: "crl", authorities: [authority.certificate])
                }
            }
            for index in good.indices {
                var bad = good
                bad[index] ^= 0x01
                #expect(throws: ListenerError.self, "byte \(index)") {
                    try RevocationLists(bad, file: "crl", authorities: [authority.certificate])
                }
            }
            let stranger = try TestAuthority("Stranger").revocationList([1])
            #expect(try error(stranger) == "crl: its issuer CN=Stranger is none of the authorities")
            let twin = try TestAuthority("Test Authority").revocationList([1])
            #expect(try error(twin) == "crl: is not signed by CN=Test Authority")
            // A list of differences only, and one with an extension that changes nothing.
            let number = DER.sequence(DER.identifier([2, 5, 29, 20]), DER.node(0x04, DER.integer(1)))
            let delta = DER.sequence(
                DER.identifier([2, 5, 29, 27]),
                DER.node(0x01, [0xFF]),
                DER.node(0x04, DER.integer(1))
            )
            #expect(try error(authority.revocationList([1], extensions: number)) == nil)
            #expect(
                try error(authority.revocationList([1], extensions: delta))
                    == "crl: is a revocation list of a form that is not supported"
            )
        }

        @Test(arguments: [
            ("", "psk: holds no key"), ("# nothing", "psk: holds no key"), ("a:00", nil), ("a:0", "psk:1: "),
            ("a:0g", "psk:1: "), ("a:", "psk:1: "), (":00", "psk:1: "), ("b:00\na", "psk:2: "),
            ("a:00\na:11", "psk:2: this identity has a key already"),
            ("a:" + String(repeating: "00", count: 257), "psk:1: is too long"),
            (String(repeating: "a", count: 129) + ":00", "psk:1: is too long"),
        ])
        func sharedKeys(text: String, expected: String?) throws {
            let file = try self.fixture.folder.write("psk", text)
            let error = try self.error { $0.pskFile = file }
            if let expected { #expect(error?.hasPrefix(expected) == true) } else { #expect(error == nil) }
        }

        @Test func versions() throws {
            #expect(
                try self.error {
                    $0.minimumVersion = .v1_3
                    $0.maximumVersion = .v1_2
                } == "TLS 1.3 is asked for at least, and 1.2 at most"
            )
            let file = try self.fixture.folder.write("psk", "a:00")
            #expect(
                try self.error {
                    $0.pskFile = file
                    $0.minimumVersion = .v1_3
                } == "TLS 1.3 is asked for at least, and 1.2 at most"
            )
        }

        /// The TLS library would end the process over a list without a cipher that it knows.
        @Test(arguments: [
            ("ECDHE-ECDSA-AES128-GCM-SHA256", nil), ("HIGH:!aNULL:!MD5:!PSK", nil), ("ALL", nil), ("DEFAULT", nil),
            ("TLS_AES_128_GCM_SHA256", nil), ("TLS_AES_128_GCM_SHA256:AES128-SHA", nil), ("HIGH, !AES128", nil),
            ("", "the list of ciphers leaves none"), ("AES128-SHA:!AES128-SHA", "the list of ciphers leaves none"),
            ("NULL-MD5", "unknown cipher NULL-MD5"), ("ECDHE", "unknown cipher ECDHE"),
        ])
        func ciphers(list: String, expected: String?) throws {
            #expect(try self.error { $0.ciphers = list } == expected)
        }

        /// Each name alone is known to the TLS library.
        @Test func everyCipher() throws {
            for name in try CipherList.choose("ALL", withSharedKeys: true).split(separator: ":") {
                #expect(try self.error { $0.ciphers = String(name) } == nil)
            }
            #expect(try CipherList.choose("ALL", withSharedKeys: true).split(separator: ":").count >= 19)
        }
    }
#endif

//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Testing

@testable import AccessControl

@Suite struct PasswordHashTests {
    /// Made by mosquitto_passwd 2.0.11.
    static let foreign = [
        (
            "correct horse",
            "$7$101$kjCLur99+eFwFH43$adNwM6MpQA/iUJDDDaYuY/t1WHrE0rB9uWMl4vfIQ0Cewmdn5yzlNEs2a/Ml3FE9Ps12x0DG6Yj700ZZTOaRUQ=="
        ),
        (
            "p:ä#",
            "$7$101$viOi3LfbdzX728n9$1UosRD75SX3clab2SBOPYp3xqmwxsV0v4goZpHASs5D6U4xee9nSyKsUowd4KRbEZ3NVqVOuBgI4XIOdIdKiVg=="
        ),
        (
            "wonderland",
            "$6$dP7PZzxb+WfHuwH+$C28oAHus9KMXT9UrselyKPSK3uDFBX4zbCA2/6n29fpOWHd2SvJXVQ/RtmTurSqF9UHAOOCWlmC/PCWV3Oyhqw=="
        ),
    ]

    @Test(arguments: Self.foreign)
    func verifiesWhatMosquittoWrote(_ password: String, _ text: String) throws {
        let hash = try PasswordHash(parsing: text)
        #expect(hash.text == text)
        #expect(hash.verify(Array(password.utf8)))
        for wrong in ["", "x", password + "x", String(password.dropLast()), password.uppercased()] {
            #expect(!hash.verify(Array(wrong.utf8)))
        }
    }

    /// The inputs of RFC 6070's second vector, which is for SHA-1; the key was computed with Python's hashlib.
    @Test func derivesAKnownKey() {
        let hash = PasswordHash.make(Array("password".utf8), iterations: 2, salt: Array("salt".utf8))
        let expected =
            "$7$2$c2FsdA==$4dnBaqaBcIpF9cfE4hXOtm4BGi6fAEBxPxiu/bhm1Tz3bKsoaKObn3hA7c5P71qCvmczXHemBo4EESdU8nzPTg=="
        #expect(hash.text == expected)
    }

    @Test func makesAndVerifies() throws {
        let password = Array("s3cret".utf8)
        let hash = PasswordHash.make(password, iterations: 7)
        #expect(hash.verify(password))
        #expect(!hash.verify(Array("s3creT".utf8)))
        #expect(hash != PasswordHash.make(password, iterations: 7))
        #expect(try PasswordHash(parsing: hash.text) == hash)
        guard case .pbkdf2(let iterations, let salt, let digest) = PasswordHash.make(password, iterations: -1) else {
            Issue.record("another scheme")
            return
        }
        #expect(iterations == 1 && salt.count == 12 && digest.count == 64)
    }

    @Test(arguments: [
        ("", PasswordFormatError.unknownScheme), ("plain", .unknownScheme), ("$", .unknownScheme),
        ("$5$a$b", .unknownScheme), ("$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA", .unknownScheme),
        ("$2b$12$abcdefghijklmnopqrstuv", .unknownScheme), ("$7$", .malformed), ("$7$1$2", .malformed),
        ("$7$x$AAAA$AAAA", .malformed), ("$7$0$AAAA$AAAA", .malformed), ("$7$-1$AAAA$AAAA", .malformed),
        ("$7$99999999999999999999$AAAA$AAAA", .malformed), ("$7$1000001$AAAA$AAAA", .tooManyIterations),
        ("$7$1$$AAAA", .malformed), ("$7$1$AAAA$", .malformed), ("$7$1$AAAA$AAAA", .malformed),
        ("$7$1$A?AA$AAAA", .malformed), ("$6$AAAA", .malformed), ("$6$AAAA$AAAA$AAAA", .malformed),
    ])
    func refuses(_ text: String, _ expected: PasswordFormatError) {
        #expect(throws: expected) { try PasswordHash(parsing: text) }
    }

    // MARK: Records

    @Test func recordsTellPlainFromHashed() throws {
        #expect(try PasswordRecord(parsing: "plain").description == "plain")
        #expect(try PasswordRecord(parsing: "$ecret").description == "plain")
        #expect(try PasswordRecord(parsing: "$$x").description == "plain")
        #expect(try PasswordRecord(parsing: "$a b$").description == "plain")
        #expect(try PasswordRecord(parsing: Self.foreign[0].1).isSlow)
        #expect(throws: PasswordFormatError.empty) { try PasswordRecord(parsing: "") }
        #expect(throws: PasswordFormatError.unknownScheme) { try PasswordRecord(parsing: "$2b$12$abc") }
    }

    @Test func plainRecordsVerify() throws {
        let record = try PasswordRecord(plain: "$7$1$2")
        #expect(record.verify(Array("$7$1$2".utf8)))
        for wrong in ["", "$7$1$", "$7$1$2\u{0}", "$7$1$3"] { #expect(!record.verify(Array(wrong.utf8))) }
        // Bytes, not characters.
        #expect(try !PasswordRecord(plain: "\u{E9}").verify(Array("e\u{301}".utf8)))
    }

    @Test func recordsPrintNoPassword() throws {
        let plain = try PasswordRecord(plain: "hunter2")
        let hashed = try PasswordRecord(parsing: Self.foreign[0].1)
        var text = "\(plain) \(hashed) \(String(reflecting: ["u": plain])) \(String(describing: [hashed]))"
        dump([plain, hashed], to: &text)
        #expect(!text.contains("hunter2") && !text.contains("adNwM6") && !text.contains("104"))
    }

    // MARK: Base64

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("\u{3FF}\u{3E}", "z78+"),
    ])
    func base64GoesBothWays(_ plain: String, _ text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.decode(text.utf8) == Array(plain.utf8))
    }

    @Test(arguments: ["A", "AA", "AAA", "A===", "====", "AA=A", "=AAA", "AA==AAAA", "A A=", "AAA\n", "AA-_", "AAAAA"])
    func base64Refuses(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}

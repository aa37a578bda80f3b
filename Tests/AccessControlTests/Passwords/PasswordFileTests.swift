//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage
import Testing

@testable import AccessControl

@Suite struct PasswordFileTests {
    private func parse(_ text: String) throws -> [String: PasswordRecord] {
        try PasswordFile.parse(Array(text.utf8), file: "pw")
    }

    @Test func readsPlainAndHashed() throws {
        let (password, hash) = PasswordHashTests.foreign[0]
        let users = try self.parse("# users\n\nalice:\(hash)\r\nbob:pa:ss word \n  \ncarol:x")
        #expect(users.keys.sorted() == ["alice", "bob", "carol"])
        #expect(users["alice"]?.verify(Array(password.utf8)) == true)
        #expect(users["bob"]?.verify(Array("pa:ss word ".utf8)) == true)
        #expect(users["carol"]?.verify(Array("x".utf8)) == true)
    }

    @Test(arguments: [
        ("", PasswordFileError.Problem.noUsers, Int?.none),
        ("\n# nobody\n", .noUsers, nil),
        ("a:b\nmallory\n", .noColon, 2),
        ("a:b\n:x\n", .invalidUserName, 2),
        ("a:\n", .password(.empty), 1),
        ("a:b\nc:d\na:e\n", .duplicateUser, 3),
        ("\n\na:$7$1$2\n", .password(.malformed), 3),
        ("a:$2b$12$abc\n", .password(.unknownScheme), 1),
        ("a\u{0}b:c\n", .invalidUserName, 1),
    ])
    func refuses(_ text: String, _ problem: PasswordFileError.Problem, _ line: Int?) {
        #expect(throws: PasswordFileError(problem, file: "pw", line: line)) { try self.parse(text) }
    }

    @Test func errorsNameThePlaceAndNoSecret() throws {
        let error = #expect(throws: PasswordFileError.self) { try self.parse("a:b\nuser:$7$1$hunter2\n") }
        #expect(error?.description == "pw:2: the password's hash is malformed")
        #expect(throws: PasswordFileError(.notText, file: "pw")) {
            try PasswordFile.parse([0x61, 0x3A, 0xFF], file: "pw")
        }
    }

    @Test func aFileThatIsNotThereIsAnError() {
        let error = #expect(throws: PasswordFileError.self) { try PasswordFile(reading: "/nonexistent/pw") }
        #expect(error?.problem == .system(.noSuchFileOrDirectory))
        #expect(throws: PasswordFileError.self) { try PasswordFile(reading: "/") }
    }
}

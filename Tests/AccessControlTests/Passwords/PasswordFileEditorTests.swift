//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import RegularFile
import SystemPackage
import Testing

@testable import AccessControl

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

@Suite final class PasswordFileEditorTests {
    private let folder: FilePath
    private var path: FilePath { self.folder.appending("passwd") }
    private var editor: PasswordFileEditor { PasswordFileEditor(self.path) }

    init() throws {
        var template = Array("/tmp/nanomq-passwd-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkdtemp($0) != nil } ?? false }
        try #require(made)
        self.folder = FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    deinit {
        for name in ["passwd", "link"] { _ = self.folder.appending(name).withPlatformString { unlink($0) } }
        // It fails if a draft was left behind, which a test looks for.
        _ = self.folder.withPlatformString { rmdir($0) }
    }

    private func write(_ text: String, permissions: FilePermissions = .ownerReadWrite) throws {
        let file = try FileDescriptor.open(
            self.path,
            .writeOnly,
            options: [.create, .truncate],
            permissions: permissions
        )
        try file.closeAfter {
            guard fchmod(file.rawValue, permissions.rawValue) == 0 else { throw Errno(rawValue: errno) }
            try file.writeAll(Array(text.utf8))
        }
    }

    private func text() throws -> String {
        String(decoding: try PasswordFile.contents(of: self.path).bytes, as: UTF8.self)
    }

    private func permissions() throws -> FilePermissions { try self.path.stat().permissions }

    @Test func makesAFileForItsOwnerAlone() throws {
        #expect(try self.editor.add("alice", password: Array("a".utf8), iterations: 3) == .added)
        #expect(try self.permissions() == .ownerReadWrite)
        #expect(try self.editor.add("bob", password: Array("b".utf8), iterations: 3) == .added)
        #expect(try self.editor.list() == ["alice", "bob"])
        let file = try PasswordFile(reading: self.path)
        #expect(file.users["alice"]?.verify(Array("a".utf8)) == true)
        #expect(file.users["bob"]?.verify(Array("a".utf8)) == false)
        #expect(!file.isReadableByOthers)
    }

    @Test func leavesTheOtherLinesAlone() throws {
        try self.write("# head\n\nalice:old\r\nbob:plain\nalice:twice\nbroken line")
        #expect(try self.editor.add("alice", password: Array("new".utf8), iterations: 3) == .changed)
        var lines = try self.text().split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        #expect(lines.count == 6)
        #expect(lines[2].utf8.starts(with: "alice:$7$3$".utf8))
        lines[2] = "alice"
        #expect(lines == ["# head", "", "alice", "bob:plain", "broken line", ""])
        try self.editor.remove("alice")
        #expect(try self.text() == "# head\n\nbob:plain\nbroken line\n")
    }

    @Test func closesAFileToOthersAndKeepsTheGroup() throws {
        try self.write("a:b\n", permissions: [.ownerReadWrite, .groupRead, .otherRead])
        #expect(try PasswordFile(reading: self.path).isReadableByOthers)
        _ = try self.editor.add("c", password: [1], iterations: 1)
        #expect(try self.permissions() == [.ownerReadWrite, .groupRead])
    }

    @Test func followsALinkAndLeavesIt() throws {
        try self.write("a:b\n")
        let link = self.folder.appending("link")
        let isLinked = link.withPlatformString { link in self.path.withPlatformString { symlink($0, link) } } == 0
        try #require(isLinked)
        try PasswordFileEditor(link).remove("a")
        #expect(try self.text() == "")
        var status = stat()
        #expect(link.withPlatformString { lstat($0, &status) } == 0)
        #expect(status.st_mode & S_IFMT == S_IFLNK)
    }

    @Test(arguments: ["", "a:b", "a\nb", "#a", " ", "a\u{0}", "a\r"])
    func refusesNamesThatCannotStandInAFile(_ name: String) throws {
        let error = #expect(throws: PasswordFileError.self) { try self.editor.add(name, password: [1], iterations: 1) }
        #expect(error?.problem == .invalidUserName)
    }

    @Test func refusals() throws {
        #expect(throws: PasswordFileError(.password(.empty), file: self.path.string)) {
            try self.editor.add("a", password: [])
        }
        #expect(throws: PasswordFileError(.system(.noSuchFileOrDirectory), file: self.path.string)) {
            try self.editor.remove("a")
        }
        #expect(throws: PasswordFileError.self) { try self.editor.list() }
        try self.write("a:b\n")
        #expect(throws: PasswordFileError(.unknownUser, file: self.path.string)) { try self.editor.remove("b") }
        // Neither the comment nor the prefix of a name is a user.
        #expect(throws: PasswordFileError.self) { try self.editor.remove("# a") }
        #expect(try self.text() == "a:b\n")
    }

    @Test func twoAtOnceLoseNothingAndLeaveNoDrafts() async throws {
        let editor = self.editor
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask { _ = try editor.add("u\(number)", password: [1], iterations: 1) }
            }
            try await group.waitForAll()
        }
        #expect(Set(try editor.list()) == Set((0..<16).map { "u\($0)" }))
        let removed = self.path.withPlatformString { unlink($0) } == 0
        #expect(removed)
        #expect(self.folder.withPlatformString { rmdir($0) } == 0)
    }
}

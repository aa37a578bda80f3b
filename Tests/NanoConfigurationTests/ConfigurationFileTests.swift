//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import NanoMQ
import SystemPackage
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Configuration files")
struct ConfigurationFileTests {
    /// A directory which is there for one test.
    private final class Folder {
        let path: FilePath

        init() throws {
            var template = Array("/tmp/nanomq-configuration-XXXXXX".utf8CString)
            let made = template.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
            }
            self.path = FilePath(try #require(made))
        }

        deinit {
            for name in ["nanomq.conf", "users.conf", "rules.conf", "old.conf"] {
                unlink(self.path.appending(name).string)
            }
            rmdir(self.path.string)
        }

        @discardableResult
        func write(_ name: String, _ text: String, mode: FilePermissions = .ownerReadWrite) throws -> String {
            let file = self.path.appending(name)
            let descriptor = try FileDescriptor.open(
                file,
                .writeOnly,
                options: [.create, .truncate],
                permissions: mode
            )
            _ = try descriptor.closeAfter { try descriptor.writeAll(text.utf8) }
            return file.string
        }
    }

    private func load(
        _ choice: ConfigurationFile.Choice?,
        environment: [String: String] = [:]
    ) throws -> LoadedConfiguration {
        try ConfigurationFile.load(choice, environment: environment)
    }

    @Test("The file of the environment, else the one beside the executable, else the system's")
    func search() throws {
        let folder = try Folder()
        let executable = folder.path.appending("nanomq").string
        func find(_ environment: [String: String]) -> ConfigurationFile.Choice? {
            ConfigurationFile.find(environment: environment, executable: executable)
        }
        // What is in /etc of the machine which tests is not known.
        #expect(find([:])?.path ?? ConfigurationFile.systemPath == ConfigurationFile.systemPath)
        let beside = try folder.write("nanomq.conf", "")
        #expect(find([:]) == .hocon(beside))
        #expect(find(["NANOMQ_CONF_PATH": ""]) == .hocon(beside))
        #expect(find(["NANOMQ_CONF_PATH": "/nowhere/x.conf"]) == .hocon("/nowhere/x.conf"))
        #expect(throws: ConfigurationFileError.self) { try load(.hocon("/nowhere/x.conf")) }
    }

    @Test("The executable of this process is known")
    func executable() {
        #expect(ProcessEnvironment.executablePath?.contains("/") == true)
    }

    @Test("Without a file, the defaults hold, and a note says so")
    func none() throws {
        let loaded = try load(nil)
        #expect(loaded.configuration == NanoConfiguration())
        #expect(loaded.file == nil)
        #expect(loaded.notes.map(\.kind) == [.noFile])
    }

    @Test("A file with includes, the environment over it")
    func includes() throws {
        let folder = try Folder()
        try folder.write("users.conf", "alice = ${SESAME}")
        try folder.write("rules.conf", "rules = [{ permit = deny }]")
        let file = try folder.write(
            "nanomq.conf",
            """
            auth { password { include required("users.conf") }, acl.file = "rules.conf" }
            include "missing.conf"
            mqtt.max_mqueue_len = 5
            """
        )
        let loaded = try load(.hocon(file), environment: ["SESAME": "p", "NANOMQ_MSQ_LEN": "6"])
        #expect(loaded.configuration.auth.passwords == ["alice": Secret("p")])
        #expect(loaded.configuration.auth.rules.rules == [AccessRule(permit: .deny)])
        #expect(loaded.configuration.mqtt.maximumQueueLength == 6)
        #expect(
            loaded.warnings.map(\.description) == [
                "\(file):2:1: the file missing.conf is not there: nothing is included"
            ]
        )
        #expect(loaded.file == file)
        #expect(loaded.source(of: "auth.password").description == "\(file):1:17")
    }

    @Test("What cannot be read, or is no configuration, is an error which names the file")
    func errors() throws {
        let folder = try Folder()
        let file = try folder.write("nanomq.conf", "include \"users.conf\"\nauth.acl.file = \"rules.conf\"")
        func message() -> String? {
            do {
                _ = try load(.hocon(file))
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(message()?.contains("auth.acl.file: cannot be read: \(folder.path)/rules.conf") == true)
        try folder.write("rules.conf", "rules = [{ permit = x }]")
        #expect(message()?.hasPrefix("\(folder.path)/rules.conf:1:21: auth.acl.rules.permit: expected allow") == true)
        // A directory opens, but is not read.
        unlink("\(folder.path)/rules.conf")
        try folder.write("nanomq.conf", "include \".\"")
        #expect(message()?.contains("the file . cannot be included") == true)
        try folder.write("nanomq.conf", "mqtt {")
        #expect(message()?.hasPrefix("\(file):1:") == true)
    }

    @Test("The flat form")
    func old() throws {
        let folder = try Folder()
        let file = try folder.write("old.conf", "msq_len=7\nrule_option=ON\nmqs_len=8\n")
        let loaded = try load(.old(file))
        #expect(loaded.configuration.mqtt.maximumQueueLength == 7)
        #expect(loaded.warnings.count == 2)
        try folder.write("old.conf", "msq_len=x\n")
        let error = #expect(throws: ConfigurationFileError.self) { try load(.old(file)) }
        #expect(error?.description.hasPrefix("\(file):1:1: mqtt.max_mqueue_len") == true)
    }
}

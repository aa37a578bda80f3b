//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON
import NanoConfiguration
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("The documents about the configuration")
struct ReferenceTests {
    @Test("docs/configuration.md is what the definitions render")
    func reference() throws {
        // `make reference` writes it.
        if let path = getenv("WRITE_REFERENCE").map({ String(cString: $0) }) {
            let file = try #require(fopen(path, "w"))
            fputs(ConfigurationReference.markdown(), file)
            fclose(file)
        }
        let document = try read("docs/configuration.md")
        #expect(document == ConfigurationReference.markdown())
        #expect(ConfigurationKey.all.allSatisfy { document.contains("`\($0.path)`") })
    }

    @Test(
        "The samples load without a warning, and say the defaults",
        arguments: ["nanomq.conf", "nanomq_example.conf"]
    )
    func samples(name: String) throws {
        let loaded = try loadAll(try read("etc/" + name))
        #expect(loaded.configuration == NanoConfiguration())
        #expect(loaded.warnings.isEmpty && loaded.notes.isEmpty)
    }

    @Test("The example has every key, some behind a comment sign")
    func exampleIsWhole() throws {
        let lines = try read("etc/nanomq_example.conf").split(separator: "\n").map {
            $0.drop { $0 == " " || $0 == "#" }
        }
        for key in ConfigurationKey.all where key.hasEffect {
            let name = key.path.split(separator: ".").last ?? ""
            #expect(lines.contains { $0.hasPrefix("\(name) =") || $0.hasPrefix("\(name) {") }, "\(key.path)")
        }
    }

    @Test("The samples of users and rules load where nanomq.conf has room for them")
    func includes() throws {
        let text = """
            auth { allow_anonymous = false, password = { include required("nanomq_pwd.conf") }
              acl = { include required("nanomq_acl.conf") } }
            """
        let root = try HOCON.parse(text, file: "etc/x.conf") { request throws(HOCONError) in
            (try? read(request.path)).map { IncludedText(file: request.path, text: $0) }
        }
        let loaded = try NanoConfiguration.load(hocon: root)
        #expect(loaded.warnings.isEmpty)
        // Nobody should run a broker with a password that all the world can read.
        #expect(loaded.configuration.auth.passwords == [:])
        #expect(loaded.configuration.auth.rules.rules.last?.permit == .allow)
        #expect(loaded.configuration.auth.rules.rules.first?.subject == .userName("dashboard"))
    }

    @Test("No two definitions have the same path")
    func paths() {
        #expect(Set(ConfigurationKey.all.map(\.path)).count == ConfigurationKey.all.count)
    }

    /// Reads a file of the repository.
    private func read(_ path: String, from here: String = #filePath) throws -> String {
        let root = here.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let file = try #require(fopen(root + "/" + path, "r"), "\(path) cannot be opened")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

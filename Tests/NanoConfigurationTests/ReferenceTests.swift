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
        let document = try read("docs/configuration.md")
        #expect(document == ConfigurationReference.markdown())
        #expect(ConfigurationKey.all.allSatisfy { document.contains("`\($0.path)`") })
    }

    @Test("The sample loads without a warning and says the defaults")
    func sample() throws {
        let text = try read("etc/nanomq.conf")
        let (configuration, warnings) = try load(text)
        #expect(configuration == NanoConfiguration())
        #expect(warnings.isEmpty)
    }

    @Test("The sample has every key")
    func sampleIsWhole() throws {
        let root = try HOCON.parse(try read("etc/nanomq.conf"), file: "nanomq.conf")
        for key in ConfigurationKey.all where !key.path.contains("<") {
            let value = root.value(at: key.path.split(separator: ".").map(String.init))
            #expect(value != nil, "\(key.path)")
        }
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

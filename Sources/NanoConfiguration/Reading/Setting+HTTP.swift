//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

extension Setting {
    /// Reads the address of a web service.
    func url() throws(ConfigurationError) -> String {
        let expected = "a URL, http://host/path or https://host/path"
        let url = try text(expected, upTo: 2_048)
        guard let rest = ["http://", "https://"].lazy.compactMap(url.after(prefix:)).first,
            let first = rest.utf8.first, first != UInt8(ascii: "/"),
            url.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw error(.expected(expected)) }
        return url
    }

    /// Reads a method of HTTP, in small or capital letters.
    func method() throws(ConfigurationError) -> HTTPMethod {
        let expected = Format.words(HTTPMethod.self)
        guard let method = HTTPMethod(rawValue: try text(expected).lowercased()) else {
            throw error(.expected(expected))
        }
        return method
    }

    /// Reads the headers of a request.
    func headers() throws(ConfigurationError) -> [NanoConfiguration.NamedText] {
        try namedTexts { name in
            // A token, RFC 9110 section 5.6.2.
            !name.isEmpty
                && name.utf8.allSatisfy { byte in
                    let scalar = Unicode.Scalar(byte)
                    return scalar.properties.isAlphabetic && byte < 0x80
                        || "0123456789!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
        }
    }

    /// Reads the parameters of a request.
    func parameters() throws(ConfigurationError) -> [NanoConfiguration.NamedText] {
        try namedTexts { !$0.isEmpty }
    }

    private func namedTexts(
        _ isName: (String) -> Bool
    ) throws(ConfigurationError) -> [NanoConfiguration.NamedText] {
        var texts: [NanoConfiguration.NamedText] = []
        for member in try block().members {
            let child = self.member(member)
            guard isName(member.key) else { throw child.error(.expected("a name in front of it")) }
            let expected = "a text without control characters"
            let text = try child.read(expected) { value throws(HOCONError) in try value.string() }
            guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
                throw child.error(.expected(expected))
            }
            texts.append(NanoConfiguration.NamedText(member.key, text))
        }
        return texts
    }
}

extension String {
    /// What stands behind a prefix; `nil` if the text has another beginning.
    func after(prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}

extension Format {
    /// A URL, what may be a secret in it masked: name and password in front of the host, and the query.
    static func url(_ url: String) -> String {
        var shown = url
        if let query = shown.firstIndex(of: "?") { shown = shown[..<query] + "?" + Secret.mask }
        guard let start = shown.firstRange(of: "://")?.upperBound else { return string(shown) }
        let authority = shown[start...].prefix { $0 != "/" }
        if let sign = authority.lastIndex(of: "@") {
            shown = shown[..<start] + Secret.mask + shown[sign...]
        }
        return string(shown)
    }

    /// Named texts, masked unless one is known to be no secret.
    static func texts(
        _ texts: [NanoConfiguration.NamedText],
        isPublic: (NanoConfiguration.NamedText) -> Bool
    ) -> String {
        let members = texts.map { text in
            "\(string(text.name)) = \(string(isPublic(text) ? text.text.value : Secret.mask))"
        }
        return members.isEmpty ? "{}" : "{ " + members.joined(separator: ", ") + " }"
    }
}

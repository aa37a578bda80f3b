//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if HTTPAuthentication
    import NIOCore

    /// A request of the configuration, ready to be filled in.
    struct HTTPRequestTemplate: Sendable {
        /// A request as it goes out.
        struct Filled: Sendable, Hashable {
            let url: String
            let method: HTTPRequestSettings.Method
            let headers: [HTTPRequestSettings.Header]
            let body: [UInt8]
        }

        private enum Piece: Sendable {
            case text([UInt8])
            case placeholder(HTTPPlaceholder)
        }

        private struct Parameter: Sendable {
            let name: [UInt8]
            let pieces: [Piece]
        }

        let kind: HTTPRequestKind
        /// Scheme, host and port.
        let server: String
        private let url: String
        private let method: HTTPRequestSettings.Method
        private let headers: [HTTPRequestSettings.Header]
        private let parameters: [Parameter]
        private let isJSON: Bool

        /// Whether the topic, or what is to be done with it, is part of the request.
        var isAboutTopic: Bool {
            self.parameters.contains { parameter in
                parameter.pieces.contains {
                    switch $0 {
                    case .placeholder(.topic), .placeholder(.access): true
                    default: false
                    }
                }
            }
        }

        init(_ settings: HTTPRequestSettings, kind: HTTPRequestKind) throws(HTTPAccessError) {
            guard let server = Self.server(of: settings.url) else { throw .address(kind) }
            self.kind = kind
            self.server = server
            // A fragment is not sent.
            self.url = String(settings.url.prefix { $0 != "#" })
            self.method = settings.method
            var contentType = "application/x-www-form-urlencoded"
            var headers: [HTTPRequestSettings.Header] = []
            for header in settings.headers {
                guard Self.isAllowed(header) else { throw .header(kind, name: header.name) }
                if header.name.lowercased() == "content-type" {
                    contentType = header.value
                } else {
                    headers.append(header)
                }
            }
            let mediaType = contentType.prefix { $0 != ";" && $0 != " " }.lowercased()
            self.isJSON = mediaType == "application/json" && settings.method == .post
            if mediaType == "application/json", settings.method == .get {
                contentType = "application/x-www-form-urlencoded"
            }
            self.headers = headers + [.init("Content-Type", contentType)]
            var parameters: [Parameter] = []
            for parameter in settings.parameters {
                guard let pieces = Self.pieces(of: parameter.template) else {
                    throw .placeholder(kind, parameter: parameter.name)
                }
                parameters.append(Parameter(name: Array(parameter.name.utf8), pieces: pieces))
            }
            self.parameters = parameters
        }

        /// The request about someone; nil: a value cannot be written in its form.
        func filled(for subject: HTTPSubject) -> Filled? {
            var data: [UInt8] = []
            if self.isJSON { data.append(UInt8(ascii: "{")) }
            var isFirst = true
            for parameter in self.parameters {
                guard let value = Self.value(of: parameter, for: subject) else { continue }
                if !isFirst { data.append(UInt8(ascii: self.isJSON ? "," : "&")) }
                isFirst = false
                if self.isJSON {
                    guard data.appendJSONString(parameter.name) else { return nil }
                    data.append(UInt8(ascii: ":"))
                    guard data.appendJSONString(value) else { return nil }
                } else {
                    data.appendPercentEncoded(parameter.name)
                    data.append(UInt8(ascii: "="))
                    data.appendPercentEncoded(value)
                }
            }
            if self.isJSON { data.append(UInt8(ascii: "}")) }
            guard self.method == .get else {
                return Filled(url: self.url, method: .post, headers: self.headers, body: data)
            }
            var url = self.url
            if !data.isEmpty {
                url += (url.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + String(decoding: data, as: UTF8.self)
            }
            return Filled(url: url, method: .get, headers: self.headers, body: [])
        }

        /// nil: one of its placeholders has no value.
        private static func value(of parameter: Parameter, for subject: HTTPSubject) -> [UInt8]? {
            var value: [UInt8] = []
            for piece in parameter.pieces {
                switch piece {
                case .text(let text): value += text
                case .placeholder(let placeholder):
                    guard let bytes = subject.value(of: placeholder) else { return nil }
                    value += bytes
                }
            }
            return value
        }

        /// A template in pieces; nil: it has a placeholder that does not exist.
        private static func pieces(of template: String) -> [Piece]? {
            var pieces: [Piece] = []
            var text: [UInt8] = []
            var rest = template.unicodeScalars[...]
            while let scalar = rest.popFirst() {
                guard scalar == "%" else {
                    text += Array(String(scalar).utf8)
                    continue
                }
                guard let next = rest.popFirst() else { return nil }
                if next == "%" {
                    text.append(UInt8(ascii: "%"))
                } else if let placeholder = HTTPPlaceholder(rawValue: Character(next)) {
                    if !text.isEmpty { pieces.append(.text(text)) }
                    text = []
                    pieces.append(.placeholder(placeholder))
                } else {
                    return nil
                }
            }
            if !text.isEmpty { pieces.append(.text(text)) }
            return pieces
        }

        /// Scheme, host and port of an address; nil: it is none that we ask.
        private static func server(of url: String) -> String? {
            let lowercased = url.lowercased()
            guard let scheme = ["http://", "https://"].first(where: { lowercased.hasPrefix($0) }) else { return nil }
            guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
            let authority = lowercased.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            guard let first = authority.first, first != ":", !authority.contains("@") else { return nil }
            // A port, if there is one, is a number; the colons of an IPv6 address are within brackets.
            let afterHost = first == "[" ? authority.drop { $0 != "]" }.dropFirst() : authority.drop { $0 != ":" }
            if first == "[", !authority.contains("]") { return nil }
            guard afterHost.isEmpty || afterHost.first == ":" && UInt16(afterHost.dropFirst()) ?? 0 > 0 else {
                return nil
            }
            return scheme + authority
        }

        /// Whether a header of the configuration can be sent as it is (RFC 9110, section 5).
        private static func isAllowed(_ header: HTTPRequestSettings.Header) -> Bool {
            let isToken = header.name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
            guard isToken, !header.name.isEmpty else { return false }
            guard header.value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else { return false }
            return !["content-length", "transfer-encoding", "connection", "upgrade"].contains(header.name.lowercased())
        }
    }
#endif

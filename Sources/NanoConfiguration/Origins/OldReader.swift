//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// Puts the lines of a flat file into the tree of the same configuration.
struct OldReader {
    private(set) var root: HOCONObject
    private(set) var findings = Findings()
    private let file: String

    /// `auth.N.login` and `auth.N.password`, by the number.
    private var users: [Int: (login: HOCONValue?, password: HOCONValue?)] = [:]
    private var usersAreOff = false
    /// `acl.rule.N`, by the number.
    private var rules: [Int: HOCONValue] = [:]
    private var webSocketTLS: Bool?
    private var warned: Set<String> = []

    init(file: String) {
        self.file = file
        self.root = HOCONObject(at: SourceLocation(file: file, line: 1, column: 1))
    }

    /// Reads one line.
    mutating func read(_ line: Substring, number: Int) throws(ConfigurationError) {
        let content = line.drop(while: \.isWhitespace)
        guard let first = content.first, first != "#" else { return }
        let column = line.unicodeScalars.count - content.unicodeScalars.count + 1
        let location = SourceLocation(file: file, line: number, column: column)
        guard let sign = content.firstIndex(of: "=") else {
            throw ConfigurationError(
                .expected("key=value, or # and a comment"),
                key: "--old_conf",
                source: .file(location)
            )
        }
        let key = String(content[..<sign].trimmed)
        let value = String(content[content.index(after: sign)...].trimmed)
        try take(key, HOCONValue(.string(value), at: location))
    }

    private mutating func take(_ key: String, _ value: HOCONValue) throws(ConfigurationError) {
        let setting = Setting(key: key, value: value)
        if let target = OldKey.known[key] {
            switch target {
            case .key(let path, let form):
                let content = try setting.content(form)
                root.set(path.split(separator: ".").map(String.init), HOCONValue(content, at: value.location))
            case .passwords: usersAreOff = try !setting.oldBoolean()
            case .webSocketTLS: webSocketTLS = try setting.oldBoolean()
            case .noEffect: findings.note(.noEffect, setting)
            }
        } else if let number = setting.number(after: "auth.", before: ".login") {
            guard users[number]?.login == nil else { throw setting.error(.duplicateNumber) }
            users[number, default: (nil, nil)].login = value
        } else if let number = setting.number(after: "auth.", before: ".password") {
            guard users[number]?.password == nil else { throw setting.error(.duplicateNumber) }
            users[number, default: (nil, nil)].password = value
        } else if let number = setting.number(after: "acl.rule.", before: "") {
            guard rules[number] == nil else { throw setting.error(.duplicateNumber) }
            rules[number] = value
        } else if try !takeHTTP(setting) {
            try warn(setting)
        }
    }

    /// `auth.http.*`, which has the names of the block `auth.http_auth`.
    private mutating func takeHTTP(_ setting: Setting) throws(ConfigurationError) -> Bool {
        guard let rest = setting.key.after(prefix: "auth.http.") else { return false }
        var path = ["auth", "http_auth"] + rest.split(separator: ".").map(String.init)
        if path.last == "params", case .string(let text) = setting.value.content {
            for pair in text.split(separator: ",") {
                let parts = pair.split(separator: "=", maxSplits: 1).map { String($0.trimmed) }
                guard parts.count == 2 else { throw setting.error(.expected("name=value,name=value")) }
                root.set(path + [parts[0]], HOCONValue(.string(parts[1]), at: setting.value.location))
            }
            return true
        }
        if let index = path.firstIndex(of: "headers"), path.count > index + 1 {
            path = path[...index] + [path[(index + 1)...].joined(separator: ".")]
        }
        root.set(path, setting.value)
        return true
    }

    /// A key of a feature that is still to come is told of once a feature; a feature that is switched off, not at all.
    /// A mistyped key of access control is an error, as it is in HOCON: without it the broker might be open to all.
    private mutating func warn(_ setting: Setting) throws(ConfigurationError) {
        for (prefix, name) in OldKey.future where setting.key.hasPrefix(prefix) {
            if setting.key == "\(prefix)enable" {
                if (try? setting.oldBoolean()) == false { warned.insert(name) }
            }
            guard warned.insert(name).inserted else { return }
            let feature = Setting(key: name, value: setting.value)
            return findings.warn(.notSupportedYet, feature)
        }
        let known = Array(OldKey.known.keys).sorted()
        let nearest = NearestKey.find(setting.key, among: known)
        guard !setting.key.hasPrefix("acl"), !setting.key.hasPrefix("auth") else {
            throw setting.error(.unknownAccessKey(nearest: nearest))
        }
        findings.warn(.unknownKey(nearest: nearest), setting)
    }

    /// Puts together what several lines say.
    mutating func finish() throws(ConfigurationError) {
        for (number, user) in users.sorted(by: { $0.key < $1.key }) {
            guard let login = user.login, let password = user.password, case .string(let name) = login.content else {
                let location = (user.login ?? user.password)?.location ?? root.location
                let other = user.login == nil ? "login" : "password"
                throw ConfigurationError(
                    .missing(expected: "auth.\(number).\(other)"),
                    key: "auth.\(number)",
                    source: .file(location)
                )
            }
            root.set(["auth", "password", name], password)
        }
        if usersAreOff {
            let location = users.values.compactMap(\.password).first?.location ?? root.location
            root.set(["auth", "password", "enable"], HOCONValue(.boolean(false), at: location))
        }
        if let first = rules.min(by: { $0.key < $1.key })?.value {
            let values = rules.sorted { $0.key < $1.key }.map(\.value)
            root.set(["auth", "acl", "rules"], HOCONValue(.array(values), at: first.location))
        }
        finishListeners()
        // Here the keys alone do not switch the database on, as the block in HOCON does.
        let isStored = ["sqlite", "enable"]
        if root["sqlite"] != nil, root.value(at: isStored) == nil {
            root.set(isStored, HOCONValue(.boolean(false), at: root.location))
        }
    }

    /// The flat form has one TCP listener, said or not. The original starts the secure WebSocket with TLS and WebSocket,
    /// unless a key says otherwise.
    private mutating func finishListeners() {
        if root["listeners"] != nil, root.value(at: ["listeners", "tcp"]) == nil {
            root.set(["listeners", "tcp"], HOCONValue(.object(HOCONObject(at: root.location)), at: root.location))
        }
        for kind in ["ssl", "ws"] where root.value(at: ["listeners", kind]) != nil && !isOn(kind) {
            root.set(["listeners", kind, "enable"], HOCONValue(.boolean(false), at: root.location))
        }
        guard let block = root.value(at: ["listeners", "wss"]) else { return }
        let isOn = webSocketTLS ?? (isOn("ssl") && isOn("ws"))
        root.set(["listeners", "wss", "enable"], HOCONValue(.boolean(isOn), at: block.location))
    }

    private func isOn(_ kind: String) -> Bool {
        let enable = root.value(at: ["listeners", kind, "enable"]).flatMap { try? $0.boolean() }
        // Without the key, the original has WebSocket on and TLS off.
        return enable ?? (kind == "ws" && root.value(at: ["listeners", kind]) != nil)
    }
}

extension StringProtocol {
    /// The text without white space around it.
    fileprivate var trimmed: SubSequence {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return start.prefix(0) }
        return start[...end]
    }
}

extension Setting {
    /// The number between two parts of the key.
    fileprivate func number(after prefix: String, before suffix: String) -> Int? {
        guard key.hasPrefix(prefix), key.hasSuffix(suffix) else { return nil }
        return Int(key.dropFirst(prefix.count).dropLast(suffix.count)).flatMap { $0 >= 0 ? $0 : nil }
    }
}

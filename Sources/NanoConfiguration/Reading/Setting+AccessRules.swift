//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// Reads rules of access. Whatever is not understood is an error: a rule that is dropped opens the broker.
extension Setting {
    /// Reads a list of rules, each an object, or a text which holds one.
    func accessRules() throws(ConfigurationError) -> [AccessRule] {
        var rules: [AccessRule] = []
        for element in try elements("a list of rules") { rules.append(try element.accessRule()) }
        return rules
    }

    private static let subjects = ["username", "clientid", "ipaddr", "ipaddrs", "and", "or"]

    private func accessRule() throws(ConfigurationError) -> AccessRule {
        let object = try ruleObject()
        var permit: AccessDecision?
        var rule = AccessRule(permit: .deny)
        var subjects: [AccessSubject] = []
        for member in object.members {
            let child = self.member(member)
            switch member.key {
            case "permit": permit = try child.choice()
            case "action": rule.action = try child.choice()
            case "topics": rule.topics = try child.topicFilters()
            case let key where Self.subjects.contains(key): subjects.append(try child.subject(key))
            default: throw unknown(member, among: ["permit", "action", "topics"] + Self.subjects)
            }
        }
        guard let permit else { throw error(.missing(expected: "permit = allow or permit = deny")) }
        // Whether two of them would mean both or one of them is for `and` and `or` to say.
        guard subjects.count <= 1 else {
            throw error(.expected("one of \(Self.subjects.joined(separator: ", ")); use and = [...] for several"))
        }
        rule.permit = permit
        rule.subject = subjects.first ?? .everyone
        return rule
    }

    /// A rule is an object, or JSON in a text as the original's flat files have it.
    private func ruleObject() throws(ConfigurationError) -> HOCONObject {
        guard case .string(let text) = value.content else {
            return try read("a rule { permit = ... }") { value throws(HOCONError) in try value.object() }
        }
        do throws(HOCONError) {
            return try HOCON.parse(text, file: value.location.file).placed(at: value.location)
        } catch {
            throw self.error(.syntax(error.problem))
        }
    }

    private func subject(_ key: String) throws(ConfigurationError) -> AccessSubject {
        switch key {
        case "username": return .userName(try text())
        case "clientid": return .clientID(try text())
        case "ipaddr": return .address(try network())
        case "ipaddrs":
            var addresses: [AccessSubject] = []
            for element in try elements("a list of addresses") { addresses.append(.address(try element.network())) }
            return .any(try some(addresses))
        case "and": return .all(try subjectList())
        default: return .any(try subjectList())
        }
    }

    /// Reads what stands behind `and` and `or`: a list of objects with one subject each.
    private func subjectList() throws(ConfigurationError) -> [AccessSubject] {
        var subjects: [AccessSubject] = []
        let expected = "a list of objects with one of \(Self.subjects.joined(separator: ", ")) each"
        for element in try read(expected, { value throws(HOCONError) in try value.array() }).map(element) {
            let object = try element.read(expected) { value throws(HOCONError) in try value.object() }
            guard let member = object.members.first, object.members.count == 1 else {
                throw element.error(.expected(expected))
            }
            guard Self.subjects.contains(member.key) else { throw unknown(member, among: Self.subjects) }
            subjects.append(try element.member(member).subject(member.key))
        }
        return try some(subjects)
    }

    /// An empty list would match nobody, or everybody: nobody can have meant it.
    private func some<Element>(_ elements: [Element]) throws(ConfigurationError) -> [Element] {
        guard !elements.isEmpty else { throw error(.expected("at least one in the list")) }
        return elements
    }

    private func network() throws(ConfigurationError) -> String {
        let expected = "an address such as 192.0.2.1 or 2001:db8::1, a network such as 192.0.2.0/24, or \"#\""
        let text = try text(expected)
        guard text == "#" || NetworkGrammar.isNetwork(text) else { throw error(.expected(expected)) }
        return text
    }

    private func topicFilters() throws(ConfigurationError) -> [String] {
        var filters: [String] = []
        for element in try elements("a list of topic filters") {
            let expected = "a topic filter, or @ and a literal one"
            let filter = try element.read(expected) { value throws(HOCONError) in try value.string() }
            guard Self.isTopicFilter(filter) else { throw element.error(.expected(expected)) }
            filters.append(filter)
        }
        return try some(filters)
    }

    /// Whether a text is a topic filter [MQTT-4.7.1-1, MQTT-4.7.1-2, MQTT-4.7.3-1, MQTT-4.7.3-2]. One that is not would
    /// never match.
    private static func isTopicFilter(_ text: String) -> Bool {
        let filter = text.hasPrefix("@") ? text.dropFirst() : text[...]
        guard (1...65_535).contains(filter.utf8.count), !filter.unicodeScalars.contains("\0") else { return false }
        let levels = filter.split(separator: "/", omittingEmptySubsequences: false)
        return levels.indices.allSatisfy { index in
            let level = levels[index]
            if level == "#" { return index == levels.indices.last }
            return level == "+" || !level.utf8.contains { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "+") }
        }
    }

    private func unknown(_ member: HOCONObject.Member, among known: [String]) -> ConfigurationError {
        let child = Setting(key: "\(key).\(member.key)", value: member.value, origins: origins)
        let nearest = NearestKey.find(child.key, among: known.map { "\(key).\($0)" })
        return ConfigurationError(.unknownAccessKey(nearest: nearest), key: child.key, source: child.source)
    }
}

extension HOCONObject {
    /// The same object as if all of it stood at one place: that of the text it was read from.
    fileprivate func placed(at location: SourceLocation) -> HOCONObject {
        var object = HOCONObject(at: location)
        for member in members {
            object.set(Member(key: member.key, keyLocation: location, value: member.value.placed(at: location)))
        }
        return object
    }
}

extension HOCONValue {
    fileprivate func placed(at location: SourceLocation) -> HOCONValue {
        switch content {
        case .object(let object): HOCONValue(.object(object.placed(at: location)), at: location)
        case .array(let values): HOCONValue(.array(values.map { $0.placed(at: location) }), at: location)
        default: HOCONValue(content, at: location)
        }
    }
}

extension Format {
    /// Rules as they would be written in the file, one a line.
    static func rules(_ rules: [AccessRule]) -> String {
        guard !rules.isEmpty else { return "[]" }
        return "[\n" + rules.map { "  \(rule($0))\n" }.joined() + "]"
    }

    private static func rule(_ rule: AccessRule) -> String {
        var members = ["permit = \(rule.permit.rawValue)"]
        if rule.subject != .everyone { members.append(subject(rule.subject)) }
        if rule.action != .all { members.append("action = \(rule.action.rawValue)") }
        if let topics = rule.topics { members.append("topics = \(list(topics))") }
        return "{ " + members.joined(separator: ", ") + " }"
    }

    private static func subject(_ subject: AccessSubject) -> String {
        switch subject {
        case .everyone: "username = \"#\""
        case .userName(let name): "username = \(string(name))"
        case .clientID(let identifier): "clientid = \(string(identifier))"
        case .address(let address): "ipaddr = \(string(address))"
        case .all(let subjects): "and = [" + subjects.map { "{ \(self.subject($0)) }" }.joined(separator: ", ") + "]"
        case .any(let subjects): "or = [" + subjects.map { "{ \(self.subject($0)) }" }.joined(separator: ", ") + "]"
        }
    }
}

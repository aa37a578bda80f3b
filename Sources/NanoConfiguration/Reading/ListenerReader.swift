//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// Reads the block `listeners`.
struct ListenerReader {
    private(set) var listeners: [Listener] = []
    private(set) var warnings: [ConfigurationWarning] = []

    mutating func read(_ setting: Setting) throws(ConfigurationError) {
        let block = try setting.block()
        for member in block.members {
            let key = "\(setting.key).\(member.key)"
            let kind = Setting(key: key, value: member.value)
            if member.key == "tcp" {
                try readTCP(kind)
            } else if FutureKey.listenerKinds.contains(member.key) {
                guard kind.isListenerSwitchedOff else { throw kind.error(.listenerUnavailable(kind: member.key)) }
                warnings.append(ConfigurationWarning(.notSupportedYet, key: key, at: member.keyLocation))
            } else {
                warnUnknown(member, key: key, known: ["tcp"] + FutureKey.listenerKinds)
            }
        }
        if listeners.isEmpty {
            warnings.append(ConfigurationWarning(.noListener, key: setting.key, at: setting.value.location))
        }
    }

    private mutating func readTCP(_ setting: Setting) throws(ConfigurationError) {
        let block = try setting.block()
        let isEnabled = try Self.isEnabled(block, key: setting.key)
        var named: [(Setting, Listener)] = []
        var unnamed: (Setting, Listener)?
        var hasNames = false
        for member in block.members where member.key != "enable" {
            let child = Setting(key: "\(setting.key).\(member.key)", value: member.value)
            if member.key == "bind" {
                unnamed = (child, try Self.listener("default", child))
            } else if case .object = member.value.content {
                hasNames = true
                if let listener = try readNamed(member.key, child) { named.append(listener) }
            } else {
                warnUnknown(member, key: child.key, known: ["bind", "enable"])
            }
        }
        guard isEnabled else { return }
        // A block with nothing but settings of its own means the listener without a name, at its default address.
        if unnamed == nil, !hasNames { unnamed = (setting, .standard) }
        for (setting, listener) in (unnamed.map { [$0] } ?? []) + named {
            try add(listener, setting)
        }
    }

    private mutating func readNamed(
        _ name: String,
        _ setting: Setting
    ) throws(ConfigurationError) -> (Setting, Listener)? {
        let block = try setting.block()
        for member in block.members where member.key != "bind" && member.key != "enable" {
            warnUnknown(member, key: "\(setting.key).\(member.key)", known: ["bind", "enable"])
        }
        let isEnabled = try Self.isEnabled(block, key: setting.key)
        guard let bind = block["bind"] else {
            if !isEnabled { return nil }
            throw setting.error(.missing(expected: "bind = \(Self.address)"))
        }
        let child = Setting(key: "\(setting.key).bind", value: bind)
        let listener = try Self.listener(name, child)
        return isEnabled ? (child, listener) : nil
    }

    private mutating func add(_ listener: Listener, _ setting: Setting) throws(ConfigurationError) {
        let other = listeners.first { $0.host == listener.host && $0.port == listener.port && $0.port != 0 }
        if let other { throw setting.error(.duplicateAddress(otherName: other.name)) }
        listeners.append(listener)
    }

    private mutating func warnUnknown(_ member: HOCONObject.Member, key: String, known: [String]) {
        let block = key.dropLast(member.key.count)
        let nearest = NearestKey.find(key, among: known.map { block + $0 })
        warnings.append(ConfigurationWarning(.unknownKey(nearest: nearest), key: key, at: member.keyLocation))
    }

    private static let address = #""host:port", "[IPv6]:port" or a port"#

    private static func isEnabled(_ block: HOCONObject, key: String) throws(ConfigurationError) -> Bool {
        guard let value = block["enable"] else { return true }
        return try Setting(key: "\(key).enable", value: value).read("true or false") { value throws(HOCONError) in
            try value.boolean()
        }
    }

    private static func listener(_ name: String, _ setting: Setting) throws(ConfigurationError) -> Listener {
        let expected = "an address, \(address)"
        let text = try setting.read(expected) { value throws(HOCONError) in try value.string() }
        guard let listener = Listener(name: name, address: text) else { throw setting.error(.expected(expected)) }
        return listener
    }
}

extension Setting {
    /// Whether a block of listeners says `enable = false`, for itself or in each of the named ones it consists of.
    fileprivate var isListenerSwitchedOff: Bool {
        if isSwitchedOff { return true }
        guard case .object(let object) = value.content, object["bind"] == nil, !object.members.isEmpty else {
            return false
        }
        return object.members.allSatisfy { Setting(key: key, value: $0.value).isSwitchedOff }
    }
}
